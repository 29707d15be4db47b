# SPDX-License-Identifier: Apache-2.0
"""The instance monitor and an API behind a real Keystone: token and endpoint come from there."""
import json

import pytest

from kit.host import wait_until
from kit.keystone import PASSWORD, REGION
from kit.python_twin import KeystoneRest
from kit.services import Services

HOST = "monitored"


@pytest.fixture(scope="module", name="ours")
def fixture_ours(cloud):
    """Our API with Keystone, registered in the catalogue, with a segment that has the host."""
    with Services() as ours:
        ours.options["DEFAULT"]["auth_strategy"] = "keystone"
        ours.options["keystone_authtoken"] = {**cloud.keystone.auth("masakari"),
                                              "token_cache_time": 1}
        ours.options["libvirt"] = {"host_uris": f"{HOST}:test:///default"}
        ours.rest = KeystoneRest(ours.port, cloud.keystone, version="1.3")
        ours.db_sync()
        ours.api()
        cloud.keystone.register("masakari", "instance-ha", f"http://127.0.0.1:{ours.port}")
        ours.rest.post(f"/segments/{segment(ours)}/hosts", {"host": {
            "name": HOST, "type": "KVM", "control_attributes": "SSH"}})
        yield ours


def segment(ours):
    """The uuid of a new segment."""
    return ours.rest.post("/segments", {"segment": {
        "name": "monitored", "recovery_method": "auto",
        "service_type": "COMPUTE"}})["segment"]["uuid"]


@pytest.fixture(name="monitor")
def fixture_monitor(cloud, ours):
    """A monitor with the options that deployment tools write for the Python one."""
    with Services(name=HOST) as monitor:
        monitor.monitor_options["libvirt"] = {"connection_uri": "test:///default"}
        monitor.monitor_options["callback"] = {"retry_max": 2, "retry_interval": 1}
        monitor.monitor_options["api"] = {
            "auth_url": cloud.keystone.base, "auth_type": "password", "username": "masakari",
            "password": PASSWORD, "project_name": "service", "user_domain_id": "default",
            "project_domain_id": "default", "region": REGION, "api_interface": "internal"}
        yield monitor


def put_report(monitor, number):
    """A report as an earlier run of the monitor left it; returns the spool."""
    guest = f"6d1ec2b4-4d0b-4b3c-8b1e-{number:012d}"
    spool = monitor.dir / "monitor-state" / "instancemonitor" / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    (spool / f"{number:020d}.json").write_text(json.dumps({
        "version": 1, "subject": guest, "incident": f"{guest}:{number}", "vital": True,
        "says_down": False, "notification": {
            "type": "VM", "hostname": HOST,
            "generated_time": f"2026-11-23T07:08:{number:02d}.733897", "payload": {
                "event": "LIFECYCLE", "instance_uuid": guest,
                "vir_domain_event": "STOPPED_FAILED"}}}), encoding="utf-8")
    return spool


def log_of(monitor):
    """The monitor's log so far."""
    return (monitor.dir / "log" / "masakari-instancemonitor.log").read_text(encoding="utf-8")


def wait_delivered(ours, spool, number):
    """Waits until the API has the report."""
    wait_until(lambda: not list(spool.glob("*.json")), 150, "the report to be delivered", 0.2)
    assert f"07:08:{number:02d}" in str(ours.rest.notifications())


def test_a_report_reaches_an_api_that_wants_a_token(ours, monitor):
    spool = put_report(monitor, 1)
    process = monitor.monitor()
    wait_delivered(ours, spool, 1)
    assert PASSWORD + '"' not in log_of(monitor)
    assert process.stop() == 0


def test_an_application_credential(cloud, ours, monitor):
    headers, body = cloud.keystone.call("POST", "/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": "masakari", "domain": {"id": "default"}, "password": PASSWORD}}},
        "scope": {"project": {"name": "service", "domain": {"id": "default"}}}}})
    user = body["token"]["user"]["id"]
    _, made = cloud.keystone.call(
        "POST", f"/users/{user}/application_credentials",
        {"application_credential": {"name": "monitor", "secret": "sesame"}},
        headers["X-Subject-Token"])
    monitor.monitor_options["api"] = {
        "auth_type": "v3applicationcredential", "auth_url": cloud.keystone.url,
        "application_credential_id": made["application_credential"]["id"],
        "application_credential_secret": "sesame"}
    spool = put_report(monitor, 2)
    monitor.monitor()
    wait_delivered(ours, spool, 2)


def test_nothing_is_lost_while_keystone_is_away_or_knows_no_endpoint(cloud, ours, monitor):
    monitor.monitor_options["api"]["region"] = "elsewhere"
    spool = put_report(monitor, 3)
    process = monitor.monitor()
    wait_until(lambda: "still fails after 2 tries" in log_of(monitor), 150, "the error", 0.2)
    assert "has no internal endpoint of service type instance-ha in region elsewhere" in log_of(
        monitor)
    assert process.stop() == 0 and list(spool.glob("*.json"))
    monitor.monitor_options["api"]["region"] = REGION
    cloud.keystone.stop()
    try:
        before = log_of(monitor).count("still fails after 2 tries")
        process = monitor.monitor()
        wait_until(lambda: log_of(monitor).count("still fails after 2 tries") > before, 150,
                   "the error", 0.2)
    finally:
        cloud.keystone.start()
    wait_delivered(ours, spool, 3)
    assert process.stop() == 0
