# SPDX-License-Identifier: Apache-2.0
"""The instance monitor and the real masakari-api: what one posts, the other takes."""
import pytest

from kit.host import wait_until
from kit.monitoring import Monitoring
from test_instancemonitor_reports import DOWN, put_report


@pytest.fixture
def it():
    with Monitoring() as monitoring:
        monitoring.services.db_sync()
        monitoring.services.api()
        yield monitoring
        monitoring.stop_cleanly()


def wait_done(it):
    wait_until(lambda: not it.spooled(), 60, "the spool to be empty")


def test_a_report_becomes_a_notification(it):
    it.services.rest.segment_with_host("h1")
    put_report(it, 1)
    it.start_monitor()
    wait_done(it)
    notification, = it.services.rest.notifications()
    assert notification["type"] == "VM"
    assert notification["status"] == "new"
    assert notification["generated_time"] == "2026-11-23T07:08:01.000000"
    assert notification["payload"] == {"event": "LIFECYCLE", "instance_uuid": DOWN,
                                       "vir_domain_event": "STOPPED_FAILED"}
    it.wait_log(f"is accepted: notification {notification['notification_uuid']}")


def test_a_host_of_no_segment(it):
    put_report(it, 1)
    it.start_monitor()
    wait_done(it)
    assert it.services.rest.notifications() == []
    it.wait_log("on host h1 is given up, the API refuses it (400): ")


def test_what_the_api_has_already_is_posted_anew_while_it_is_down(it):
    """As after a monitor that was killed between the answer and the removal of the report."""
    it.services.rest.segment_with_host("h1")
    put_report(it, 1)
    it.start_monitor()
    wait_done(it)
    it.monitor.kill()
    put_report(it, 1)
    it.start_monitor()
    it.wait_log("was refused (409), and is posted anew while it is down")
    assert len(it.services.rest.notifications()) == 1
    assert len(it.spooled()) == 1
