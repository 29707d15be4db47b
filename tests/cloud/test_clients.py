# SPDX-License-Identifier: Apache-2.0
"""The clients that operators have, unchanged, against our API with real Keystone and Nova:
python-masakariclient's commands of the openstack client, and openstacksdk's instance_ha proxy."""
import json
import subprocess

import openstack
import openstack.exceptions
import pytest

from kit import host as kit_host
from kit.daemon import SYSTEM_PATH
from kit.services import Services

HOST = "cmp2"
EVENT = {"event": "STARTED", "process_name": "libvirtd"}


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
        as_json = [] if {"delete"} & set(words[:3]) else ["-f", "json"]
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


def test_host_and_notification_commands(run):
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
    proxy.delete_host(host.uuid, segment_id=made[0].uuid, ignore_missing=False)
    for segment in made:
        proxy.delete_segment(segment.uuid, ignore_missing=False)
    with pytest.raises(openstack.exceptions.ResourceNotFound):
        proxy.get_segment(made[0].uuid)
