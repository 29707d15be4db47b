# SPDX-License-Identifier: Apache-2.0
"""The instance monitor with a real libvirtd and real QEMUs: what is reported, when, how often."""
import os
import re
import signal
import time

import pytest

from kit import guest
from kit.host import wait_until
from kit.monitoring import Monitoring


@pytest.fixture
def it(host):
    """A monitor that watches a host with one running guest, "vm"."""
    host.libvirtd_process = host.libvirtd()
    with Monitoring(host) as monitoring:
        monitoring.uuid = guest.new_uuid()
        host.start_guest(guest.firmware("vm", uuid=monitoring.uuid,
                                        devices=[guest.PANIC_DEVICE]))
        monitoring.start_api()
        monitoring.start_monitor()
        wait_remembered(monitoring)
        yield monitoring
        monitoring.stop_cleanly()


def wait_remembered(it):
    """Until the memory on disk has the guest."""
    memory = it.state / "running.json"
    wait_until(lambda: memory.exists() and it.uuid in memory.read_text(encoding="utf-8"), 60,
               "the memory to have the guest")


def settle(seconds=1.5):
    """Time for what must not happen."""
    time.sleep(seconds)


def is_down(host, name="vm"):
    return host.virsh("domstate", name) in ("shut off", "crashed")


def wait_attached(host, name="vm"):
    """Until a libvirtd that was restarted has the monitor of the QEMU again: a death before is a
    CONTROL_ERROR as well."""
    host.virsh("qemu-monitor-command", name, "--hmp", "info status")


def test_a_killed_qemu_is_reported_once(it, host):
    host.kill_guest("vm")
    post = it.wait_posts(1)[0]
    notification = post["body"]["notification"]
    settle()
    assert it.events() == ["STOPPED_FAILED"]
    assert post["path"] == "/v1/notifications"
    assert post["type"] == "application/json"
    assert list(post["body"]) == ["notification"]
    generated = notification.pop("generated_time")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", generated)
    assert notification == {
        "type": "VM", "hostname": "h1",
        "payload": {"event": "LIFECYCLE", "instance_uuid": it.uuid,
                    "vir_domain_event": "STOPPED_FAILED"}}
    wait_until(lambda: not it.spooled(), 60, "the spool to be empty")


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS])
def test_a_crashed_qemu_is_reported(it, host, number):
    os.kill(host.qemu_pid("vm"), number)
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_FAILED"]


def test_the_same_guest_twice_in_a_row(it, host):
    for count in (1, 2, 3):
        host.kill_guest("vm")
        it.wait_posts(count)
        wait_until(lambda: is_down(host), 60, "libvirt to notice")
        host.virsh("start", "vm")
        it.wait_log("watching QEMU", count=count + 1)
    settle()
    assert it.events() == ["STOPPED_FAILED"] * 3
    times = [post["body"]["notification"]["generated_time"] for post in it.posts()]
    assert times == sorted(set(times))


def test_many_guests_at_once(it, host):
    uuids = {}
    for i in range(5):
        uuids[f"vm{i}"] = guest.new_uuid()
        host.start_guest(guest.firmware(f"vm{i}", uuid=uuids[f"vm{i}"]))
    it.wait_log("watching QEMU", count=6)
    for name in uuids:
        os.kill(host.qemu_pid(name), signal.SIGKILL)
    it.wait_posts(5)
    settle()
    for uuid in uuids.values():
        assert it.events(uuid) == ["STOPPED_FAILED"]
    assert it.events(it.uuid) == []


def test_virsh_destroy_is_no_failure(it, host):
    host.virsh("destroy", "vm")
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_DESTROYED"]


def test_destroying_a_stuck_qemu_is_no_failure(it, host):
    """libvirt sends SIGKILL ten seconds after a SIGTERM that was not taken."""
    os.kill(host.qemu_pid("vm"), signal.SIGSTOP)
    host.run(["virsh", "destroy", "vm"])
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_DESTROYED"]


def test_sigterm_to_qemu_follows_libvirts_word(it, host):
    os.kill(host.qemu_pid("vm"), signal.SIGTERM)
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_SHUTDOWN"]


def test_a_guest_that_powers_off_is_no_failure(it, host):
    # ACPI: sleep enable in the PM1a control register, type 0 (S5 of QEMU's "pc").
    host.virsh("qemu-monitor-command", "vm", "--hmp", "o /h 0x604 0x2000")
    wait_until(it.life, 60, "the report")
    settle()
    assert it.life() == ["STOPPED_SHUTDOWN"]


