# SPDX-License-Identifier: Apache-2.0
"""Failures that are reported to an API, and what becomes of them.

    reports = Reports(rest)                      # rest: a client of any API
    reports.finish(reports.report("cmp1"))       # or report("cmp1", guest)

    with ModelNova() as nova, site_with(nova) as site:   # our API and engines beside a model Nova;
        guest = nova.boot("cmp1")                        # cmp1 has been dead for a while
        site.engine()
        site.end(site.report())

    with cloud_site(cloud) as site:              # the same among real services
"""
import contextlib
import datetime
import json

from kit.host import KitError, wait_until
from kit.services import Services

TIMEOUT = 400
HOST_GONE = {"event": "STOPPED", "host_status": "NORMAL", "cluster_status": "OFFLINE"}
OVER = ("finished", "error", "failed", "ignored")
NO_STORMS = {"storm_segment_percent": 0, "storm_percent": 0}


class Reports:
    """Reports to one API."""

    def __init__(self, rest):
        self.rest = rest

    def segment_of(self, method, *hosts, reserved=(), attributes="none", name=None):
        """A segment with hosts; returns its uuid. `attributes`: control_attributes."""
        uuid = self.rest.post("/segments", {"segment": {
            "name": name or f"segment-{method}", "recovery_method": method,
            "service_type": "COMPUTE"}})["segment"]["uuid"]
        for host in (*hosts, *reserved):
            self.rest.post(f"/segments/{uuid}/hosts", {"host": {
                "name": host, "type": "KVM", "control_attributes": attributes,
                "reserved": host in reserved}})
        return uuid

    def post(self, kind, host, payload):
        """A notification of now; returns its uuid."""
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")
        made = self.rest.post("/notifications", {"notification": {
            "type": kind, "hostname": host, "generated_time": now, "payload": payload}})
        return made["notification"]["notification_uuid"]

    def report(self, host="cmp1", guest=None):
        """Says that a host is gone, or a VM on it, as the monitors do."""
        if guest is None:
            return self.post("COMPUTE_HOST", host, HOST_GONE)
        return self.post("VM", host, {"event": "LIFECYCLE", "instance_uuid": guest,
                                      "vir_domain_event": "STOPPED_FAILED"})

    def show(self, uuid):
        """A notification."""
        return self.rest.get(f"/notifications/{uuid}")["notification"]

    def is_over(self, uuid, statuses=OVER):
        """A notification, once it has ended so; else None."""
        shown = self.show(uuid)
        return shown if shown["status"] in statuses else None

    def end(self, uuid, statuses=OVER):
        """Waits for the end of a notification, and returns it."""
        return wait_until(lambda: self.is_over(uuid, statuses), TIMEOUT,
                          f"the end of notification {uuid}", 0.2)

    def finish(self, uuid):
        """Waits for the end of a recovery, a good one, and returns the notification."""
        shown = self.end(uuid)
        if shown["status"] != "finished":
            moves = self.moves(uuid) if shown["type"] == "COMPUTE_HOST" else {}
            raise KitError(f"the recovery ended in {shown['status']}: {json.dumps(shown)}"
                           f" {json.dumps(moves)}")
        return shown

    def moves(self, uuid):
        """The vmoves of a notification, by VM."""
        found = self.rest.get(f"/notifications/{uuid}/vmoves")["vmoves"]
        return {entry["instance_uuid"]: entry for entry in found}

    def states(self, uuid):
        """What became of each VM of a notification."""
        return {vm: move["status"] for vm, move in self.moves(uuid).items()}


class OurSite(Reports):
    """An API of ours, and as many engines as a test wants. Change services.options before the
    start; it leaves nothing behind."""

    def __init__(self, nova, services):
        super().__init__(services.rest)
        self.nova = nova
        self.services = services
        self.n_engines = 0
        self.engines = []

    def __enter__(self):
        self.services.db_sync()
        self.services.api()
        return self

    def __exit__(self, *_):
        self.services.stop()

    def engine(self, **kwargs):
        """One more engine."""
        self.n_engines += 1
        self.engines.append(self.services.engine(log_name=f"engine{self.n_engines}", **kwargs))
        return self.engines[-1]


class Site(OurSite):
    """A site beside a model Nova. What ended in error is soon tried once more."""

    def __init__(self, nova, **options):
        services = Services()
        services.options["DEFAULT"].update({
            "compute_driver": "nova", "debug": "false", "verify_interval": 1,
            "process_unfinished_notifications_interval": 1, **nova.options(), **options})
        services.options["instance_failure"] = {"process_all_instances": "true"}
        services.options["host_failure"] = dict(NO_STORMS)
        super().__init__(nova, services)

    def end(self, uuid, statuses=("finished", "failed", "ignored")):
        """Waits for the end of a notification, and returns it."""
        return super().end(uuid, statuses)


@contextlib.contextmanager
def site_with(nova, method="auto", reserved=(), **options):
    """A site with one segment, whose host cmp1 has been dead for a while."""
    with Site(nova, **options) as site:
        site.segment_of(method, "cmp1", "cmp2", reserved=reserved)
        nova.kill_host("cmp1", ago_s=40)
        yield site


def cloud_site(cloud, **options):
    """A site among the services of a cloud, with a database of its own."""
    services = cloud.configure(Services())
    services.options["host_failure"] = dict(NO_STORMS)
    services.options["DEFAULT"].update(options)
    return OurSite(cloud.nova, services)
