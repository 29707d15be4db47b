# SPDX-License-Identifier: Apache-2.0
"""masakari-engine against a real libvirtd and real QEMU processes."""
import contextlib
import datetime
import os
import pathlib
import random
import signal
import sqlite3
import struct
import time

import pytest

from kit import guest
from kit.host import BUILD, Host, wait_until
from kit.services import Rest, Services

METRICS_PORT = 9542  # within the host
ENDS = ("finished", "ignored", "failed")


class Site:
    """A host with libvirtd, the API, and as many engines and guests as a test wants."""

    def __init__(self, name="h1"):
        self.host = Host(name)
        self.services = None
        self.libvirtd = None
        self.n_engines = 0
        self.segment = None

    def __enter__(self):
        self.host.__enter__()
        self.libvirtd = self.host.libvirtd()
        self.services = Services(self.host.dir, host=self.host)
        # Faster than an operator would have it.
        self.services.options["DEFAULT"]["process_unfinished_notifications_interval"] = 1
        self.services.options["DEFAULT"]["debug"] = "false"
        self.services.options["libvirt"]["call_timeout"] = 1
        self.services.db_sync()
        return self

    def __exit__(self, *args):
        self.services.stop()
        self.host.__exit__(*args)

    @property
    def rest(self):
        return self.services.rest

    def api(self):
        self.services.api()
        self.segment, _ = self.rest.segment_with_host(self.host.name)

    def engine(self, **kwargs):
        self.n_engines += 1
        return self.services.engine(log_name=f"engine{self.n_engines}", **kwargs)

    def guest(self, name, ha="True"):
        """Starts a guest; returns its uuid."""
        uuid = guest.new_uuid()
        metadata = guest.ha_metadata(HA_Enabled=ha) if ha else ""
        self.host.start_guest(guest.firmware(name, uuid=uuid, metadata=metadata))
        return uuid

    def state(self, name):
        return self.host.virsh("domstate", name)

    def n_starts(self, name):
        """How often libvirt has started a QEMU for the guest."""
        log = self.host.path(f"/var/log/libvirt/qemu/{name}.log")
        return log.read_text(encoding="utf-8", errors="replace").count("starting up libvirt")

    def kill_and_settle(self, name):
        """Kills the guest, and waits until libvirt has seen it."""
        self.host.kill_guest(name)
        wait_until(lambda: self.state(name) == "shut off", what="libvirt to see it")

    def report(self, uuid, event="LIFECYCLE", detail="STOPPED_FAILED", age=0.0):
        """Posts what an instance monitor would; returns the notification's uuid."""
        return self.post("VM", {"event": event, "instance_uuid": uuid,
                                "vir_domain_event": detail}, age)

    def post(self, kind, payload, age=0.0):
        now = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=age)
        answer = self.rest.post("/notifications", {"notification": {
            "type": kind, "hostname": self.host.name, "payload": payload,
            "generated_time": now.replace(tzinfo=None).isoformat()}})
        return answer["notification"]["notification_uuid"]

    def notification(self, uuid):
        return self.rest.get(f"/notifications/{uuid}")["notification"]

    def end(self, uuid, timeout=60):
        """Waits for the end of a notification, and returns it."""
        def look():
            found = self.notification(uuid)
            return found if found["status"] in ENDS else None
        return wait_until(look, timeout, f"the end of notification {uuid}", interval=0.03)


@pytest.fixture
def site():
    """A site of the test's own, for tests that break things."""
    with Site() as made:
        yield made


@pytest.fixture(scope="module")
def calm():
    """One site with an engine for all tests that break nothing but guests."""
    with Site() as made:
        made.services.options["metrics"] = {"engine_port": METRICS_PORT}
        made.api()
        made.engine()
        yield made


def story(notification):
    """The progress details without their times."""
    return [(task["name"], task["state"], task["progress"],
             [(line["progress"], line["message"]) for line in task["progress_details"]])
            for task in notification["recovery_workflow_details"]]