def test_a_reset_is_reported_as_reboot_only(it, host):
    host.virsh("reset", "vm")
    it.wait_posts(1)
    settle()
    count = len(it.posts())  # libvirt has two events for one "virsh reset"
    assert {post["body"]["notification"]["payload"]["event"] for post in it.posts()} == {"REBOOT"}
    host.kill_guest("vm")
    it.wait_posts(count + 1)
    assert it.events()[count:] == ["STOPPED_FAILED"]


def test_pause_and_save_are_not_reported(it, host):
    host.virsh("suspend", "vm")
    host.virsh("resume", "vm")
    host.virsh("managedsave", "vm")
    host.virsh("start", "vm")
    it.wait_log("watching QEMU", count=2)
    settle()
    assert it.events() == []
    host.kill_guest("vm")
    it.wait_posts(1)
    assert it.events() == ["STOPPED_FAILED"]


def test_a_panic_is_one_report(it, host):
    host.virsh("qemu-monitor-command", "vm", "--hmp", "o /b 0x505 1")
    wait_until(it.life, 60, "the report")
    settle(2)
    assert it.life() == ["STOPPED_CRASHED"]


def test_a_panic_that_is_kept_is_reported(it, host):
    uuid = guest.new_uuid()
    xml = guest.firmware("kept", uuid=uuid, devices=[guest.PANIC_DEVICE])
    host.start_guest(xml.replace("<on_crash>destroy", "<on_crash>preserve"))
    it.wait_log("watching QEMU", count=2)
    host.virsh("qemu-monitor-command", "kept", "--hmp", "o /b 0x505 1")
    it.wait_posts(1)
    settle()
    assert it.events(uuid) == ["CRASHED_PANICKED"]


def test_a_transient_guest(it, host):
    uuid = guest.new_uuid()
    file = host.dir / "transient.xml"
    file.write_text(guest.firmware("passing", uuid=uuid), encoding="utf-8")
    host.virsh("create", str(file))
    it.wait_log("watching QEMU", count=2)
    host.kill_guest("passing")
    it.wait_posts(1)
    settle()
    assert it.events(uuid) == ["STOPPED_FAILED"]
    # Nothing of it is kept, and the next one of that name and uuid is as good as new.
    assert it.log().count(f"{uuid} (passing): nothing is left to watch") == 1
    host.virsh("create", str(file))
    it.wait_log("watching QEMU", count=3)
    host.kill_guest("passing")
    it.wait_posts(2)
    settle()
    assert it.events(uuid) == ["STOPPED_FAILED"] * 2
    assert it.log().count(f"{uuid} (passing): nothing is left to watch") == 2
    # A list of libvirt's in between, and a guest that stays: both are not disturbed.
    host.libvirtd_process.stop()
    host.libvirtd_process = host.libvirtd()
    it.wait_log("connected to libvirt at", count=2)
    wait_attached(host)
    host.kill_guest("vm")
    it.wait_posts(3)
    settle()
    assert it.events(it.uuid) == ["STOPPED_FAILED"]
    assert it.events(uuid) == ["STOPPED_FAILED"] * 2


def test_a_report_that_the_disk_refuses_is_not_forgotten(it, host):
    """The report finds no room, the memory would: kill -9 must not lose both."""
    it.api.kill()
    spool = it.state / "spool"
    aside = it.state / "aside"
    memory = (it.state / "running.json").read_bytes()
    spool.rename(aside)  # a directory that is gone refuses root as well
    host.kill_guest("vm")
    it.wait_log("is kept in memory and tried again")
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    settle()
    assert (it.state / "running.json").read_bytes() == memory
    it.monitor.kill()
    aside.rename(spool)
    assert not it.spooled()
    it.start_api()
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_FAILED"]
    wait_until(lambda: it.uuid not in (it.state / "running.json").read_text(encoding="utf-8"), 60,
               "the memory to follow")


# -- libvirtd away -------------------------------------------------------------------------------

def test_libvirtd_restarted_between_deaths(it, host):
    host.kill_guest("vm")
    it.wait_posts(1)
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    host.virsh("start", "vm")
    it.wait_log("watching QEMU", count=2)
    host.libvirtd_process.stop()
    it.wait_log("the connection to libvirt ended")
    host.libvirtd_process = host.libvirtd()
    it.wait_log("connected to libvirt at", count=2)
    wait_attached(host)
    host.kill_guest("vm")
    it.wait_posts(2)
    settle()
    assert it.events() == ["STOPPED_FAILED"] * 2


def test_a_death_while_libvirtd_is_stopped(it, host):
    host.libvirtd_process.stop()
    it.wait_log("the connection to libvirt ended")
    host.kill_guest("vm")
    it.wait_posts(1)
    host.libvirtd_process = host.libvirtd()
    it.wait_log("connected to libvirt at", count=2)
    settle()
    assert it.events() == ["STOPPED_FAILED"]


