# SPDX-License-Identifier: Apache-2.0
"""Reports of crashed VMs, one after the other, to APIs and engines at work; and that each VM was
recovered once.

    use_model(services, nova, connection)        # before the programs start
    with Load([services.rest], nova) as load:    # nova: a fakes.nova.ModelNova with the host h1
        …                                        # load.accepted, load.statuses
    wait_all_recovered(services.rest, nova, load.accepted)
"""
import collections
import threading
import time

from kit.host import wait_until

TIMEOUT = 120
ONCE = ["os-stop", "os-start"]


def use_model(services, nova, connection):
    """Lets our services recover every VM of a model Nova, on a database."""
    services.options["database"]["connection"] = connection
    services.options["DEFAULT"].update({"compute_driver": "nova", "debug": "false",
                                        **nova.options()})
    services.options["instance_failure"] = {"process_all_instances": "true"}


def report(instance):
    """What an instance monitor says when the process of a guest has died."""
    return {"notification": {
        "type": "VM", "hostname": "h1", "generated_time": "2026-01-01T00:00:00",
        "payload": {"event": "LIFECYCLE", "instance_uuid": instance,
                    "vir_domain_event": "STOPPED_FAILED"}}}


def deliver(rests, instance, statuses):
    """Posts a report as a monitor does: again, to the next API, until it is answered 202 or 409.
    Every answer is counted, a 503 that does not say when to come back as such."""
    for attempt in range(100000):
        rest = rests[attempt % len(rests)]
        status, headers, _ = rest.call("POST", "/notifications", report(instance), timeout=90)
        statuses[status if headers.get("Retry-After") or status != 503 else "bare 503"] += 1
        if status != 503:
            return status
        time.sleep(0.05)
    raise AssertionError("503 for ever")


def wait_all_recovered(rest, nova, instances):
    """Every report has one row, which is finished, and every VM was stopped and started once."""
    def states():
        return [(row["payload"]["instance_uuid"], row["status"]) for row in rest.notifications()]

    wait_until(lambda: all(status == "finished" for _, status in states()), TIMEOUT,
               "the end of all recoveries", 0.2)
    assert sorted(uuid for uuid, _ in states()) == sorted(instances)
    orders = collections.defaultdict(list)
    with nova.lock:
        for order, uuid in nova.orders:
            orders[uuid].append(order)
    assert {uuid: orders[uuid] for uuid in instances} == {uuid: ONCE for uuid in instances}


class Load:
    """Reports crashes of ever new VMs until it ends. Each thread has the APIs in another order."""

    def __init__(self, rests, nova, threads=3):
        self.accepted = []
        self.statuses = collections.Counter()
        self._nova = nova
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(rests[i % len(rests):]
                                                     + rests[:i % len(rests)],))
            for i in range(threads)]
        for thread in self._threads:
            thread.start()

    def _run(self, rests):
        while not self._stop.wait(0.1):
            instance = self._nova.boot("h1")
            deliver(rests, instance, self.statuses)
            self.accepted.append(instance)

    def wait_for(self, more):
        """Waits until so many more were accepted."""
        seen = len(self.accepted)
        wait_until(lambda: len(self.accepted) >= seen + more, TIMEOUT, f"{more} more reports")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._stop.set()
        for thread in self._threads:
            thread.join()
