# SPDX-License-Identifier: Apache-2.0
"""The store on a real MariaDB: its unit tests, its schema beside the Python service's, a server
that is away. The recorded schema is tests/data/schema-python.sql. Faults under load are in
test_database_faults.py."""
import os
import subprocess
import threading

import pytest

from kit.host import BUILD, ROOT, KitError
from kit.mariadb import MariaDb
from kit.services import Services

STORE_TESTS = ["db", "list_query", "segment_rows", "host_rows", "notification_rows", "engine_rows",
               "claim_rows", "progress_rows", "queue_rows", "vmove_rows", "move_rows",
               "reserved_rows", "return_rows", "purge", "store", "store_lost_answer"]
RECORDED = ROOT / "tests" / "data" / "schema-python.sql"


@pytest.fixture(scope="module", name="server")
def _server():
    with MariaDb() as made:
        yield made


@pytest.fixture(name="database")
def _database(server):
    """The name of an empty database."""
    server.drop("masakari")
    server.create("masakari")
    return "masakari"


@pytest.fixture(name="services")
def _services(server, database):
    with Services() as made:
        made.options["database"]["connection"] = server.url(database, query="charset=utf8mb4")
        yield made


@pytest.mark.parametrize("name", STORE_TESTS)
def test_the_store_s_unit_tests_hold(server, name):
    url = f"mysql://root@localhost/{{}}?unix_socket={server.socket}"
    result = subprocess.run([BUILD / "src" / "store" / f"test-{name}"], capture_output=True,
                            text=True, timeout=300, check=False,
                            env={**os.environ, "MSK_TEST_DATABASE": url})
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nok " in result.stdout


# ---- the schema -------------------------------------------------------------------------------

def columns_and_keys(server, database):
    """Everything of the tables that a program could tell them apart by, without our additions."""
    where = f"table_schema = '{database}' AND table_name NOT LIKE 'masakari_c%'"
    return server.sql(
        "SELECT table_name, ordinal_position, column_name, column_type, is_nullable,"
        f" column_default, extra FROM information_schema.columns WHERE {where} ORDER BY 1, 2;"
        "SELECT table_name, index_name, seq_in_index, column_name, non_unique FROM"
        f" information_schema.statistics WHERE {where} AND index_name NOT LIKE 'masakari_c%'"
        " ORDER BY 1, 2, 3;"
        "SELECT table_name, constraint_name, referenced_table_name, delete_rule FROM"
        f" information_schema.referential_constraints WHERE constraint_schema = '{database}'"
        " ORDER BY 1, 2;"
        f"SELECT table_name, engine, table_collation FROM information_schema.tables WHERE {where}"
        " ORDER BY 1")


def test_an_empty_database_gets_the_python_service_s_tables(server, services, database):
    server.drop("recorded")
    server.create("recorded")
    server.sql(RECORDED.read_text(encoding="utf-8"), "recorded")
    assert services.manage("db", "version").stdout == "None\n"
    services.db_sync()
    services.db_sync()
    ours = columns_and_keys(server, database)
    assert len(ours) > 100
    assert ours == columns_and_keys(server, "recorded")
    assert services.manage("db", "version").stdout == "13adff5efb9a\n"
    assert server.sql("SELECT version_num FROM alembic_version", database) == [("00af93df9d77",)]


@pytest.mark.parametrize("revision", ["8f848eb45d03", "8bdf5929c5a6", "13adff5efb9a"])
def test_a_database_of_an_older_revision_is_taken_over(server, services, database, revision):
    services.manage("db", "sync", revision)
    server.sql("DROP TABLE masakari_c_migrations, masakari_c_claims, masakari_c_engines,"
               " masakari_c_lock, masakari_c_moves, masakari_c_reserved_hosts,"
               " atomdetails, flowdetails, logbooks, alembic_version;"
               " INSERT INTO failover_segments (deleted, uuid, name, service_type,"
               " recovery_method) VALUES (0, 'u', 'kept', 'COMPUTE', 'auto')",
               database)
    assert services.manage("db", "version").stdout == f"{revision}\n"
    services.db_sync()
    assert services.manage("db", "version").stdout == "13adff5efb9a\n"
    assert server.sql("SELECT name FROM failover_segments", database) == [("kept",)]


def test_a_newer_revision_is_refused(server, services, database):
    services.db_sync()
    server.sql("DROP TABLE masakari_c_migrations;"
               "UPDATE masakari_alembic_version SET version_num = 'fedcba987654'", database)
    for _ in range(2):
        with pytest.raises(KitError, match="does not know .masakari fedcba987654"):
            services.db_sync()
    assert server.sql("SELECT version_num FROM masakari_alembic_version",
                      database) == [("fedcba987654",)]


