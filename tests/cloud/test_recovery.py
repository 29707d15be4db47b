# SPDX-License-Identifier: Apache-2.0
"""Our API and engine with real Keystone, RabbitMQ and Nova: a guest that failed is recovered."""
import pytest

from kit.recovery_site import cloud_site

HOST = "cmp4"


@pytest.fixture(scope="module", name="site")
def fixture_site(cloud):
    with cloud_site(cloud) as site:
        site.segment_of("auto", HOST)
        site.engine()
        yield site


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


def orders(cloud, guest):
    """What Nova was told to do to a guest, the oldest first."""
    found = cloud.nova.call("GET", f"/servers/{guest}/os-instance-actions")["instanceActions"]
    return [entry["action"] for entry in reversed(found)]


def test_a_failed_guest_is_stopped_and_started(cloud, site, boot):
    guest = boot("ha-guest", {"HA_Enabled": "True"})
    shown = site.finish(site.report(HOST, guest))
    assert [step["state"] for step in shown["recovery_workflow_details"]] == ["SUCCESS"] * 3, shown
    assert orders(cloud, guest) == ["create", "stop", "start"]
    assert cloud.nova.server(guest)["status"] == "ACTIVE"


def test_a_guest_that_is_not_ha_enabled_is_left_alone(cloud, site, boot):
    guest = boot("plain-guest", {})
    shown = site.finish(site.report(HOST, guest))
    assert "is not Ha_Enabled" in str(shown["recovery_workflow_details"])
    assert orders(cloud, guest) == ["create"]
