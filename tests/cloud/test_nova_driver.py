# SPDX-License-Identifier: Apache-2.0
"""Each operation of the driver `nova` on a real Nova, through tests/tools/nova-call.c."""
import time

import pytest

from kit.host import wait_until
from kit.nova_driver import Driver
from kit.python_twin import client_options

NOBODY = "11111111-1111-4111-8111-111111111111"


def driver_of(cloud, **options):
    """A driver with the service user's account."""
    return Driver({**client_options(cloud.keystone), **options})


@pytest.fixture(name="driver")
def _driver(cloud):
    return driver_of(cloud)


@pytest.fixture(name="guest")
def _guest(cloud):
    guest = cloud.nova.boot("driver", "cmp2", {"HA_Enabled": "True"})
    yield guest
    cloud.nova.delete(guest)


def settled(driver, guest, vm_state):
    """Waits until a guest is in a state and nothing is done to it."""
    def there():
        seen = driver.takes("server", guest)
        return seen["vm_state"] == vm_state and seen["task_state"] is None

    wait_until(there, 120, f"{guest} to be {vm_state}", 0.3)


def test_hosts_are_found_in_their_very_spelling(driver):
    answers = driver.many(["find cmp1", "find CMP1", "find nowhere"])
    assert [answer["ok"] for answer in answers] == [True, False, False]
    assert [answer["code"] for answer in answers] == [None, "not found", "not found"]
    assert driver("service", "CMP1", "nova-compute")["code"] == "not found"
    service = driver.takes("service", "cmp1", "nova-compute")
    assert service["enabled"] and service["up"] and not service["forced_down"]
    assert abs(service["answered_us"] / 1e6 - time.time()) < 120
    assert 0 <= service["answered_us"] - service["updated_us"] < 120_000_000


def test_a_server_is_locked_stopped_started_and_reset(driver, guest):
    seen = driver.takes("server", guest)
    assert (seen["vm_state"], seen["host"], seen["locked"]) == ("active", "cmp2", False)
    assert seen["metadata"] == {"HA_Enabled": "True"} and seen["memory_mib"] == 64
    for _ in range(2):
        driver.takes("lock", guest)
        assert driver.takes("server", guest)["locked"]
    driver.takes("unlock", guest)
    assert not driver.takes("server", guest)["locked"]
    assert driver("start", guest)["code"] == "conflict"
    driver.takes("stop", guest)
    settled(driver, guest, "stopped")
    refused = driver("stop", guest)
    assert (refused["code"], refused["status"], refused["unknown"]) == ("conflict", 409, False)
    driver.takes("start", guest)
    settled(driver, guest, "active")
    driver.takes("reset", guest, "error")
    settled(driver, guest, "error")
    driver.takes("reset", guest, "active")
    settled(driver, guest, "active")
    assert driver("server", NOBODY)["code"] == "not found"
    assert driver("stop", NOBODY)["code"] == "not found"


def test_servers_are_listed_by_the_very_spelling_of_their_host(driver, guest):
    assert guest in [server["uuid"] for server in driver.takes("servers", "cmp2")]
    assert driver.takes("servers", "CMP2") == []
    assert driver.takes("servers", "nowhere") == []


def test_lists_go_on_to_their_last_page(cloud, guest):
    began = int(time.time()) - 60
    wanted = {guest} | {cloud.nova.boot(f"page{i}", "cmp2") for i in range(2)}
    try:
        with cloud.nova.api_with_short_pages(2) as region:
            driver = driver_of(cloud, os_region_name=region)
            for words in (("servers", "cmp2"), ("changed", began * 1_000_000)):
                listed = [server["uuid"] for server in driver.takes(*words)]
                assert wanted <= set(listed) and len(listed) == len(set(listed)), words
    finally:
        for other in wanted - {guest}:
            cloud.nova.delete(other)


def test_aggregates(cloud, driver):
    made = cloud.nova.call("POST", "/os-aggregates", {"aggregate": {"name": "driver"}})
    number = made["aggregate"]["id"]
    try:
        driver.takes("join", number, "cmp3")
        assert driver("join", number, "cmp3")["code"] == "conflict"
        assert driver("join", number, "nowhere")["code"] == "not found"
        seen = [entry for entry in driver.takes("aggregates") if entry["id"] == number]
        assert seen == [{"id": number, "name": "driver", "hosts": ["cmp3"]}]
        driver.takes("part", number, "cmp3")
        assert driver("part", number, "cmp3")["code"] == "not found"
    finally:
        cloud.nova.call("DELETE", f"/os-aggregates/{number}")


def test_a_dead_host_is_fenced_left_and_taken_back(cloud, driver, guest):
    cloud.nova.kill_host("cmp2")
    began = int(time.time() - 5) * 1_000_000
    refused = driver("evacuate", guest)
    assert (refused["code"], refused["status"], refused["unknown"]) == ("conflict", 400, False)
    driver.takes("fence", "cmp2", "dead")
    service = driver.takes("service", "cmp2", "nova-compute")
    assert (service["up"], service["enabled"], service["forced_down"]) == (False, False, True)
    assert service["disabled_reason"] == "dead"
    assert driver("evacuate", guest, "nowhere")["code"] == "not found"
    assert driver("evacuate", guest, "cmp2")["code"] == "invalid"
    driver.takes("evacuate", guest, "cmp3")
    # The record is there before the answer; among the changed ones it is later.
    assert guest in [entry["instance_uuid"] for entry in driver.takes("migrations", "cmp2", 0)]

    def done():
        mine = [entry for entry in driver.takes("migrations", "cmp2", began)
                if entry["instance_uuid"] == guest]
        return [entry["status"] for entry in mine] == ["done"]

    wait_until(done, 120, "the evacuation to be done", 0.3)
    settled(driver, guest, "active")
    assert driver.takes("server", guest)["host"] == "cmp3"
    assert driver.takes("migrations", "CMP2", 0) == []
    assert driver("unforce", "cmp2")["code"] == "conflict"
    cloud.nova.revive("cmp2")
    driver.takes("enable", "cmp2")


def test_refusals_say_whose_they_are(cloud):
    wrong = driver_of(cloud, os_privileged_user_password="wrong")
    assert wrong("find", "cmp1")["code"] == "denied"
    nowhere = driver_of(cloud, os_region_name="RegionTwo")
    answer = nowhere("find", "cmp1")
    assert not answer["ok"] and "RegionTwo" in answer["message"]
    away = driver_of(cloud, os_privileged_user_auth_url="http://127.0.0.1:1/v3")
    answer = away("evacuate", NOBODY)
    assert (answer["code"], answer["unknown"]) == ("unavailable", False)
