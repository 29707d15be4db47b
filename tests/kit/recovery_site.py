# SPDX-License-Identifier: Apache-2.0
"""Our API and engines beside a model Nova, for recoveries of hosts.

    with ModelNova() as nova, site_with(nova) as site:   # cmp1 has been dead for a while
        guest = nova.boot("cmp1")
        site.engine()
        site.end(site.report())
"""
import contextlib
import datetime

from kit.host import wait_until
from kit.services import Services

TIMEOUT = 300


class Site:
    """The API, as many engines as a test wants, and a model Nova."""

    def __init__(self, nova, **options):
        self.nova = nova
        self.services = Services()
        self.services.options["DEFAULT"].update({
            "compute_driver": "nova", "debug": "false", "verify_interval": 1,
            "process_unfinished_notifications_interval": 1, **nova.options(), **options})
        self.services.options["instance_failure"] = {"process_all_instances": "true"}
        self.services.options["host_failure"] = {"storm_segment_percent": 0, "storm_percent": 0}
        self.n_engines = 0
        self.segment = None

    def __enter__(self):
        self.services.db_sync()
        self.services.api()
        return self

    def __exit__(self, *_):
        self.services.stop()

    def segment_of(self, method, *hosts, reserved=(), attributes=None):
        """A segment with hosts; the first one is to fail. `attributes`: control_attributes."""
        made = self.services.rest.post("/segments", {"segment": {
            "name": f"segment-{method}", "recovery_method": method, "service_type": "COMPUTE"}})
        self.segment = made["segment"]["uuid"]
        for name in (*hosts, *reserved):
            self.services.rest.post(f"/segments/{self.segment}/hosts", {"host": {
                "name": name, "type": "KVM", "control_attributes": attributes or "none",
                "reserved": name in reserved}})

    def engine(self, **kwargs):
        """One more engine."""
        self.n_engines += 1
        return self.services.engine(log_name=f"engine{self.n_engines}", **kwargs)

    def report(self, host="cmp1", guest=None):
        """Says that a host is gone, or a VM on it; returns the notification's uuid."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)
        payload = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}
        if guest is not None:
            payload = {"event": "LIFECYCLE", "instance_uuid": guest,
                       "vir_domain_event": "STOPPED_FAILED"}
        made = self.services.rest.post("/notifications", {"notification": {
            "type": "COMPUTE_HOST" if guest is None else "VM", "hostname": host,
            "generated_time": now.isoformat(), "payload": payload}})
        return made["notification"]["notification_uuid"]

    def show(self, uuid):
        """A notification as microversion 1.3 shows it."""
        status, _, body = self.services.rest.call(
            "GET", f"/notifications/{uuid}",
            headers={"OpenStack-API-Version": "instance-ha 1.3"})
        assert status == 200, body
        return body["notification"]

    def end(self, uuid, statuses=("finished", "failed", "ignored")):
        """Waits for the end of a notification, and returns it."""
        def look():
            found = self.show(uuid)
            return found if found["status"] in statuses else None

        return wait_until(look, TIMEOUT, f"the end of notification {uuid}", 0.1)

    def moves(self, uuid):
        """The vmoves of a notification, by VM."""
        status, _, body = self.services.rest.call(
            "GET", f"/notifications/{uuid}/vmoves",
            headers={"OpenStack-API-Version": "instance-ha 1.3"})
        assert status == 200, body
        return {entry["instance_uuid"]: entry for entry in body["vmoves"]}


@contextlib.contextmanager
def site_with(nova, method="auto", reserved=(), **options):
    """A site with one segment, whose host cmp1 has been dead for a while."""
    with Site(nova, **options) as site:
        site.segment_of(method, "cmp1", "cmp2", reserved=reserved)
        nova.kill_host("cmp1", ago_s=40)
        yield site
