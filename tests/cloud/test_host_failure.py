# SPDX-License-Identifier: Apache-2.0
"""Our API and engine with real Keystone, RabbitMQ, Placement and Nova: a host is fenced, left, and
taken back, by each recovery method but auto; and a nova-compute dies. test_evacuation.py has auto.
"""
import json

import pytest

from kit.fencing import SECRET, Agents
from kit.host import wait_until
from kit.recovery_site import cloud_site

DEAD, RESERVED = "cmp1", "cmp3"


def clear_maintenance(site, segment):
    """Takes the hosts of a segment back; returns their paths."""
    paths = [f"/segments/{segment}/hosts/{host['uuid']}"
             for host in site.rest.get(f"/segments/{segment}/hosts")["hosts"]]
    for path in paths:
        site.rest.put(path, {"host": {"on_maintenance": False}})
    return paths


def remove(site, segment):
    """Removes a segment and its hosts."""
    for path in clear_maintenance(site, segment):
        site.rest.delete(path)
    site.rest.delete(f"/segments/{segment}")


def is_taken_back(site, segment):
    """Whether DEAD is in use again, for Nova and for us."""
    seen = site.nova.services()[DEAD]
    hosts = site.rest.get(f"/segments/{segment}/hosts")["hosts"]
    return (seen["state"] == "up" and seen["status"] == "enabled" and not seen["forced_down"]
            and not any(host["on_maintenance"] for host in hosts))


@pytest.fixture(scope="module", name="site")
def fixture_site(cloud):
    site = cloud_site(cloud)
    site.agents = Agents(site.services.dir / "agents")
    site.services.options["fencing"] = {"agents_dir": site.agents.dir}
    site.services.options["host_failure"].update(auto_return=True, auto_return_after=0)
    with site:
        site.engine()
        yield site


@pytest.fixture(name="guest")
def fixture_guest(cloud):
    """A guest on the host that is to die; it lives again at the end."""
    guest = cloud.nova.boot("way", DEAD)
    yield guest
    cloud.nova.revive(DEAD)
    cloud.nova.delete(guest)


def check_rescued(nova, guest):
    """The guest was evacuated exactly once, is at rest elsewhere, and no lock is left."""
    seen = nova.server(guest)
    assert seen["OS-EXT-SRV-ATTR:host"] != DEAD, seen
    assert seen["OS-EXT-STS:task_state"] is None, seen
    assert seen["OS-EXT-STS:vm_state"] == "active", seen
    assert not seen["locked"], seen
    assert nova.evacuations(guest, DEAD) == ["done"], seen


def check_held(site, report, guest):
    """While its agent refuses to turn the host off, nothing is done to it."""
    wait_until(lambda: "held: gate 'fencing'" in str(site.show(report)), 120,
               "the recovery to be held", 0.3)
    seen = site.nova.services()[DEAD]
    assert (seen["state"], seen["forced_down"]) == ("up", False)
    assert site.nova.evacuations(guest, DEAD) == []


@pytest.mark.parametrize("method", ["reserved_host", "auto_priority", "rh_priority"])
def test_each_way_leaves_a_host_that_lived_until_it_was_fenced(site, guest, method):
    nova = site.nova
    reserve = nova.services()[RESERVED]
    nova.call("PUT", f"/os-services/{reserve['id']}", {"status": "disabled"})
    segment = site.segment_of(method, DEAD, "cmp2", reserved=[RESERVED], attributes=json.dumps({
        "fencing": [{"agent": "fence_kit", "plug": DEAD, "socket": str(nova.socket),
                     "password": SECRET}]}))
    try:
        if method == "auto_priority":
            site.agents.order("refuse")
        report = site.report(DEAD)
        if method == "auto_priority":
            check_held(site, report, guest)
            site.agents.order("refuse", False)
        shown = site.finish(report)
        assert "Gate 'fencing' is open" in str(shown["recovery_workflow_details"])
        check_rescued(nova, guest)
        if method == "auto_priority":  # the dead host comes back
            nova.start_host(DEAD)
            wait_until(lambda: is_taken_back(site, segment), 180, f"{DEAD} to be taken back", 0.5)
        used = method != "auto_priority"
        assert (nova.server(guest)["OS-EXT-SRV-ATTR:host"] == RESERVED) == used
        assert nova.services()[RESERVED]["status"] == ("enabled" if used else "disabled")
    finally:
        nova.call("PUT", f"/os-services/{reserve['id']}", {"status": "enabled"})
    remove(site, segment)


def test_a_host_whose_nova_compute_died_gets_no_more_guests(site):
    nova = site.nova
    segment = site.segment_of("auto", DEAD, "cmp2")
    before = nova.services()[DEAD]
    for event, name in (("STARTED", "nova-compute"), ("STOPPED", "libvirtd")):
        shown = site.finish(site.post("PROCESS", DEAD, {"event": event, "process_name": name}))
        assert nova.services()[DEAD]["status"] == "enabled", (event, name)
        if event == "STOPPED":  # its host is on maintenance, as with the Python engine
            clear_maintenance(site, segment)
    try:
        shown = site.finish(site.post("PROCESS", DEAD, {
            "event": "STOPPED", "process_name": "nova-compute"}))
        seen = nova.services()[DEAD]
        assert seen["status"] == "disabled"
        assert seen["disabled_reason"] == "Masakari detected process failed."
        assert not seen["forced_down"] and seen["state"] == before["state"]
        assert [task["name"] for task in shown["recovery_workflow_details"]] == [
            "DisableComputeNodeTask", "ConfirmComputeNodeDisabledTask"]
        hosts = site.rest.get(f"/segments/{segment}/hosts")["hosts"]
        assert {one["name"]: one["on_maintenance"] for one in hosts} == {
            DEAD: True, "cmp2": False}
        uuid = shown["notification_uuid"]
        assert f"req-{uuid}" in nova.daemons["nova-api"].log.read_text(errors="replace")
    finally:
        nova.call("PUT", f"/os-services/{before['id']}", {"status": "enabled"})
    remove(site, segment)