def test_an_order_while_libvirtd_is_stopped(it, host):
    """SIGTERM ends QEMU in order, and a libvirtd that was away calls it crashed."""
    host.libvirtd_process.stop()
    it.wait_log("the connection to libvirt ended")
    os.kill(host.qemu_pid("vm"), signal.SIGTERM)
    wait_until(lambda: host.qemu_pid("vm") is None, 60, "QEMU to end")
    host.libvirtd_process = host.libvirtd()
    it.wait_log("connected to libvirt at", count=2)
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_SHUTDOWN"]


def test_a_death_while_libvirtd_is_stuck(it, host):
    host.libvirtd_process.hang()
    host.kill_guest("vm")
    it.wait_posts(1)
    it.wait_log("keepalive", timeout=60)
    # A fresh connection to a stuck libvirtd hangs; the monitor must go on all the same.
    it.wait_log("is libvirtd stuck?", timeout=60)
    host.libvirtd_process.signal(signal.SIGCONT)
    it.wait_log("connected to libvirt at", count=2, timeout=60)
    settle()
    assert it.events() == ["STOPPED_FAILED"]
    host.virsh("start", "vm")
    it.wait_log("watching QEMU", count=2)


def test_started_before_libvirtd(host):
    with Monitoring(host) as it:
        it.start_api()
        it.start_monitor(connected=False)
        it.wait_log("connecting to libvirt")
        host.libvirtd()
        it.wait_log("connected to libvirt at")
        uuid = guest.new_uuid()
        host.start_guest(guest.firmware("vm", uuid=uuid))
        it.wait_log("watching QEMU")
        host.kill_guest("vm")
        it.wait_posts(1)
        assert it.events(uuid) == ["STOPPED_FAILED"]


# -- the monitor away ----------------------------------------------------------------------------

def test_a_death_while_the_monitor_is_dead(it, host):
    it.monitor.kill()
    host.kill_guest("vm")
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_FAILED"]
    it.monitor.kill()
    it.start_monitor()
    settle()
    assert it.events() == ["STOPPED_FAILED"]


def test_a_panic_that_is_kept_while_the_monitor_is_dead(it, host):
    uuid = guest.new_uuid()
    xml = guest.firmware("kept", uuid=uuid, devices=[guest.PANIC_DEVICE])
    host.start_guest(xml.replace("<on_crash>destroy", "<on_crash>preserve"))
    wait_until(lambda: uuid in (it.state / "running.json").read_text(encoding="utf-8"), 60,
               "the memory to have the guest")
    it.monitor.kill()
    host.virsh("qemu-monitor-command", "kept", "--hmp", "o /b 0x505 1")
    wait_until(lambda: is_down(host, "kept"), 60, "libvirt to notice")
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert it.events(uuid) == ["CRASHED_PANICKED"]


def test_a_death_while_monitor_and_libvirtd_are_dead(it, host):
    it.monitor.stop()
    host.libvirtd_process.kill()
    host.kill_guest("vm")
    host.libvirtd_process = host.libvirtd()
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_FAILED"]


def test_an_order_while_the_monitor_is_dead(it, host):
    it.monitor.stop()
    host.virsh("destroy", "vm")
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert it.events() == ["STOPPED_DESTROYED"]


@pytest.mark.parametrize("order, event", [("destroy", "STOPPED_DESTROYED"),
                                          ("kill", "STOPPED_FAILED")])
def test_libvirtd_forgot_the_reason(it, host, order, event):
    """After its restart libvirt says "unknown"; the domain's log still knows."""
    it.monitor.stop()
    if order == "destroy":
        host.virsh("destroy", "vm")
    else:
        host.kill_guest("vm")
        wait_until(lambda: is_down(host), 60, "libvirt to notice")
    host.libvirtd_process.stop()
    host.libvirtd_process = host.libvirtd()
    assert "unknown" in host.virsh("domstate", "vm", "--reason")
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert it.events() == [event]


def test_nobody_knows_the_reason(it, host):
    it.monitor.stop()
    host.virsh("destroy", "vm")
    host.run(["rm", "-f", "/var/log/libvirt/qemu/vm.log"])
    host.libvirtd_process.stop()
    host.libvirtd_process = host.libvirtd()
    it.start_monitor()
    it.wait_log("neither libvirt nor its log")
    settle()
    assert it.events() == []


def test_started_anew_while_the_monitor_was_dead(it, host):
    it.monitor.kill()
    host.kill_guest("vm")
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    host.virsh("start", "vm")
    it.start_monitor()
    it.wait_log("was started anew")
    settle()
    assert it.events() == []
    host.kill_guest("vm")
    it.wait_posts(1)
    assert it.events() == ["STOPPED_FAILED"]