def test_a_killed_guest_is_started_again(calm):
    uuid = calm.guest("killed")
    calm.host.kill_guest("killed")
    ended = calm.end(calm.report(uuid))
    assert ended["status"] == "finished" and ended["message"] is None
    assert calm.state("killed") == "running"
    assert calm.n_starts("killed") == 2
    assert story(ended) == [
        ("StopInstanceTask", "SUCCESS", 1.0, [("1.0", f"Stopped instance: '{uuid}'")]),
        ("StartInstanceTask", "SUCCESS", 1.0, [("0.0", f"Starting instance: '{uuid}'"),
                                               ("1.0", f"Instance started: '{uuid}'")]),
        ("ConfirmInstanceActiveTask", "SUCCESS", 1.0,
         [("0.0", f"Confirming instance '{uuid}' vm_state is ACTIVE"),
          ("1.0", f"Confirmed instance '{uuid}' vm_state is ACTIVE")])]
    # The same guest once more: another incident, not a duplicate.
    calm.host.kill_guest("killed")
    assert calm.end(calm.report(uuid))["status"] == "finished"
    assert calm.state("killed") == "running"
    assert calm.n_starts("killed") == 3


def counted(metrics, line):
    """The value of a line of the metrics page that begins so; 0 where there is none."""
    page = metrics.call("GET", "/metrics")[2].decode()
    return int((page.split("\n" + line)[1:] or ["0"])[0].split()[0])


def test_a_recovery_is_in_the_metrics(calm):
    uuid = calm.guest("counted")
    calm.host.kill_guest("counted")
    assert calm.end(calm.report(uuid))["status"] == "finished"
    metrics = Rest(METRICS_PORT, calm.host, prefix="")
    for line in ('masakari_notifications_total{type="VM",status="finished"} ',
                 'masakari_decide_seconds_count{type="VM"} ',
                 'masakari_compute_call_seconds_count{call="start_server"} '):
        # The engine counts after the row is written, which is what ended the wait above.
        wait_until(lambda line=line: counted(metrics, line) >= 1, 60, f"a count in {line}")


@pytest.mark.parametrize("ha", ["False", "no", None])
def test_a_guest_that_is_not_enabled_stays_off(calm, ha):
    name = f"plain-{ha}"
    uuid = calm.guest(name, ha=ha)
    calm.kill_and_settle(name)
    ended = calm.end(calm.report(uuid))
    assert ended["status"] == "finished"
    assert story(ended) == [("StopInstanceTask", "REVERTED", 1.0, [
        ("1.0", f"Skipping recovery for instance: {uuid} as it is not Ha_Enabled")])]
    assert calm.state(name) == "shut off"
    assert calm.n_starts(name) == 1


def test_a_paused_guest_is_ignored(calm):
    uuid = calm.guest("paused")
    calm.host.virsh("suspend", "paused")
    ended = calm.end(calm.report(uuid, "QEMU_GUEST_AGENT_ERROR"))
    assert ended["status"] == "ignored"
    assert story(ended) == [("StopInstanceTask", "REVERTED", 1.0, [
        ("1.0", f"Recovery of instance '{uuid}' is ignored as it is in 'paused' state.")])]
    assert calm.state("paused") == "paused"


def test_a_running_guest_is_left_alone(calm):
    uuid = calm.guest("running")
    pid = calm.host.qemu_pid("running")
    ended = calm.end(calm.report(uuid))
    assert ended["status"] == "finished"
    assert "as it is running" in story(ended)[0][3][0][1]
    assert calm.host.qemu_pid("running") == pid


def test_a_guest_stopped_on_purpose_stays_off(calm):
    uuid = calm.guest("destroyed")
    calm.host.virsh("destroy", "destroyed")
    ended = calm.end(calm.report(uuid))
    assert ended["status"] == "finished"
    assert "stopped on purpose" in story(ended)[0][3][0][1]
    assert calm.state("destroyed") == "shut off"


