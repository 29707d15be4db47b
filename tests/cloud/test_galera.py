# SPDX-License-Identifier: Apache-2.0
"""A Galera cluster: an API and an engine on each node write at once, and the node of one is killed.
Conflicts of the nodes are tried again, every report is taken by one engine, and nothing is lost."""
import contextlib

import pytest

from fakes.nova import ModelNova
from kit.galera import Galera
from kit.load import TIMEOUT, Load, use_model, wait_all_recovered
from kit.host import wait_until
from kit.services import Services

pytestmark = pytest.mark.xdist_group("database_faults")


def conflicts(cluster):
    """How many transactions were refused as those of another node came first."""
    return sum(int(cluster.status(node, name)) for node in cluster.nodes
               for name in ("local_cert_failures", "local_bf_aborts"))


def test_writers_on_two_nodes_and_the_death_of_one():
    with Galera(2) as cluster, ModelNova(hosts=["h1"]) as nova, contextlib.ExitStack() as stack:
        first, second = cluster.nodes
        first.create("masakari")
        sites = []
        for number, node in enumerate(cluster.nodes):
            site = stack.enter_context(Services(name=f"c{number}"))
            use_model(site, nova, node.url("masakari"))
            site.options["DEFAULT"]["state_path"] = site.dir / "state"
            site.db_sync()
            site.api()
            sites.append((site, site.engine()))
        (one, _), (two, survivor) = sites
        one.rest.segment_with_host("h1")
        with Load([one.rest, two.rest], nova, threads=4) as load:
            wait_until(lambda: conflicts(cluster) > 5, TIMEOUT, "conflicts of the two nodes")
            load.wait_for(20)
            claims = second.sql("SELECT engine_uuid, COUNT(*) FROM masakari_c_claims GROUP BY 1",
                                "masakari")
            first.kill()
            load.wait_for(20)
        assert len(claims) == 2, "one engine had all"
        assert set(load.statuses) <= {202, 409, 503} and load.statuses[202] > 0, load.statuses
        wait_all_recovered(second, nova, load.accepted)
        assert survivor.alive()