@pytest.mark.parametrize("autostart, events", [(True, ["STOPPED_FAILED"]), (False, [])])
def test_the_first_start_of_all(host, autostart, events):
    """Without a memory, only a crashed domain that is to run with the host is reported."""
    host.libvirtd()
    uuid = guest.new_uuid()
    host.start_guest(guest.firmware("vm", uuid=uuid))
    host.start_guest(guest.firmware("ordered"))
    if autostart:
        host.virsh("autostart", "vm")
        host.virsh("autostart", "ordered")
    host.kill_guest("vm")
    host.virsh("destroy", "ordered")
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    with Monitoring(host) as it:
        it.start_api()
        it.start_monitor()
        if events:
            it.wait_posts(1)
        settle()
        assert it.events() == events


def test_a_memory_of_another_boot_is_not_used(it, host):
    it.monitor.stop()
    host.kill_guest("vm")
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    memory = it.state / "running.json"
    text = memory.read_text(encoding="utf-8")
    memory.write_text(re.sub(r'"boot_id": "[^"]*"', '"boot_id": "another"', text),
                      encoding="utf-8")
    it.start_monitor()
    it.wait_log("before the host was started")
    settle()
    assert it.events() == []


# -- the API away, with guests that die ----------------------------------------------------------

def test_deaths_while_the_api_is_down(it, host):
    uuids = [it.uuid]
    for i in range(3):
        uuids.append(guest.new_uuid())
        host.start_guest(guest.firmware(f"vm{i}", uuid=uuids[-1]))
    it.wait_log("watching QEMU", count=4)
    it.api.kill()
    for name in ("vm", "vm0", "vm1"):
        host.kill_guest(name)
    it.wait_log("STOPPED_FAILED", count=3)
    wait_until(lambda: len(it.spooled()) == 3, 60, "three reports on disk")
    it.monitor.kill()
    host.kill_guest("vm2")
    it.start_monitor()
    settle(3)
    assert it.posts() == []
    it.start_api()
    it.wait_posts(4, timeout=60)
    settle()
    for uuid in uuids:
        assert it.events(uuid) == ["STOPPED_FAILED"]
    wait_until(lambda: not it.spooled(), 60, "the spool to be empty")


def test_a_late_report_of_a_guest_that_runs_again_is_not_posted(it, host):
    it.api.kill()
    host.kill_guest("vm")
    it.wait_log("tried again until it succeeds")
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    host.virsh("start", "vm")
    it.wait_log("watching QEMU", count=2)
    it.start_api()
    it.wait_log("runs again: not posted", timeout=60)
    settle()
    assert it.events() == []


def test_a_conflict_is_posted_anew_while_it_is_down(it, host):
    it.mode("409 409 202")
    host.kill_guest("vm")
    posts = it.wait_posts(3)
    settle()
    assert it.events() == ["STOPPED_FAILED"] * 3
    times = [post["body"]["notification"]["generated_time"] for post in posts]
    assert times == sorted(set(times))
    assert posts[1]["t"] - posts[0]["t"] >= 0.5
    assert posts[2]["t"] - posts[1]["t"] >= 1


def test_a_conflict_is_not_posted_anew_once_it_runs(it, host):
    it.mode("409")
    host.kill_guest("vm")
    it.wait_posts(1)
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    host.virsh("start", "vm")
    it.wait_log("watching QEMU", count=2)
    settle(2)
    count = len(it.posts())
    settle(2)
    assert len(it.posts()) == count
    assert not it.spooled()


@pytest.mark.parametrize("delay_ms", [0, 2, 4, 6, 10, 30])
def test_the_monitor_is_killed_around_a_death(it, host, delay_ms):
    """kill -9 at each moment of the way: the death is reported, by this run or by the next."""
    host.kill_guest("vm")
    time.sleep(delay_ms / 1000)
    it.monitor.kill()
    wait_until(lambda: is_down(host), 60, "libvirt to notice")
    it.start_monitor()
    it.wait_posts(1)
    settle()
    assert set(it.events()) == {"STOPPED_FAILED"}
    assert len(it.posts()) <= 2  # a second one if the first was sent, but not yet remembered
    wait_until(lambda: not it.spooled(), 60, "the spool to be empty")


def test_a_qemu_that_libvirt_has_lost_is_no_failure(it, host):
    """libvirtd comes back without its state: the domain is unknown to it, and runs."""
    host.libvirtd_process.kill()
    it.wait_log("the connection to libvirt ended")
    for path in ("/run/libvirt/qemu/vm.xml", "/etc/libvirt/qemu/vm.xml"):
        host.run(["rm", "-f", path])
    host.libvirtd_process = host.libvirtd()
    it.wait_log("it is watched on")
    settle()
    assert it.events() == []
    host.kill_guest("vm")
    it.wait_posts(1)
    assert it.events() == ["STOPPED_FAILED"]