def test_two_that_sync_at_once_do_not_hinder_each_other(services):
    failures = []

    def sync():
        try:
            services.db_sync()
        except KitError as error:
            failures.append(error)

    services.config_file()
    threads = [threading.Thread(target=sync) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


# ---- connections ------------------------------------------------------------------------------

def test_mistakes_of_the_connection_are_told(server, services):
    for url, why in ((server.url("masakari", password="wrong"), "user and password are refused"),
                     (server.url("nothere", user="masakari"), "may not use the database"),
                     (server.url("masakari", query="ssl_ca=/nowhere"), "encrypted connection")):
        services.options["database"]["connection"] = url
        with pytest.raises(KitError, match=why) as caught:
            services.db_sync()
        assert "p@ss" not in str(caught.value) and "wrong@" not in str(caught.value)


def check_sync(services, url, works):
    """Whether db sync can use a connection string."""
    services.options["database"]["connection"] = url
    if works:
        services.db_sync()
    else:
        with pytest.raises(KitError, match="masakari-manage db sync ended"):
            services.db_sync()


def test_tls_is_checked():
    with MariaDb(tls=True) as server:
        server.create("masakari")
        server.sql("ALTER USER 'masakari'@'127.0.0.1' REQUIRE SSL")
        both = server.dir / "both.pem"
        both.write_text("".join((server.dir / name).read_text(encoding="ascii")
                                for name in ("client.pem", "client-key.pem")), encoding="ascii")
        known, other = f"ssl_ca={server.dir}/ca.pem", f"ssl_ca={server.dir}/other-ca.pem"
        any_name = "&ssl_check_hostname=false"
        with Services() as services:
            # The certificate is for the address alone.
            for host, query, works in (
                    ("127.0.0.1", "", False), ("127.0.0.1", "ssl=true", True),
                    ("127.0.0.1", known, True), ("localhost", known, False),
                    ("localhost", known + any_name, True), ("localhost", other + any_name, False),
                    ("127.0.0.1", other, False),
                    ("localhost", f"{known}&ssl_verify_cert=true", True),
                    ("localhost", f"{other}&ssl_verify_cert=true", False),
                    ("localhost", f"{known}&ssl_verify_identity=true", False),
                    ("127.0.0.1", f"{other}&ssl_verify_cert=false", True),
                    ("127.0.0.1", f"{known}&ssl_cert={both}", True),
                    ("127.0.0.1", f"{known}&ssl_verify_cert=true&ssl_cert={server.dir}/client.pem"
                                  f"&ssl_key={server.dir}/client-key.pem", True)):
                url = server.url("masakari", query=query).replace("@127.0.0.1", f"@{host}")
                check_sync(services, url, works)
            services.options["database"]["connection_parameters"] = "ssl=true"
            check_sync(services, server.url("masakari"), True)
            server.sql("ALTER USER 'masakari'@'127.0.0.1' REQUIRE X509")
            check_sync(services, server.url("masakari", query=known), False)
            check_sync(services, server.url("masakari", query=f"{known}&ssl_cert={both}"), True)
            server.sql("ALTER USER 'masakari'@'127.0.0.1' REQUIRE SSL")
            services.options["database"]["connection_parameters"] = (
                "ssl=true&init_command=SET%20SESSION%20no_such_thing%20%3D%201")
            check_sync(services, server.url("masakari"), False)


# ---- a server that is not there ----------------------------------------------------------------

def test_the_api_starts_without_its_server_and_finds_it(server, services):
    services.options["database"]["sqlite_busy_timeout"] = 1
    services.db_sync()
    server.stop()
    try:
        services.api()
        status, headers, _ = services.rest.call("GET", "/segments")
        assert status == 503 and headers.get("Retry-After")
    finally:
        server.start()
    assert services.rest.get("/segments") == {"segments": []}


def test_a_hung_server_holds_nobody_for_ever(server, services):
    services.options["database"]["sqlite_busy_timeout"] = 1
    services.db_sync()
    services.api()
    assert services.rest.get("/segments") == {"segments": []}
    server.hang()
    try:
        status, headers, _ = services.rest.call("GET", "/segments", timeout=60)
        assert status == 503 and headers.get("Retry-After")
    finally:
        server.wake()
    assert services.rest.get("/segments") == {"segments": []}
