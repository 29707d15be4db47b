# SPDX-License-Identifier: Apache-2.0
"""Recovery of failed hosts by real API and engine programs, against a model Nova that fails."""
import json
import time

import pytest

from fakes.nova import ModelNova
from kit.recovery_site import OVER, Site, site_with


def check_rescued(nova, guests, states=None):
    """Every VM is on a live host, was evacuated once, and nothing of it is left."""
    for guest in guests:
        server = nova.servers[guest]
        assert server.host != "cmp1" and not server.wedged, server
        assert (server.task_state, server.locked) == (None, False), server
        assert server.vm_state == (states or {}).get(guest, "active"), server
        assert nova.evacuations(guest) == ["done"], server


@pytest.mark.parametrize(("method", "reserved"), [
    ("auto", ()), ("reserved_host", ("cmp3",)), ("auto_priority", ("cmp3",)),
    ("rh_priority", ("cmp3",))])
def test_each_way_moves_all_vms(method, reserved):
    with ModelNova() as nova, site_with(nova, method, reserved) as site:
        guests = [nova.boot("cmp1", f"g{i}") for i in range(6)]
        if reserved:
            nova.hosts["cmp3"].enabled = False
        site.engine()
        report = site.report()
        ended = site.end(report)
        assert ended["status"] == "finished", ended
        check_rescued(nova, guests)
        assert site.states(report) == dict.fromkeys(guests, "succeeded")
        if method in ("reserved_host", "rh_priority"):
            assert {nova.servers[guest].host for guest in guests} == {"cmp3"}
            assert nova.hosts["cmp3"].enabled
        assert nova.hosts["cmp1"].forced_down and not nova.hosts["cmp1"].enabled


# A Nova that is slow to answer, and whose evacuations end one after the other, would cost more for
# whoever looks by the clock, or at the host for each place that becomes free.
@pytest.mark.parametrize(("count", "evacuation_s", "spread_s", "answer_s"), [
    (50, 1.0, 0.0, 0.0), (14, 2.0, 2.0, 0.3)])
def test_each_vm_costs_five_calls_at_most(count, evacuation_s, spread_s, answer_s):
    with ModelNova(evacuation_s=evacuation_s, spread_s=spread_s) as nova, site_with(nova) as site:
        guests = [nova.boot("cmp1", f"g{i}") for i in range(count)]
        for label in ("servers", "lock", "evacuate", "unlock") if answer_s else ():
            nova.fault(label, "slow", times=1000, delay_s=answer_s)
        site.engine()
        nova.calls.clear()
        nova.most_at_once.clear()
        assert site.end(site.report())["status"] == "finished"
        check_rescued(nova, guests)
        assert nova.nova_calls() <= 5 * count, nova.calls
        assert nova.calls["token"] <= 0.1 * count, nova.calls
        # host_failure_recovery_threads is 3.
        assert nova.most_at_once["evacuate"] <= 3


def test_hosts_that_fail_together_share_what_is_asked():
    dead = [f"cmp{number}" for number in range(1, 9)]
    with ModelNova(hosts=(*dead, "alive"), evacuation_s=2.0, spread_s=2.0) as nova, \
            Site(nova) as site:
        site.segment_of("auto", *dead, "alive")
        guests = [nova.boot(host, f"g{i}") for host in dead for i in range(4)]
        for host in dead:
            nova.kill_host(host, ago_s=40)
        site.engine()
        nova.calls.clear()
        began = time.monotonic()
        reports = [site.report(host) for host in dead]
        assert {site.end(report)["status"] for report in reports} == {"finished"}
        took_s = time.monotonic() - began
        check_rescued(nova, guests)
        assert {nova.servers[guest].host for guest in guests} == {"alive"}
        # Two each for the plan, and together some each second; each by itself would ask eight times
        # as often.
        assert nova.calls["servers"] <= 2 * len(dead) + 3 * took_s, (nova.calls, took_s)


def test_a_vm_that_seems_to_be_left_behind_is_waited_for():
    # Nova ends the rebuild before it says that the VM is elsewhere.
    with ModelNova(at_rest_s=1.5) as nova, site_with(nova) as site:
        guests = [nova.boot("cmp1", f"g{i}") for i in range(4)]
        site.engine()
        assert site.end(site.report())["status"] == "finished"
        check_rescued(nova, guests)


def test_why_a_vm_was_not_moved_is_told():
    with ModelNova() as nova, site_with(nova) as site:
        guest = nova.boot("cmp1")
        for name in ("cmp2", "cmp3"):
            nova.hosts[name].enabled = False
        site.engine()
        report = site.report()
        assert site.end(report, ("error", "failed"))["status"] in ("error", "failed")
        move = site.moves(report)[guest]
        assert move["status"] == "failed"
        assert "No valid host" in move["message"]
        assert not nova.servers[guest].locked


