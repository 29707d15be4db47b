# SPDX-License-Identifier: Apache-2.0
"""Our API and engine with real Keystone, RabbitMQ and Nova: a guest that failed is recovered."""
import datetime

import pytest

from kit.host import wait_until
from kit.services import Services

HOST = "cmp4"


@pytest.fixture(scope="module", name="ours")
def fixture_ours(cloud):
    with Services() as ours:
        cloud.configure(ours)
        ours.db_sync()
        ours.api()
        ours.engine()
        segment = ours.rest.post("/segments", {"segment": {
            "name": "recovery", "recovery_method": "auto", "service_type": "COMPUTE"}})
        ours.rest.post(f"/segments/{segment['segment']['uuid']}/hosts", {"host": {
            "name": HOST, "type": "KVM", "control_attributes": "SSH"}})
        yield ours


@pytest.fixture(name="boot")
def fixture_boot(cloud):
    """boot(name, metadata): a guest that is deleted at the end."""
    made = []

    def boot(name, metadata):
        made.append(cloud.nova.boot(name, HOST, metadata))
        return made[-1]

    yield boot
    for guest in made:
        cloud.nova.delete(guest)


def report(ours, guest):
    """Says what an instance monitor says when a guest's process has died; returns the notification
    once its recovery has ended."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    made = ours.rest.post("/notifications", {"notification": {
        "type": "VM", "hostname": HOST, "generated_time": now, "payload": {
            "event": "LIFECYCLE", "instance_uuid": guest, "vir_domain_event": "STOPPED_FAILED"}}})
    path = f"/notifications/{made['notification']['notification_uuid']}"

    def ended():
        shown = ours.rest.get(path)["notification"]
        return shown if shown["status"] not in ("new", "running") else None

    return wait_until(ended, 150, f"the end of {path}", 0.3)


def orders(cloud, guest):
    """What Nova was told to do to a guest, the oldest first."""
    found = cloud.nova.call("GET", f"/servers/{guest}/os-instance-actions")["instanceActions"]
    return [entry["action"] for entry in reversed(found)]


def test_a_failed_guest_is_stopped_and_started(cloud, ours, boot):
    guest = boot("ha-guest", {"HA_Enabled": "True"})
    shown = report(ours, guest)
    assert shown["status"] == "finished", shown
    assert [step["state"] for step in shown["recovery_workflow_details"]] == ["SUCCESS"] * 3, shown
    assert orders(cloud, guest) == ["create", "stop", "start"]
    assert cloud.nova.server(guest)["status"] == "ACTIVE"


def test_a_guest_that_is_not_ha_enabled_is_left_alone(cloud, ours, boot):
    guest = boot("plain-guest", {})
    shown = report(ours, guest)
    assert shown["status"] == "finished", shown
    assert "is not Ha_Enabled" in str(shown["recovery_workflow_details"])
    assert orders(cloud, guest) == ["create"]