def test_an_impaired_guest_is_restarted_once(calm):
    uuid = calm.guest("impaired")
    pid = calm.host.qemu_pid("impaired")
    ended = calm.end(calm.report(uuid, "IO_ERROR", "IO_ERROR_REPORT"))
    assert ended["status"] == "finished"
    assert [task[0] for task in story(ended)] == [
        "StopInstanceTask", "StartInstanceTask", "ConfirmInstanceActiveTask"]
    assert calm.state("impaired") == "running"
    restarted = calm.host.qemu_pid("impaired")
    assert restarted != pid
    # A report of the life before tells nothing about this one.
    ended = calm.end(calm.report(uuid, "QEMU_GUEST_AGENT_ERROR", age=5))
    assert "as it is running" in story(ended)[0][3][0][1]
    assert calm.host.qemu_pid("impaired") == restarted


def test_an_unknown_guest_fails_after_one_more_try(calm):
    uuid = guest.new_uuid()
    ended = calm.end(calm.report(uuid))
    assert ended["status"] == "failed"
    assert uuid in ended["message"] and "does not know the instance" in ended["message"]


def test_what_calls_for_no_recovery_is_ignored(calm):
    uuid = calm.guest("calm")
    assert calm.end(calm.report(uuid, "LIFECYCLE", "STOPPED_DESTROYED"))["status"] == "ignored"
    started = {"event": "STARTED", "host_status": "NORMAL", "cluster_status": "ONLINE"}
    assert calm.end(calm.post("COMPUTE_HOST", started))["status"] == "finished"
    unknown = {"event": "STOPPED", "host_status": "UNKNOWN", "cluster_status": "OFFLINE"}
    assert calm.end(calm.post("COMPUTE_HOST", unknown))["status"] == "ignored"


def test_a_host_cannot_be_recovered_yet_and_says_so(calm):
    stopped = {"event": "STOPPED", "process_name": "libvirtd"}
    ended = calm.end(calm.post("PROCESS", stopped))
    assert ended["status"] == "failed"
    assert "not part of this release" in ended["message"]


def test_a_disabled_segment_is_ignored(site):
    site.api()
    uuid = site.guest("fw")
    site.kill_and_settle("fw")
    site.rest.put(f"/segments/{site.segment}", {"segment": {"enabled": False}})
    number = site.report(uuid)
    site.engine()
    ended = site.end(number)
    assert ended["status"] == "ignored"
    assert "the segment HA is disabled." in ended["message"]
    assert site.state("fw") == "shut off"


def test_a_lost_wake_up_costs_a_poll_interval(site):
    elsewhere = site.services.dir / "elsewhere"
    elsewhere.mkdir()
    own = site.services.options["DEFAULT"]["state_path"]
    site.services.options["DEFAULT"]["state_path"] = elsewhere
    site.api()
    site.services.options["DEFAULT"]["state_path"] = own
    site.engine()
    uuid = site.guest("fw")
    site.kill_and_settle("fw")
    assert site.end(site.report(uuid))["status"] == "finished"
    assert site.state("fw") == "running"


def test_libvirtd_away_for_a_while(site):
    site.api()
    engine = site.engine()
    uuid = site.guest("fw")
    site.libvirtd.kill()
    site.host.kill_guest("fw")
    number = site.report(uuid)
    time.sleep(1.5)
    assert site.notification(number)["status"] == "running"
    site.host.libvirtd()
    assert site.end(number)["status"] == "finished"
    assert site.state("fw") == "running"
    assert site.n_starts("fw") == 2
    # The connection of the engine outlives a restart between two recoveries, too.
    site.kill_and_settle("fw")
    assert site.end(site.report(uuid))["status"] == "finished"
    assert engine.alive()


def test_libvirtd_hangs_for_a_while(site):
    site.api()
    engine = site.engine()
    uuid = site.guest("fw")
    site.kill_and_settle("fw")
    number = site.report(uuid)
    assert site.end(number)["status"] == "finished"
    site.kill_and_settle("fw")
    site.libvirtd.hang()
    number = site.report(uuid)
    time.sleep(4)
    assert site.notification(number)["status"] == "running"
    site.libvirtd.signal(signal.SIGCONT)
    assert site.end(number)["status"] == "finished"
    assert site.state("fw") == "running"
    assert site.n_starts("fw") == 3
    assert "did not answer" in engine.log.read_text(encoding="utf-8")
    # Nor does it keep the engine from stopping.
    site.libvirtd.hang()
    site.report(uuid)
    time.sleep(0.5)
    assert engine.stop(timeout=45) == 0
    site.libvirtd.signal(signal.SIGCONT)


