# SPDX-License-Identifier: Apache-2.0
"""Our API and engine with real Keystone, RabbitMQ, Placement and Nova: compute hosts die, and their
guests are evacuated, each exactly once by Nova's own records, whatever happens to the engine.

Each recovery has a host of its own to lose; the one of fifty guests runs beside the other.
What Nova's fake driver cannot show: guests have no disk and no memory, so it shows where they are
and what state Nova gives them, not that they run.
"""
import concurrent.futures
import random
import time

import pytest

from kit.host import wait_until
from kit.nova_guests import copies, forget
from kit.recovery_site import cloud_site

STATE_HOST, CRASH_HOST = "dying-states", "dying-crash"
# What a guest was made to be, and what it is after its evacuation. The Python engine does the same:
# what Nova does not evacuate is reset to error before, and stopped behind it unless it ran.
STATES = {
    "active": "active", "locked": "active", "busy": "active", "stopped": "stopped",
    "error": "error", "paused": "stopped", "suspended": "stopped", "rescued": "stopped",
    "shelved": "stopped", "resized": "active",
}
# What is on no host is left alone.
OFFLOADED = "shelved_offloaded"
ORDERS = {
    "locked": {"lock": None}, "stopped": {"os-stop": None}, "paused": {"pause": None},
    "error": {"os-resetState": {"state": "error"}}, "suspended": {"suspend": None},
    "rescued": {"rescue": {}}, "shelved": {"shelve": None}, OFFLOADED: {"shelve": None},
}
KILLS = 10
GUESTS = 50


def is_at_rest(nova, guest, vm_state):
    """Whether a guest is in a state, and nothing is being done to it."""
    seen = nova.server(guest)
    return seen["OS-EXT-STS:vm_state"] == vm_state and not seen["OS-EXT-STS:task_state"]


def wait_for(nova, wanted):
    """Waits for guests {id: vm_state} to be at rest in their states."""
    for guest, state in wanted.items():
        wait_until(lambda one=guest, vm=state: is_at_rest(nova, one, vm), 120,
                   f"a guest to be {state}", 0.3)


def guests_of_each_state(nova, host):
    """{state: id} of guests on a host. One that is resized came there by a migration that nobody
    has confirmed: from a host that gets no guests later, as Nova refuses an evacuation to the host
    where such a guest came from, once its scheduler has chosen it."""
    names = [*STATES, OFFLOADED, "deleted"]
    names.remove("resized")
    made = dict(zip(names, nova.boot_many("state", host, len(names), {"HA_Enabled": "True"})))
    # The one whose turn comes last.
    nova.call("DELETE", f"/servers/{made['deleted']}/metadata/HA_Enabled")
    made["resized"] = nova.boot("resized", CRASH_HOST)
    nova.call("POST", f"/servers/{made['resized']}/action", {"migrate": {"host": host}},
              version="2.56")
    wanted = {made["resized"]: "resized"}
    for name in ORDERS:
        for order, values in ORDERS[name].items():
            nova.act(made[name], order, values)
        wanted[made[name]] = {"locked": "active", OFFLOADED: "shelved"}.get(name, name)
    wait_for(nova, wanted)
    nova.act(made[OFFLOADED], "shelveOffload")
    wait_for(nova, {made[OFFLOADED]: OFFLOADED})
    return made


class Hosts:
    """Hosts that are to die, with their guests. Nothing else is put on them: their services are
    disabled once the guests are there."""

    def __init__(self, nova):
        both = [STATE_HOST, CRASH_HOST]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(nova.add_host, both))
            crash = pool.submit(nova.boot, "crash", CRASH_HOST)
            self.by_state = guests_of_each_state(nova, STATE_HOST)
        self.of_crash = [crash.result(), *copies(nova, crash.result(), GUESTS - 1)]
        for host in both:
            nova.enable(host, False)

    def guests(self):
        """All of them."""
        return [*self.of_crash, *self.by_state.values()]


@pytest.fixture(scope="module", name="hosts")
def fixture_hosts(cloud):
    hosts = Hosts(cloud.nova)
    yield hosts
    forget(cloud.nova, *hosts.guests())


