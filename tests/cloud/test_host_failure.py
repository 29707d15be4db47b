# SPDX-License-Identifier: Apache-2.0
"""Our API and engine with real Keystone, RabbitMQ, Placement and Nova: a host is fenced, left, and
taken back, by each recovery method but auto; and a nova-compute dies. test_evacuation.py has auto.
"""
import datetime
import json

import pytest

from kit.fencing import SECRET, Agents
from kit.host import KitError, wait_until
from kit.services import Services

DEAD, RESERVED = "cmp1", "cmp3"
OVER = ("finished", "error", "failed", "ignored")


class Site:
    """Our services, and a segment for each recovery method."""

    def __init__(self, cloud, services):
        self.nova = cloud.nova
        self.services = services
        self.agents = Agents(services.dir / "agents")
        services.options["fencing"] = {"agents_dir": self.agents.dir}

    def segment(self, method, reserved, attributes="none"):
        """A segment whose first host is to die; returns its uuid."""
        rest = self.services.rest
        made = rest.post("/segments", {"segment": {
            "name": method, "recovery_method": method, "service_type": "COMPUTE"}})
        uuid = made["segment"]["uuid"]
        for name in [DEAD, "cmp2", *([RESERVED] if reserved else [])]:
            rest.post(f"/segments/{uuid}/hosts", {"host": {
                "name": name, "type": "KVM", "control_attributes": attributes,
                "reserved": name == RESERVED}})
        return uuid

    def remove(self, uuid):
        """Removes a segment and its hosts."""
        rest = self.services.rest
        for path in self.clear_maintenance(uuid):
            rest.delete(path)
        rest.delete(f"/segments/{uuid}")

    def clear_maintenance(self, uuid):
        """Takes the hosts of a segment back; returns their paths."""
        rest = self.services.rest
        paths = [f"/segments/{uuid}/hosts/{host['uuid']}"
                 for host in rest.get(f"/segments/{uuid}/hosts")["hosts"]]
        for path in paths:
            rest.put(path, {"host": {"on_maintenance": False}})
        return paths

    def report(self):
        """Says that the host is gone, as a host monitor does; returns the notification's path."""
        return self.post("COMPUTE_HOST", {
            "event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"})

    def post(self, kind, payload):
        """One notification of DEAD; returns its path."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        made = self.services.rest.post("/notifications", {"notification": {
            "type": kind, "hostname": DEAD, "generated_time": now, "payload": payload}})
        return f"/notifications/{made['notification']['notification_uuid']}"

    def is_over(self, path):
        """The notification, once its recovery has ended."""
        shown = self.services.rest.get(path)["notification"]
        return shown if shown["status"] in OVER else None

    def finish(self, path):
        """Waits for the end of a recovery, a good one, and returns the notification."""
        shown = wait_until(lambda: self.is_over(path), 400, f"the end of {path}", 0.3)
        if shown["status"] != "finished":
            raise KitError(f"the recovery ended in {shown['status']}: {json.dumps(shown)}"
                           f" {json.dumps(self.moves(path))}")
        return shown

    def is_taken_back(self, segment):
        """Whether DEAD is in use again, for Nova and for us."""
        seen = self.nova.services()[DEAD]
        hosts = self.services.rest.get(f"/segments/{segment}/hosts")["hosts"]
        return (seen["state"] == "up" and seen["status"] == "enabled" and not seen["forced_down"]
                and not any(host["on_maintenance"] for host in hosts))

    def moves(self, path):
        """What became of each guest."""
        return self.services.rest.get(f"{path}/vmoves")["vmoves"]


@pytest.fixture(scope="module", name="site")
def fixture_site(cloud):
    with Services() as services:
        cloud.configure(services)
        services.options["host_failure"] = {"storm_segment_percent": 0, "storm_percent": 0,
                                            "auto_return": True, "auto_return_after": 0}
        site = Site(cloud, services)
        services.db_sync()
        services.api()
        services.engine()
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


def check_held(site, path, guest):
    """While its agent refuses to turn the host off, nothing is done to it."""
    def held():
        shown = site.services.rest.get(path)["notification"]["recovery_workflow_details"]
        return "held: gate 'fencing'" in str(shown)

    wait_until(held, 120, "the recovery to be held", 0.3)
    seen = site.nova.services()[DEAD]
    assert (seen["state"], seen["forced_down"]) == ("up", False)
    assert site.nova.evacuations(guest, DEAD) == []


@pytest.mark.parametrize("method", ["reserved_host", "auto_priority", "rh_priority"])
def test_each_way_leaves_a_host_that_lived_until_it_was_fenced(site, guest, method):
    nova = site.nova
    reserve = nova.services()[RESERVED]
    nova.call("PUT", f"/os-services/{reserve['id']}", {"status": "disabled"})
    segment = site.segment(method, reserved=True, attributes=json.dumps({"fencing": [
        {"agent": "fence_kit", "plug": DEAD, "socket": str(nova.socket), "password": SECRET}]}))
    try:
        if method == "auto_priority":
            site.agents.order("refuse")
        path = site.report()
        if method == "auto_priority":
            check_held(site, path, guest)
            site.agents.order("refuse", False)
        shown = site.finish(path)
        assert "Gate 'fencing' is open" in str(shown["recovery_workflow_details"])
        check_rescued(nova, guest)
        if method == "auto_priority":  # the dead host comes back
            nova.start_host(DEAD)
            wait_until(lambda: site.is_taken_back(segment), 180, f"{DEAD} to be taken back", 0.5)
        used = method != "auto_priority"
        assert (nova.server(guest)["OS-EXT-SRV-ATTR:host"] == RESERVED) == used
        assert nova.services()[RESERVED]["status"] == ("enabled" if used else "disabled")
    finally:
        nova.call("PUT", f"/os-services/{reserve['id']}", {"status": "enabled"})
    site.remove(segment)


def test_a_host_whose_nova_compute_died_gets_no_more_guests(site):
    nova = site.nova
    segment = site.segment("auto", reserved=False)
    before = nova.services()[DEAD]
    for event, name in (("STARTED", "nova-compute"), ("STOPPED", "libvirtd")):
        shown = site.finish(site.post("PROCESS", {"event": event, "process_name": name}))
        assert nova.services()[DEAD]["status"] == "enabled", (event, name)
        if event == "STOPPED":  # its host is on maintenance, as with the Python engine
            site.clear_maintenance(segment)
    try:
        path = site.post("PROCESS", {"event": "STOPPED", "process_name": "nova-compute"})
        shown = site.finish(path)
        seen = nova.services()[DEAD]
        assert seen["status"] == "disabled"
        assert seen["disabled_reason"] == "Masakari detected process failed."
        assert not seen["forced_down"] and seen["state"] == before["state"]
        assert [task["name"] for task in shown["recovery_workflow_details"]] == [
            "DisableComputeNodeTask", "ConfirmComputeNodeDisabledTask"]
        hosts = site.services.rest.get(f"/segments/{segment}/hosts")["hosts"]
        assert {one["name"]: one["on_maintenance"] for one in hosts} == {
            DEAD: True, "cmp2": False}
        uuid = shown["notification_uuid"]
        assert f"req-{uuid}" in nova.daemons["nova-api"].log.read_text(errors="replace")
    finally:
        nova.call("PUT", f"/os-services/{before['id']}", {"status": "enabled"})
    site.remove(segment)