def test_the_engine_is_killed_at_any_moment(site):
    site.api()
    uuid = site.guest("fw")
    generator = random.Random(7)
    engine = site.engine()
    for turn in range(8):
        site.kill_and_settle("fw")
        number = site.report(uuid)
        time.sleep(generator.uniform(0, 0.5))
        engine.kill()
        engine = site.engine()
        ended = site.end(number)
        assert ended["status"] == "finished", turn
        assert site.state("fw") == "running", turn
        assert site.n_starts("fw") == turn + 2, turn
        # Its lock tells that the dead engine is dead; its lease was not waited for.
        assert "has not renewed its lease" not in engine.log.read_text(encoding="utf-8"), turn


def test_the_engine_is_killed_while_it_restarts_an_impaired_guest(site):
    site.api()
    uuid = site.guest("fw")
    generator = random.Random(3)
    engine = site.engine()
    for turn in range(5):
        # The database keeps the second of a report: one of the second in which the guest was
        # started is taken for one of its life before.
        time.sleep(1.1)
        number = site.report(uuid, "IO_ERROR", "IO_ERROR_REPORT")
        time.sleep(generator.uniform(0, 0.6))
        engine.kill()
        engine = site.engine()
        assert site.end(number)["status"] == "finished", turn
        assert site.state("fw") == "running", turn
        assert site.n_starts("fw") == turn + 2, turn


@pytest.mark.plain_build  # the library that kills goes before a sanitizer's
@pytest.mark.parametrize("event, moment", [
    ("LIFECYCLE", "before-start"), ("LIFECYCLE", "after-start"),
    ("QEMU_GUEST_AGENT_ERROR", "before-stop"), ("QEMU_GUEST_AGENT_ERROR", "after-stop"),
    ("QEMU_GUEST_AGENT_ERROR", "before-start"), ("QEMU_GUEST_AGENT_ERROR", "after-start")])
def test_the_engine_dies_between_an_order_and_its_records(site, event, moment):
    """An order is stored, given, and its answer stored: death in each of the gaps."""
    site.api()
    uuid = site.guest("fw")
    first = site.engine(env={"LD_PRELOAD": str(BUILD / "tests" / "kit" / "die_at.so"),
                             "MSK_DIE_AT": moment})
    if event == "LIFECYCLE":
        site.kill_and_settle("fw")
    number = site.report(uuid, event)
    wait_until(lambda: first.popen.poll() is not None, what="the engine's death")
    with contextlib.closing(sqlite3.connect(site.services.dir / "masakari.sqlite",
                                            timeout=30)) as database:
        rows = database.execute("SELECT saved_state, state, epoch FROM masakari_c_claims"
                                " WHERE notification_uuid = ?", [number]).fetchall()
    assert len(rows) == 1 and rows[0][1:] == ("active", 1)
    # A stop is ordered before a start is; both are on disk before they are given.
    assert rows[0][0].startswith("stopping stop-ordered" if moment.endswith("stop")
                                 else "starting")
    site.engine()
    assert site.end(number)["status"] == "finished"
    assert site.state("fw") == "running"
    assert site.n_starts("fw") == 2


def test_a_stopping_engine_hands_its_work_on(site):
    site.api()
    first = site.engine()
    uuid = site.guest("fw")
    site.libvirtd.kill()
    site.host.kill_guest("fw")
    number = site.report(uuid)
    wait_until(lambda: site.notification(number)["status"] == "running", what="the claim")
    assert first.stop(timeout=60) == 0
    assert "handed back" in first.log.read_text(encoding="utf-8")
    assert site.notification(number)["status"] == "running"
    site.host.libvirtd()
    site.engine()
    assert site.end(number)["status"] == "finished"
    assert site.n_starts("fw") == 2


