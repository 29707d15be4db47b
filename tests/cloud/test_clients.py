# SPDX-License-Identifier: Apache-2.0
"""The clients that operators have, unchanged, against our API with real Keystone and Nova:
python-masakariclient's commands of the openstack client, and openstacksdk's instance_ha proxy."""
import contextlib
import importlib.metadata
import json
import sqlite3
import subprocess

import openstack
import openstack.exceptions
import pytest

from kit import host as kit_host
from kit.daemon import SYSTEM_PATH
from kit.services import Services

HOST = "cmp2"
EVENT = {"event": "STARTED", "process_name": "libvirtd"}
GONE = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}
OFFERED = {point.name for point in importlib.metadata.entry_points(group="openstack.ha.v1")}
VMOVE_COMMANDS = {"notification_vmove_list", "notification_vmove_show"}  # of newer ones
COMMANDS = {
    *(f"segment_{verb}" for verb in ("create", "delete", "list", "show", "update")),
    *(f"segment_host_{verb}" for verb in ("create", "delete", "list", "show", "update")),
    *(f"notification_{verb}" for verb in ("create", "list", "show")),
}


@pytest.fixture(scope="module", name="api")
def fixture_api(cloud):
    with Services() as services:
        cloud.configure(services)
        services.db_sync()
        services.api()
        cloud.keystone.register("masakari", "instance-ha",
                                f"http://127.0.0.1:{services.port}/v1/%(tenant_id)s")
        yield services


@pytest.fixture(name="run")
def fixture_run(cloud, api, tmp_path):
    """run(WORDS...) is one command of the openstack client: its exit status, and what it printed,
    parsed if it is JSON."""
    config = tmp_path / "clouds.yaml"
    config.write_text(json.dumps({"clouds": {"kit": {
        "auth": {"auth_url": cloud.keystone.url, "username": "admin", "password": "pw",
                 "project_name": "admin", "user_domain_id": "default",
                 "project_domain_id": "default"},
        "region_name": "RegionOne"}}}), encoding="utf-8")

    def call(*words):
        env = kit_host.environment(PATH=SYSTEM_PATH, OS_CLIENT_CONFIG_FILE=str(config),
                                   OS_CLOUD="kit")
        as_json = [] if "delete" in words else ["-f", "json"]
        result = subprocess.run(
            ["/usr/bin/openstack", "--os-ha-api-version", "1.2", *words, *as_json], env=env,
            capture_output=True, text=True, timeout=120, check=False)
        text = result.stdout.strip()
        if result.returncode == 0 and as_json:
            return 0, json.loads(text)
        return result.returncode, text + result.stderr

    return call


def must(answer):
    """What a command printed that had to succeed."""
    status, said = answer
    assert status == 0, said
    return said


def write(api, *statements):
    """Changes the database as an engine would."""
    with contextlib.closing(sqlite3.connect(api.dir / "masakari.sqlite")) as connection:
        with connection:
            for statement in statements:
                connection.execute(*statement)


def test_the_client_has_no_other_commands():
    assert OFFERED - VMOVE_COMMANDS == COMMANDS


def test_segment_commands(run):
    made = must(run("segment", "create", "cli-seg", "auto", "COMPUTE", "--description", "d1"))
    assert (made["name"], made["recovery_method"], made["is_enabled"]) == ("cli-seg", "auto", True)
    assert [row["uuid"] for row in must(run("segment", "list", "--sort", "name:asc", "--limit",
                                            "1"))] == [made["uuid"]]
    assert must(run("segment", "list", "--filters", "recovery_method=rh_priority")) == []
    assert must(run("segment", "show", "cli-seg")) == made
    changed = must(run("segment", "update", "cli-seg", "--description", "d2", "--name", "cli-seg2",
                       "--is_enabled", "False"))
    assert changed["description"] == "d2"
    assert (changed["name"], changed["is_enabled"]) == ("cli-seg2", False)
    must(run("segment", "delete", "cli-seg2"))
    status, said = run("segment", "show", "cli-seg2")
    assert status == 1 and "Segment is not found: cli-seg2" in said