def check_patience(nova, labels, refusals, shortest_s):
    """What was refused was asked again, but never too soon."""
    for label in labels:
        times = nova.asked_at[label]
        assert len(times) > refusals, (label, times)
        gaps = [later - sooner for sooner, later in zip(times, times[1:])][:refusals]
        assert all(gap >= least for gap, least in zip(gaps, shortest_s)), (label, gaps)


# An order whose effect is not known waits for much longer, so a 503 is left to the looks here.
@pytest.mark.parametrize(("status", "retry_after", "labels"), [
    (409, None, ("services", "service", "servers", "evacuate", "unlock")),
    (429, 1, ("services", "servers", "lock", "evacuate")),
    (503, None, ("services", "service", "servers"))])
def test_a_nova_that_refuses_is_asked_again_in_patience(status, retry_after, labels):
    with ModelNova() as nova, site_with(nova) as site:
        guest = nova.boot("cmp1")
        nova.asked_at.clear()
        for label in labels:
            nova.fault(label, "status", times=2, status=status, retry_after=retry_after)
        site.engine()
        assert site.end(site.report())["status"] == "finished"
        check_rescued(nova, [guest])
        check_patience(nova, labels, 2, (retry_after or 0.2, retry_after or 0.4))


@pytest.mark.parametrize(("status", "retry_after"), [(409, None), (429, 1)])
def test_a_nova_that_refuses_an_instance_is_asked_again_in_patience(status, retry_after):
    labels = ("server", "os-stop", "os-start")
    with ModelNova() as nova, Site(nova) as site:
        site.segment_of("auto", "cmp1")
        guest = nova.boot("cmp1")
        for label in labels[1 if status == 409 else 0:]:  # a look is never a conflict
            nova.fault(label, "status", times=1, status=status, retry_after=retry_after)
        site.engine()
        assert site.end(site.report(guest=guest))["status"] == "finished"
        assert nova.servers[guest].vm_state == "active"
        check_patience(nova, labels[1:], 1, (retry_after or 0.02,))
        if retry_after is not None:
            check_patience(nova, labels[:1], 1, (retry_after,))


@pytest.mark.parametrize("status", [302, 404])
@pytest.mark.parametrize("label", ["service", "evacuate", "unlock"])
def test_a_keystone_elsewhere_costs_no_vm_its_recovery(status, label):
    """The engine's token ends on the way, and for a while there is no other."""
    with ModelNova() as nova, site_with(nova) as site:
        guests = [nova.boot("cmp1", f"g{i}") for i in range(3)]
        nova.fault("token", "slow", delay_s=0)  # the first one is given
        nova.fault("token", "status", times=3, status=status)
        nova.fault(label, "status", status=401)
        site.engine()
        report = site.report()
        assert site.end(report, OVER)["status"] == "finished"
        check_rescued(nova, guests)
        assert site.states(report) == dict.fromkeys(guests, "succeeded")
        assert nova.calls["token"] >= 5


@pytest.mark.parametrize("status", [302, 404])
def test_a_keystone_elsewhere_is_no_vm_that_is_gone(status):
    with ModelNova() as nova, Site(nova) as site:
        site.segment_of("auto", "cmp1")
        guest = nova.boot("cmp1")
        nova.fault("token", "status", times=2, status=status)
        site.engine()
        assert site.end(site.report(guest=guest), OVER)["status"] == "finished"
        assert nova.servers[guest].vm_state == "active"
        assert ("os-stop", guest) in nova.orders


def events_of(engine, name):
    """The payloads of the events of that name that an engine has logged, and who published them."""
    logger = f" oslo.messaging.notification.{name} "
    lines = [line for line in engine.log.read_text(encoding="utf-8").splitlines() if logger in line]
    messages = [json.loads(line[line.index("{"):]) for line in lines]
    return [(message["publisher_id"].split(":")[0], message["payload"]["masakari_object.data"])
            for message in messages]


def test_listeners_hear_of_the_hosts_that_a_recovery_changes():
    """As from the Python engine: the failed host is on maintenance, the reserved one is in
    use; and of hosts whose process died."""
    with ModelNova() as nova, site_with(nova, "reserved_host", ("cmp3",)) as site:
        nova.boot("cmp1")
        nova.hosts["cmp3"].enabled = False
        site.services.options["oslo_messaging_notifications"] = {"driver": "log"}
        engine = site.engine()
        assert site.end(site.report())["status"] == "finished"
        process = site.post("PROCESS", "cmp2", {"event": "STOPPED", "process_name": "nova-compute"})
        assert site.end(process)["status"] == "finished"
        for name in ("host.update.start", "host.update.end"):
            told = events_of(engine, name)
            assert {publisher for publisher, _ in told} == {"masakari-api"}
            assert [(host["name"], host["on_maintenance"], host["reserved"])
                    for _, host in told] == [("cmp1", True, False), ("cmp3", False, False),
                                             ("cmp2", True, False)]
            segment = told[0][1]["failover_segment"]["masakari_object.data"]
            assert segment["recovery_method"] == "reserved_host"
        assert [host["status"] for _, host in events_of(engine, "notification.process.end")] == [
            "running", "running"]
