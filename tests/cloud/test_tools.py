# SPDX-License-Identifier: Apache-2.0
"""masakari-manage and masakari-status beside Debian's Python ones, on a real MariaDB: the same
arguments lead to the same exit status and results, and db purge leaves the same rows."""
import concurrent.futures
import json
import subprocess

import pytest

from kit.mariadb import MariaDb
from kit.services import Services, program

OLD = "2020-01-01 00:00:00"
FRESH = "2999-01-01 00:00:00"


@pytest.fixture(scope="module", name="server")
def fixture_server():
    with MariaDb() as made:
        yield made


@pytest.fixture(name="services")
def fixture_services(server):
    server.drop("tools")
    server.create("tools")
    with Services() as made:
        made.options["database"]["connection"] = server.url("tools")
        made.db_sync()
        yield made


def both(services, tool, *arguments):
    """What our tool and its Python twin do, side by side: their CompletedProcesses."""
    config = services.config_file()

    def run(path):
        return subprocess.run([path, "--config-file", config, *arguments], capture_output=True,
                              text=True, timeout=300, check=False)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        return list(pool.map(run, [program(tool), f"/usr/bin/{tool}"]))


@pytest.mark.parametrize("arguments", [
    ["db", "nothing"], ["db", "version", "x"], ["db", "purge", "--nothing"],
    ["db", "purge", "--age_in_days", "soon"], ["db", "purge", "--age_in_days", "-1"],
    ["db", "purge", "--age_in_days=99999"], ["db", "purge", "--max_rows", "0"],
    ["db", "purge", "--max_rows", "-2"],
])
def test_what_is_refused_ends_the_same(services, arguments):
    ours, twin = both(services, "masakari-manage", *arguments)
    assert ours.returncode == twin.returncode != 0, (ours, twin)
    assert ours.stdout == "" and ours.stderr.startswith("masakari-manage: ")


def fill(server, database):
    """Rows of every age and status in a database of the present schema."""
    with server.rows(database) as execute:
        for number, (deleted, when) in enumerate(((0, None), (1, OLD), (1, FRESH)), 1):
            execute("INSERT INTO failover_segments (id, uuid, name, service_type, recovery_method,"
                    " deleted, deleted_at) VALUES (?, ?, ?, 'C', 'auto', ?, ?)",
                    (number, f"s{number}", f"s{number}", deleted * number, when))
            execute("INSERT INTO hosts (uuid, name, reserved, type, control_attributes,"
                    " failover_segment_id, on_maintenance, deleted, deleted_at) VALUES"
                    " (?, ?, 0, 't', 'c', ?, 0, ?, ?)",
                    (f"h{number}", f"h{number}", f"s{number}", deleted * number, when))
            execute("INSERT INTO vmoves (uuid, notification_uuid, instance_uuid, instance_name,"
                    " deleted, deleted_at) VALUES (?, 'n', 'i', 'x', ?, ?)",
                    (f"v{number}", deleted * number, when))
        for status in ("new", "running", "error", "failed", "ignored", "finished"):
            for when in (OLD, FRESH, None):
                execute("INSERT INTO notifications (notification_uuid, type, payload, status,"
                        " source_host_uuid, generated_time, updated_at, deleted) VALUES"
                        " (?, 'VM', '{}', ?, 'h1', ?, ?, 0)",
                        (f"{status}-{when}"[:36], status, OLD, when))


def left(server, database):
    """The keys of the rows that are there."""
    return server.sql("SELECT uuid FROM failover_segments UNION ALL SELECT uuid FROM hosts UNION"
                      " ALL SELECT uuid FROM vmoves UNION ALL SELECT notification_uuid FROM"
                      " notifications ORDER BY 1", database)


@pytest.mark.parametrize("arguments", [[], ["--age_in_days", "7", "--max_rows", "3"]])
def test_purge_leaves_the_same_rows(server, services, arguments):
    fill(server, "tools")
    before = left(server, "tools")
    result = {}
    for path in (program("masakari-manage"), "/usr/bin/masakari-manage"):
        done = subprocess.run([path, "--config-file", services.config_file(), "db", "purge",
                               *arguments], capture_output=True, text=True, timeout=300,
                              check=False)
        assert done.returncode == 0, done
        result[path] = left(server, "tools")
        server.sql("DELETE FROM vmoves; DELETE FROM notifications; DELETE FROM hosts;"
                   "DELETE FROM failover_segments", "tools")
        fill(server, "tools")
    ours, twin = result.values()
    assert ours == twin
    assert len(before) - len(ours) == (3 if arguments else 6)


def test_the_upgrade_check_says_the_same(services):
    for arguments in (["upgrade", "check"], ["upgrade", "check", "--json"], ["upgrade"], []):
        ours, twin = both(services, "masakari-status", *arguments)
        assert (ours.returncode, ours.stdout) == (twin.returncode, twin.stdout), arguments
    policy = services.dir / "policy.json"
    policy.write_text('{"admin_api": "role:admin"}', encoding="utf-8")
    services.options["oslo_policy"] = {"policy_file": policy}
    ours, twin = both(services, "masakari-status", "upgrade", "check", "--json")
    assert ours.returncode == twin.returncode == 2
    ours, twin = json.loads(ours.stdout), json.loads(twin.stdout)
    assert len(ours["checks"][0].pop("details")) > 50 and twin["checks"][0].pop("details")
    assert ours == twin
    shown, _ = both(services, "masakari-status", "upgrade", "check")
    assert shown.returncode == 2
    lines = shown.stdout.splitlines()
    assert len({len(line) for line in lines}) == 1 and "| Result: Failure " in shown.stdout
