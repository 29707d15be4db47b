# SPDX-License-Identifier: Apache-2.0
"""API and engine at work while MariaDB hangs, restarts, is killed, or goes away in the middle of a
COMMIT: what was accepted is recovered once, refusals are 503 with Retry-After, and nobody has to
be restarted."""
import collections
import threading
import time

import pytest

from fakes.nova import ModelNova
from kit.host import wait_until
from kit.load import TIMEOUT, Load, deliver, report, use_model, wait_all_recovered
from kit.mariadb import MariaDb
from kit.relay import COMMIT, Relay
from kit.services import Services

pytestmark = pytest.mark.xdist_group("database_faults")


@pytest.fixture(scope="module", name="server")
def fixture_server():
    with MariaDb() as made:
        yield made


@pytest.fixture(name="nova")
def fixture_nova():
    with ModelNova(hosts=["h1"]) as made:
        yield made


@pytest.fixture(name="services")
def fixture_services(server, nova):
    server.drop("masakari")
    server.create("masakari")
    with Services() as made:
        use_model(made, nova, server.url("masakari", query="charset=utf8mb4"))
        made.options["database"]["sqlite_busy_timeout"] = 1
        made.db_sync()
        yield made


def hang_for_a_while(server):
    server.hang()
    time.sleep(3)
    server.wake()


def restart(server):
    server.stop()
    server.start()


def crash(server):
    server.kill()
    server.start()


def kill_connections(server):
    for _ in range(10):
        server.kill_connections("masakari")
        time.sleep(0.05)


def test_nothing_accepted_is_lost_or_doubled(server, nova, services):
    services.api()
    engine = services.engine()
    services.rest.segment_with_host("h1")
    with Load([services.rest], nova) as load:
        for fault in (hang_for_a_while, restart, crash, kill_connections):
            load.wait_for(10)
            fault(server)
        load.wait_for(10)
    assert set(load.statuses) <= {202, 409, 503} and load.statuses[202] > 0, load.statuses
    wait_all_recovered(services.rest, nova, load.accepted)
    assert engine.alive()


def test_a_report_that_comes_alone_is_one_statement(server, nova, services):
    services.api()
    services.rest.segment_with_host("h1")
    before = int(server.status("Com_insert_select"))
    assert services.rest.call("POST", "/notifications", report(nova.boot("h1")))[0] == 202
    assert int(server.status("Com_insert_select")) == before + 1


@pytest.mark.parametrize("fault", ["read only", "away"])
def test_a_refused_report_leaves_no_doubt(server, nova, services, fault):
    """A server that only reads has done nothing, nor has one that is not there."""
    api = services.api()
    services.rest.segment_with_host("h1")
    try:
        if fault == "away":
            server.stop()
        else:
            server.sql("SET GLOBAL read_only = 1")
        status, headers, _ = services.rest.call("POST", "/notifications",
                                                report(nova.boot("h1")))
        assert status == 503 and headers.get("Retry-After")
        assert "it is not known whether" not in api.log.read_text(encoding="utf-8")
    finally:
        if fault == "away":
            server.start()
        else:
            server.sql("SET GLOBAL read_only = 0")
    assert services.rest.call("POST", "/notifications", report(nova.boot("h1")))[0] == 202


@pytest.mark.parametrize("in_cluster", [False, True])
@pytest.mark.parametrize("is_killed", [False, True])
def test_an_answer_to_a_commit_is_lost(server, nova, services, is_killed, in_cluster):
    """At the API when it stores a report, in a cluster by a transaction, elsewhere in one
    statement; at the engine when it claims one. The server is away for so long that they cannot
    find out what became of it. With is_killed the server itself dies of it, so that it may have
    been done or not."""
    claimed, posted = nova.boot("h1"), nova.boot("h1")
    statuses = collections.Counter()

    def cut(send_on):
        if is_killed:
            threading.Thread(target=send_on, daemon=True).start()
            server.kill()
        else:
            assert send_on()

    with Relay(server.port) as api_way, Relay(server.port) as engine_way:
        def configure(way):
            services.options["database"]["connection"] = server.url("masakari").replace(
                f":{server.port}/", f":{way.port}/")

        configure(api_way)
        if in_cluster:
            pretend_cluster(api_way)
        services.api()
        services.rest.segment_with_host("h1")
        deliver([services.rest], claimed, statuses)
        row = services.rest.notifications()[0]
        engine_way.arm(row["notification_uuid"].encode(), cut, COMMIT)
        configure(engine_way)
        engine = services.engine()
        wait_until(lambda: engine_way.hits == 1, TIMEOUT, "the claim")
        if is_killed:
            server.start()
        api_way.arm(posted.encode(), cut, COMMIT if in_cluster else b"")
        status, headers, _ = services.rest.call("POST", "/notifications", report(posted),
                                                timeout=90)
        assert api_way.hits == 1 + in_cluster
        assert status == 503 and headers.get("Retry-After")
        if is_killed:
            server.start()
        wait_until(lambda: "it is not known whether" in engine.log.read_text(encoding="utf-8"),
                   TIMEOUT, "the engine to give up on its claim")
        engine_way.open()
        api_way.open()
        assert deliver([services.rest], posted, statuses) in ({202, 409} if is_killed else {409})
        wait_all_recovered(services.rest, nova, [claimed, posted])
        assert engine.alive()


def run_instead(data, change):
    """A command of MariaDB's with other statements: what `change` makes of a list of them."""
    command = b"\x03" + ";".join(change(data[5:].decode().split(";"))).encode()
    return len(command).to_bytes(3, "little") + b"\0" + command


def pretend_cluster(way):
    """The next connection is told that its server is a node of a cluster."""
    way.rewrite(b"SELECT @@wsrep_on", lambda data: run_instead(data, lambda _: ["SELECT 1"]))


def undo_behind(data):
    """A command whose transaction a cluster undoes behind the statement that takes the lock of
    writers, as MariaDB 10.11 does it: the rest of the command is run without a transaction, and
    once more, and only then it is refused."""
    return run_instead(data, lambda statements: [
        *statements[:2], "ROLLBACK", *statements[2:], *statements[2:],
        "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"])


def undo_before(data):
    """One whose transaction is gone before that statement, so that it is run without, and nothing
    is refused."""
    return run_instead(data, lambda statements: [statements[0], "ROLLBACK", *statements[1:]])


@pytest.mark.parametrize("undo", [undo_behind, undo_before])
def test_a_cluster_undoes_a_transaction_between_two_statements(server, nova, services, undo):
    """Nothing of it may be left: the token of a transaction that is gone told that it was done."""
    guest = nova.boot("h1")
    with Relay(server.port) as api_way, Relay(server.port) as engine_way:
        def configure(way):
            services.options["database"]["connection"] = server.url("masakari").replace(
                f":{server.port}/", f":{way.port}/")

        configure(api_way)
        pretend_cluster(api_way)
        services.api()
        services.rest.segment_with_host("h1")
        assert api_way.hits == 1
        api_way.rewrite(b"UPDATE masakari_c_lock", undo)
        assert services.rest.call("POST", "/notifications", report(guest))[0] == 202
        assert api_way.hits == 2
        assert len(services.rest.notifications()) == 1
        engine_way.rewrite(b"UPDATE masakari_c_lock", undo)
        configure(engine_way)
        engine = services.engine()
        wait_all_recovered(services.rest, nova, [guest])
        assert engine_way.hits == 1 and engine.alive()