def test_two_engines_share_the_work(site):
    site.api()
    engines = [site.engine(), site.engine()]
    names = [f"fw{i}" for i in range(6)]
    uuids = {name: site.guest(name) for name in names}
    for name in names:
        site.host.kill_guest(name)
    numbers = [site.report(uuids[name]) for name in names]
    # A second report of another kind on the same guests: one recovery of a guest at a time.
    numbers += [site.report(uuids[name], "LIFECYCLE", "STOPPED_CRASHED") for name in names]
    assert [site.end(number, 60)["status"] for number in numbers] == ["finished"] * 12
    for name in names:
        assert site.state(name) == "running"
        assert site.n_starts(name) == 2
    logs = [engine.log.read_text(encoding="utf-8") for engine in engines]
    for number in numbers:
        assert sum(log.count(f"Processing notification {number}") for log in logs) == 1


def test_the_other_engine_takes_over_from_a_dead_one(site):
    site.api()
    engines = [site.engine(), site.engine()]
    uuid = site.guest("fw")
    site.libvirtd.kill()
    site.host.kill_guest("fw")
    number = site.report(uuid)
    wait_until(lambda: site.notification(number)["status"] == "running", what="the claim")

    def owner():
        for engine in engines:
            if f"Processing notification {number}" in engine.log.read_text(encoding="utf-8"):
                return engine
        return None
    wait_until(owner, what="the owner's log").kill()
    site.host.libvirtd()
    assert site.end(number)["status"] == "finished"
    assert site.n_starts("fw") == 2


def test_a_sleeping_engine_finds_its_work_taken(site):
    """An engine that is stopped longer than its lease drops what it had, and starts anew."""
    site.api()
    first = site.engine()
    uuid = site.guest("fw")
    site.libvirtd.kill()
    site.host.kill_guest("fw")
    number = site.report(uuid)
    wait_until(lambda: site.notification(number)["status"] == "running", what="the claim")
    time.sleep(0.5)  # a process that sleeps within a write keeps SQLite locked for all
    first.hang()
    # What 15 s of sleep do, without waiting for them.
    database = sqlite3.connect(site.services.dir / "masakari.sqlite", timeout=10)
    tables = [row[0] for row in database.execute("SELECT sql FROM sqlite_master"
                                                 " WHERE name = 'masakari_c_engines'")]
    assert "lease" in tables[0]
    database.execute("DELETE FROM masakari_c_engines")
    database.commit()
    database.close()
    site.engine()
    site.host.libvirtd()
    assert site.end(number)["status"] == "finished"
    first.signal(signal.SIGCONT)
    wait_until(lambda: "was taken for dead" in first.log.read_text(encoding="utf-8"),
               what="the sleeper to notice")
    time.sleep(0.5)
    assert site.n_starts("fw") == 2
    # And it works again.
    site.kill_and_settle("fw")
    assert site.end(site.report(uuid))["status"] == "finished"


def stamps(site):
    """The leases as they are stored: engine to stamp."""
    with contextlib.closing(sqlite3.connect(site.services.dir / "masakari.sqlite",
                                            timeout=30)) as database:
        return dict(database.execute("SELECT uuid, lease_until FROM masakari_c_engines"))


@pytest.mark.plain_build  # the library that moves the clock goes before a sanitizer's
@pytest.mark.parametrize("step", [3600, -3600])
def test_a_clock_that_jumps_kills_no_engine(site, step):
    """Two engines, the time of day leaps for both and the database: nothing is taken over."""
    site.api()
    clock = site.services.dir / "clock"
    clock.write_bytes(struct.pack("=q", 0))
    env = {"LD_PRELOAD": str(BUILD / "tests" / "kit" / "clock_shift.so"),
           "MSK_CLOCK_SHIFT": str(clock)}
    engines = [site.engine(env=env), site.engine(env=env)]
    uuid = site.guest("fw")
    site.libvirtd.kill()
    site.host.kill_guest("fw")
    number = site.report(uuid)
    wait_until(lambda: site.notification(number)["status"] == "running", what="the claim")
    before = wait_until(lambda: len(stamps(site)) == 2 and stamps(site), what="two leases")
    with open(clock, "r+b") as file:
        file.write(struct.pack("=q", step))

    def renewed_twice():
        now = stamps(site)
        assert now.keys() == seen.keys(), "an engine was taken for dead"
        for name, stamp in now.items():
            seen[name].add(stamp)
        return all(len(values) >= 3 for values in seen.values())
    seen = {name: {stamp} for name, stamp in before.items()}
    wait_until(renewed_twice, timeout=60, what="both engines to renew their leases twice")
    leap = min(stamps(site).values()) - max(before.values())
    assert leap > 3500e6 if step > 0 else leap < -3500e6
    site.host.libvirtd()
    assert site.end(number)["status"] == "finished"
    assert site.n_starts("fw") == 2
    logs = [engine.log.read_text(encoding="utf-8") for engine in engines]
    assert sum(log.count(f"Processing notification {number}") for log in logs) == 1
    assert "taken for dead" not in "".join(logs)