@pytest.fixture(scope="module", name="crash", autouse=True)
def fixture_crash(cloud, hosts):
    """The recovery of fifty guests, which has begun: a future that ends with it."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        # It has a database of its own, and gets no hints that are meant for the other engines.
        yield pool.submit(recover_while_engines_die, cloud, hosts)


@pytest.fixture(scope="module", name="site")
def fixture_site(cloud):
    with cloud_site(cloud) as site:
        site.engine()
        yield site


def check_rescued(nova, host, guests):
    """Every guest {its id: its state before} was evacuated exactly once, is at rest elsewhere, and
    no lock of ours is left."""
    records = nova.call("GET", "/os-migrations?migration_type=evacuation"
                        f"&source_compute={host}", version="2.59")["migrations"]
    assert sorted((record["instance_uuid"], record["status"]) for record in records) == sorted(
        (guest, "done") for guest in guests)
    found = {seen["id"]: seen for seen in nova.call(
        "GET", "/servers/detail?all_tenants=True&limit=1000")["servers"]}
    for guest, name in guests.items():
        seen = found[guest]
        assert seen["OS-EXT-SRV-ATTR:host"] != host, (name, seen)
        assert seen["OS-EXT-STS:task_state"] is None, (name, seen)
        assert seen["OS-EXT-STS:vm_state"] == STATES[name], (name, seen)
        assert seen["locked"] == (name == "locked"), (name, seen)


def test_guests_of_each_state_leave_a_host_that_nobody_fenced(site, hosts):
    nova, guests = site.nova, dict(hosts.by_state)
    site.segment_of("auto", STATE_HOST, "cmp1")
    nova.kill_host(STATE_HOST)
    nova.act(guests["busy"], "os-stop")  # nobody hears that
    report = site.report(STATE_HOST)
    wait_until(lambda: "ongoing" in site.states(report).values(), 120, "the first evacuation", 0.05)
    deleted, offloaded = guests.pop("deleted"), guests.pop(OFFLOADED)
    nova.call("DELETE", f"/servers/{deleted}")
    shown = site.finish(report)
    assert "Gate 'heartbeat' is open" in str(shown["recovery_workflow_details"])
    check_rescued(nova, STATE_HOST, {guest: name for name, guest in guests.items()})
    assert is_at_rest(nova, offloaded, OFFLOADED) and not nova.evacuations(offloaded, STATE_HOST)
    assert site.states(report) == {**dict.fromkeys(guests.values(), "succeeded"),
                                   deleted: "ignored"}
    dead = nova.services()[STATE_HOST]
    assert dead["forced_down"] and dead["disabled_reason"] == "Masakari detected host failed."


def recover_while_engines_die(cloud, hosts):
    """Kills engines at KILLS moments of one recovery; returns what is to be checked."""
    seed = random.randrange(1 << 32)
    dice, said = random.Random(seed), [f"seed {seed}"]
    with cloud_site(cloud, transport_url="local://", host_failure_recovery_threads=8) as site:
        site.engine()
        site.engine()
        site.segment_of("auto", CRASH_HOST, "cmp1")
        site.nova.kill_host(CRASH_HOST)
        site.nova.force_down(CRASH_HOST)
        report = site.report(CRASH_HOST)
        for number in range(KILLS):
            # An evacuation is as fast as Nova: the moments are spread over all of them.
            wait_until(lambda n=number * GUESTS / KILLS: site.is_over(report) or sum(
                status != "pending" for status in site.states(report).values()) > n,
                400, f"the moment of kill {number + 1}", 0.1)
            time.sleep(2 * dice.random())
            if site.is_over(report):
                said.append(f"over before kill {number + 1}")
                break
            # One of two, and the other takes over; or both.
            for engine in dice.sample(site.engines, dice.choice((1, 1, 2))):
                engine.kill()
                site.engines.remove(engine)
                said.append(f"kill {number + 1}: {engine.name}")
            while len(site.engines) < 2:
                site.engine()
        site.finish(report)
        return said, site.states(report)


def test_fifty_guests_are_evacuated_once_by_engines_that_are_killed(cloud, hosts, crash):
    said, moves = crash.result()
    print("\n".join(said))
    assert moves == dict.fromkeys(hosts.of_crash, "succeeded")
    check_rescued(cloud.nova, CRASH_HOST, dict.fromkeys(hosts.of_crash, "active"))
    assert f"kill {KILLS}" in said[-1], said