def test_host_and_notification_commands(api, run):
    segment = must(run("segment", "create", "cli-hosts", "auto", "COMPUTE"))["uuid"]
    made = must(run("segment", "host", "create", HOST, "COMPUTE", "SSH", "cli-hosts", "--reserved",
                    "True"))
    assert (made["name"], made["failover_segment_id"], made["reserved"]) == (HOST, segment, True)
    status, said = run("segment", "host", "create", "nohost", "COMPUTE", "SSH", "cli-hosts")
    assert status == 1 and "Compute service with name nohost could not be found." in said
    assert [row["name"] for row in must(run("segment", "host", "list", "cli-hosts", "--filters",
                                            "reserved=True"))] == [HOST]
    assert must(run("segment", "host", "show", "cli-hosts", HOST))["uuid"] == made["uuid"]
    changed = must(run("segment", "host", "update", "cli-hosts", HOST, "--reserved", "False",
                       "--on_maintenance", "False"))
    assert changed["reserved"] is False
    report = must(run("notification", "create", "PROCESS", HOST, "2026-01-01 00:00:00",
                      json.dumps(EVENT)))
    assert (report["status"], report["source_host_uuid"]) == ("new", made["uuid"])
    assert report["payload"] == EVENT
    listed = must(run("notification", "list", "--limit", "1", "--sort", "created_at:desc"))
    assert [row["notification_uuid"] for row in listed] == [report["notification_uuid"]]
    shown = must(run("notification", "show", report["notification_uuid"]))
    assert shown["generated_time"] == "2026-01-01T00:00:00.000000"
    status, said = run("notification", "show", "nosuch")
    assert status == 1 and "Notification not found: nosuch" in said
    status, said = run("segment", "host", "delete", "cli-hosts", HOST)
    assert "can't be deleted as it is in-use to process notifications" in said
    if OFFERED & VMOVE_COMMANDS:
        check_vmove_commands(api, run)
    write(api, ["UPDATE notifications SET status = 'finished'"])
    must(run("segment", "host", "delete", "cli-hosts", HOST))
    assert must(run("segment", "host", "list", "cli-hosts")) == []


def check_vmove_commands(api, run):
    """The moves of a host's notification."""
    report = must(run("notification", "create", "COMPUTE_HOST", HOST, "2026-01-01 00:00:00",
                      json.dumps(GONE)))["notification_uuid"]
    write(api, *(["INSERT INTO vmoves (uuid, notification_uuid, instance_uuid, instance_name,"
                  " source_host, dest_host, type, status, created_at, deleted) VALUES"
                  " (?, ?, ?, ?, ?, 'cmp3', 'evacuation', 'succeeded', '2026-01-01 00:00:01', 0)",
                  (f"5e5e0000-0000-4000-8000-00000000000{number}", report,
                   f"6e6e0000-0000-4000-8000-00000000000{number}", f"vm{number}", HOST)]
                 for number in (1, 2)))
    version = ("--os-ha-api-version", "1.3")
    listed = must(run(*version, "notification", "vmove", "list", report))
    assert {(row["server_name"], row["source_host"], row["dest_host"], row["status"])
            for row in listed} == {(f"vm{number}", HOST, "cmp3", "succeeded")
                                   for number in (1, 2)}
    shown = must(run(*version, "notification", "vmove", "show", report, listed[0]["uuid"]))
    assert shown["server_id"] == listed[0]["server_id"] and shown["type"] == "evacuation"


def test_the_sdk_pages_and_filters(cloud, api):
    auth = {"auth_url": cloud.keystone.url, "username": "admin", "password": "pw",
            "project_name": "admin", "user_domain_id": "default", "project_domain_id": "default"}
    proxy = openstack.connect(auth=auth, region_name="RegionOne").instance_ha
    made = [proxy.create_segment(name=f"sdk{n}", recovery_method="auto", service_type="COMPUTE")
            for n in range(5)]
    pages = [segment.uuid for segment in proxy.segments(limit=2, sort_key="name", sort_dir="asc")
             if segment.name.startswith("sdk")]
    assert pages == [segment.uuid for segment in made]
    host = proxy.create_host(made[0].uuid, name="cmp3", type="COMPUTE", control_attributes="SSH")
    assert proxy.get_host(host.uuid, segment_id=made[0].uuid).name == "cmp3"
    assert [found.uuid for found in proxy.hosts(made[0].uuid)] == [host.uuid]
    assert proxy.update_host(host.uuid, segment_id=made[0].uuid, reserved=True).reserved is True
    assert proxy.update_segment(made[0].uuid, description="new").description == "new"
    report = proxy.create_notification(type="PROCESS", hostname="cmp3", payload=EVENT,
                                       generated_time="2026-01-01T00:00:00")
    assert proxy.get_notification(report.notification_uuid).payload == EVENT
    assert [found.notification_uuid for found in proxy.notifications(
        source_host_uuid=host.uuid)] == [report.notification_uuid]
    write(api, ["UPDATE notifications SET status = 'finished'"])
    proxy.delete_host(host.uuid, segment_id=made[0].uuid, ignore_missing=False)
    for segment in made:
        proxy.delete_segment(segment.uuid, ignore_missing=False)
    with pytest.raises(openstack.exceptions.ResourceNotFound):
        proxy.get_segment(made[0].uuid)