def test_a_locked_database_is_waited_for(site):
    site.api()
    engine = site.engine()
    uuid = site.guest("fw")
    site.kill_and_settle("fw")
    number = site.report(uuid)
    assert site.end(number)["status"] == "finished"
    database = sqlite3.connect(site.services.dir / "masakari.sqlite", timeout=10,
                               isolation_level=None)
    site.kill_and_settle("fw")
    number = site.report(uuid)
    database.execute("BEGIN IMMEDIATE")
    wait_until(lambda: "The database fails" in engine.log.read_text(encoding="utf-8"), 60,
               "the engine to notice")
    database.execute("ROLLBACK")
    database.close()
    assert site.end(number)["status"] == "finished"
    wait_until(lambda: "The database answers again" in engine.log.read_text(encoding="utf-8"),
               what="the engine to say so")
    log = engine.log.read_text(encoding="utf-8")
    assert log.count("The database fails") == log.count("The database answers again") == 1
    assert site.n_starts("fw") == 3


def test_old_notifications_expire(site):
    site.services.options["DEFAULT"]["notifications_expired_interval"] = 60
    site.services.options["DEFAULT"]["check_expired_notifications_interval"] = 1
    site.services.options["DEFAULT"]["process_unfinished_notifications_interval"] = 1000
    site.api()
    number = site.post("PROCESS", {"event": "STOPPED", "process_name": "x"}, age=100)
    engine = site.engine()
    assert site.end(number)["status"] == "failed"
    wait_until(lambda: f"{number} is expired" in engine.log.read_text(encoding="utf-8"),
               what="the engine to say so")


def test_an_idle_engine_rests(calm):
    engine = next(process for process in calm.services.started if "engine" in process.name)
    stat = pathlib.Path(f"/proc/{engine.pid}/stat")

    def ticks():
        fields = stat.read_text(encoding="ascii").rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    before = ticks()
    time.sleep(5)
    assert (ticks() - before) / os.sysconf("SC_CLK_TCK") < 0.1


@pytest.mark.plain_build
def test_an_engine_is_small(calm):
    uuid = calm.guest("small")
    calm.host.kill_guest("small")
    assert calm.end(calm.report(uuid))["status"] == "finished"
    engine = next(process for process in calm.services.started if "engine" in process.name)
    rollup = pathlib.Path(f"/proc/{engine.pid}/smaps_rollup").read_text(encoding="ascii")
    pss_kib = next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    assert pss_kib < 10 * 1024


@pytest.mark.parametrize("group, name, value, word", [
    ("DEFAULT", "compute_driver", "nova", "os_privileged_user_auth_url"),
    ("DEFAULT", "transport_url", "kafka://guest:hush-hush@bus/", "transport_url"),
    ("DEFAULT", "state_path", "/proc/none", "state_path"),
    ("libvirt", "connection_uri", "here", "connection_uri"),
    ("database", "connection", "sqlite:////proc/none", "proc/none"),
])
def test_a_bad_start_says_why(group, name, value, word):
    with Services() as services:
        services.db_sync()
        services.options[group][name] = value
        engine = services.start("masakari-engine", ready=False)
        assert engine.popen.wait(timeout=60) > 0
        log = engine.log.read_text(encoding="utf-8")
        assert word in log.splitlines()[-1]
        assert "hush-hush" not in log
