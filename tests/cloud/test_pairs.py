# SPDX-License-Identifier: Apache-2.0
"""Each API with each engine, ours and Debian's Python ones, on one database, one broker and a real
Nova: a guest that failed is recovered, and the API that took the report tells the story.

The database is one that Debian's masakari-manage has made, ours takes over, and the Python service
gets back."""
import pytest

from kit.python_twin import PythonTwin
from kit.recovery_site import Reports
from kit.services import Services

HOST = "cmp4"


@pytest.fixture(scope="module", name="pair_db")
def fixture_pair_db(cloud):
    """Our services and their Python twins on a database that Debian's masakari-manage has made."""
    with Services() as ours:
        cloud.configure(ours)
        cloud.mariadb.create("pairs")
        ours.options["database"]["connection"] = cloud.mariadb.url("pairs")
        twin = PythonTwin(ours.dir / "python", cloud, ours.options["database"]["connection"])
        twin.db_sync()
        yield ours, twin
        twin.close()


@pytest.fixture(name="guest")
def fixture_guest(cloud):
    made = cloud.nova.boot("pair-guest", HOST, {"HA_Enabled": "True"})
    yield made
    cloud.nova.delete(made)


def orders(cloud, guest):
    """What Nova was told to do to a guest, the oldest first."""
    found = cloud.nova.call("GET", f"/servers/{guest}/os-instance-actions")
    return [entry["action"] for entry in reversed(found["instanceActions"])]


def contents(cloud):
    """The rows of every table that the Python service knows, {table: [{column: text}]}."""
    tables = cloud.mariadb.sql("SELECT table_name FROM information_schema.tables WHERE table_schema"
                               " = 'pairs' AND table_name NOT LIKE 'masakari_c%'")
    found = {}
    for (table,) in tables:
        with cloud.mariadb.rows("pairs") as execute:
            rows = execute(f"SELECT * FROM {table}")
            names = [column[0] for column in rows.description]
            found[table] = [dict(zip(names, row)) for row in sorted(rows.fetchall(), key=repr)]
    return found


def take_over(cloud, ours):
    """Our masakari-manage adds columns and tables, and a version in alembic's words; nothing that
    was there before changes. Again, it changes nothing."""
    before = contents(cloud)
    ours.db_sync()
    after = contents(cloud)
    new = {"failover_segment_uuid": None, "message": None}
    is_first = "masakari_alembic_version" not in before
    assert after.pop("masakari_alembic_version") == [{"version_num": "13adff5efb9a"}]
    before.pop("masakari_alembic_version", None)
    assert before["migrate_version"][0]["version"] == 7
    assert before["alembic_version"] == [{"version_num": "40fc8c914bd2"}]
    if is_first:
        assert after.pop("vmoves") == []
        before["notifications"] = [{**row, **new} for row in before["notifications"]]
    assert after == before


@pytest.mark.parametrize("api_kind", ["python", "ours"])
@pytest.mark.parametrize("engine_kind", ["python", "ours"])
def test_a_failed_guest_is_recovered(cloud, pair_db, guest, api_kind, engine_kind):
    ours, twin = pair_db
    if "ours" in (api_kind, engine_kind):
        take_over(cloud, ours)
    api = twin.api() if api_kind == "python" else ours.api(log_name=f"api-{engine_kind}")
    engine = twin.engine() if engine_kind == "python" else ours.engine(log_name=f"e-{api_kind}")
    reports = Reports(twin.rest if api_kind == "python" else ours.rest)
    try:
        if not reports.rest.get("/segments")["segments"]:
            reports.segment_of("auto", HOST)
        shown = reports.finish(reports.report(HOST, guest))
        assert orders(cloud, guest) == ["create", "stop", "start"]
        assert cloud.nova.server(guest)["status"] == "ACTIVE"
        details = shown["recovery_workflow_details"]
        assert details and all(step["state"] == "SUCCESS" for step in details), details
    finally:
        for program in (api, engine):
            program.stop()


def test_the_python_service_gets_its_database_back(cloud, pair_db):
    ours, twin = pair_db
    take_over(cloud, ours)
    ours.api(log_name="api-before")
    segment = ours.rest.post("/segments", {"segment": {
        "name": "made-by-ours", "recovery_method": "rh_priority", "service_type": "COMPUTE",
        "description": "Zo\u00eb", "enabled": False}})["segment"]
    ours.rest.post(f"/segments/{segment['uuid']}/hosts", {"host": {
        "name": "cmp3", "type": "KVM", "control_attributes": "SSH", "reserved": True,
        "on_maintenance": True}})
    paths = ["/segments", f"/segments/{segment['uuid']}/hosts", "/notifications"]
    ours.rest.version = "1.2"  # the newest that Debian's knows
    shown = {path: ours.rest.get(path) for path in paths}
    for entry in shown["/notifications"]["notifications"]:
        del entry["failover_segment_uuid"], entry["message"]  # Debian's does not know them
    before = contents(cloud)
    twin.db_sync()
    assert contents(cloud) == before
    twin.api()
    for path in paths:
        assert twin.rest.get(path) == shown[path], path
    renamed = twin.rest.put(f"/segments/{segment['uuid']}", {"segment": {"name": "python-again"}})
    assert renamed["segment"]["name"] == "python-again"
    assert ours.rest.get(f"/segments/{segment['uuid']}")["segment"]["name"] == "python-again"
