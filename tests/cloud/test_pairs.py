# SPDX-License-Identifier: Apache-2.0
"""Each API with each engine, ours and Debian's Python ones, on one database, one broker and a real
Nova: a guest that failed is recovered, and the API that took the report tells the story."""
import datetime

import pytest

from kit.host import wait_until
from kit.python_twin import PythonTwin
from kit.services import Services

HOST = "cmp4"


@pytest.fixture(scope="module", name="pair_db")
def fixture_pair_db(cloud):
    """Our services and their Python twins on a database that our masakari-manage has made."""
    with Services() as ours:
        cloud.configure(ours)
        cloud.mariadb.create("pairs")
        ours.options["database"]["connection"] = cloud.mariadb.url("pairs")
        ours.db_sync()
        twin = PythonTwin(ours.dir / "python", cloud, ours.options["database"]["connection"])
        yield ours, twin
        twin.close()


@pytest.fixture(name="guest")
def fixture_guest(cloud):
    made = cloud.nova.boot("pair-guest", HOST, {"HA_Enabled": "True"})
    yield made
    cloud.nova.delete(made)


def report(guest):
    """What an instance monitor says when the process of a guest has died."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
    return {"notification": {"type": "VM", "hostname": HOST, "generated_time": now, "payload": {
        "event": "LIFECYCLE", "instance_uuid": guest, "vir_domain_event": "STOPPED_FAILED"}}}


def orders(cloud, guest):
    """What Nova was told to do to a guest, the oldest first."""
    found = cloud.nova.call("GET", f"/servers/{guest}/os-instance-actions")
    return [entry["action"] for entry in reversed(found["instanceActions"])]


@pytest.mark.parametrize("api_kind", ["python", "ours"])
@pytest.mark.parametrize("engine_kind", ["python", "ours"])
def test_a_failed_guest_is_recovered(cloud, pair_db, guest, api_kind, engine_kind):
    ours, twin = pair_db
    api = twin.api() if api_kind == "python" else ours.api(log_name=f"api-{engine_kind}")
    engine = twin.engine() if engine_kind == "python" else ours.engine(log_name=f"e-{api_kind}")
    rest = twin.rest if api_kind == "python" else ours.rest
    try:
        if not rest.get("/segments")["segments"]:
            segment = rest.post("/segments", {"segment": {
                "name": "pairs", "recovery_method": "auto", "service_type": "COMPUTE"}})
            rest.post(f"/segments/{segment['segment']['uuid']}/hosts", {"host": {
                "name": HOST, "type": "KVM", "control_attributes": "SSH"}})
        made = rest.post("/notifications", report(guest))["notification"]
        path = f"/notifications/{made['notification_uuid']}"

        def done():
            shown = rest.get(path)["notification"]
            return shown if shown["status"] not in ("new", "running") else None

        shown = wait_until(done, 150, f"the end of {path}", 0.5)
        assert shown["status"] == "finished", shown
        assert orders(cloud, guest) == ["create", "stop", "start"]
        assert cloud.nova.server(guest)["status"] == "ACTIVE"
        details = shown["recovery_workflow_details"]
        assert details and all(step["state"] == "SUCCESS" for step in details), details
    finally:
        for program in (api, engine):
            program.stop()
