# SPDX-License-Identifier: Apache-2.0
"""A Galera cluster: an API and an engine on each of two nodes write at once, and a node is killed.
Conflicts of the nodes are tried again, every report is recovered once, and nothing is lost."""
import collections
import contextlib
import threading

from fakes.nova import ModelNova
from kit.galera import Galera
from kit.load import TIMEOUT, Load, deliver, use_model, wait_all_recovered
from kit.host import KitError, wait_until
from kit.services import Services


def conflicts(cluster):
    """How many transactions were refused as those of another node came first."""
    return sum(int(cluster.status(node, name)) for node in cluster.nodes
               for name in ("local_cert_failures", "local_bf_aborts"))


def sync_at_once(sites):
    """`db sync` on all nodes at the same time: each sees what another has done, and goes on."""
    failures = []

    def sync(site):
        try:
            site.db_sync()
        except KitError as error:
            failures.append(error)

    threads = [threading.Thread(target=sync, args=(site,)) for site in sites]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures, failures


def engines_at_work(node):
    """How many engines have taken something."""
    return int(node.sql("SELECT COUNT(DISTINCT engine_uuid) FROM masakari_c_claims",
                        "masakari")[0][0])


def test_writers_on_two_nodes_and_the_death_of_one():
    with Galera(2) as cluster, ModelNova(hosts=["h1"]) as nova, contextlib.ExitStack() as stack:
        first, second = cluster.nodes
        first.create("masakari")
        sites = []
        for number, node in enumerate(cluster.nodes):
            site = stack.enter_context(Services(name=f"c{number}"))
            use_model(site, nova, node.url("masakari"))
            site.options["database"]["sqlite_busy_timeout"] = 1
            sites.append(site)
        wait_until(lambda: second.ask("SHOW GRANTS FOR masakari@127.0.0.1").returncode == 0,
                   TIMEOUT, "the user of the database on the second node")
        sync_at_once(sites)
        sites[1].db_sync()
        for site in sites:
            site.api()
        engines = [site.engine() for site in sites]
        sites[0].rest.segment_with_host("h1")
        # Where a report comes alone, too: one statement would not meet those of the other node.
        alone = nova.boot("h1")
        before = first.status("Com_insert_select")
        deliver([sites[0].rest], alone, collections.Counter())
        assert first.status("Com_insert_select") == before
        with Load([site.rest for site in sites], nova, threads=4) as load:
            wait_until(lambda: conflicts(cluster) > 10 and engines_at_work(second) == 2, TIMEOUT,
                       "two engines at work, and conflicts of the two nodes")
            load.wait_for(20)
            engines[0].stop()
            first.kill()
            load.wait_for(20)
        assert set(load.statuses) <= {202, 409, 503} and load.statuses[202] > 0, load.statuses
        wait_all_recovered(sites[1].rest, nova, [alone, *load.accepted])
        assert engines[1].alive()
