# SPDX-License-Identifier: Apache-2.0
"""masakari-manage and masakari-status beside Debian's Python ones, on a real MariaDB: the same
arguments lead to the same exit status and results, and db purge leaves the same rows."""
import json
import re
import subprocess

import pytest

from kit.mariadb import MariaDb
from kit.services import Services, program

# The Python tool takes seconds to import what it needs: one process does it and forks.
TWIN = """
import json, os, sys
from masakari.cmd import manage
output = sys.argv[1]
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        for number, name in ((1, "stdout"), (2, "stderr")):
            os.dup2(os.open(f"{output}/{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        sys.argv = ["/usr/bin/masakari-manage", *json.loads(line)]
        sys.exit(manage.main())
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
OLD = "2020-01-01 00:00:00"
FRESH = "2999-01-01 00:00:00"


@pytest.fixture(scope="module", name="server")
def fixture_server():
    with MariaDb() as made:
        yield made


@pytest.fixture(scope="module", name="twin")
def fixture_twin(tmp_path_factory):
    """twin(tool, arguments): the CompletedProcess of Debian's tool."""
    output = tmp_path_factory.mktemp("twin")
    with subprocess.Popen(["/usr/bin/python3", "-c", TWIN, output], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        def run(tool, *arguments):
            command = [f"/usr/bin/{tool}", *map(str, arguments)]
            if tool != "masakari-manage":
                return subprocess.run(command, capture_output=True, text=True, timeout=300,
                                      check=False)
            process.stdin.write(json.dumps(command[1:]) + "\n")
            process.stdin.flush()
            status = int(process.stdout.readline())
            said = [(output / name).read_text(encoding="utf-8") for name in ("stdout", "stderr")]
            return subprocess.CompletedProcess(command, status, *said)

        yield run
        process.stdin.close()


@pytest.fixture(name="services")
def fixture_services(server):
    server.drop("tools")
    server.create("tools")
    with Services() as made:
        made.options["database"]["connection"] = server.url("tools")
        made.db_sync()
        yield made


def ours(tool, *arguments):
    """The CompletedProcess of our tool."""
    return subprocess.run([program(tool), *arguments], capture_output=True, text=True, timeout=300,
                          check=False)


def both(services, twin, tool, *arguments):
    """What our tool and its Python twin do: their CompletedProcesses."""
    options = ("--config-file", services.config_file(), *arguments)
    return ours(tool, *options), twin(tool, *options)


@pytest.mark.parametrize("arguments", [
    ["db", "nothing"], ["db", "version", "x"], ["db", "purge", "--nothing"],
    ["db", "purge", "--age_in_days", "soon"], ["db", "purge", "--age_in_days", "-1"],
    ["db", "purge", "--age_in_days=99999"], ["db", "purge", "--max_rows", "0"],
    ["db", "purge", "--max_rows", "-2"],
])
def test_what_is_refused_ends_the_same(services, twin, arguments):
    mine, theirs = both(services, twin, "masakari-manage", *arguments)
    assert mine.returncode == theirs.returncode != 0, (mine, theirs)
    assert mine.stdout == "" and mine.stderr.startswith("masakari-manage: ")


@pytest.mark.parametrize("arguments", [
    ["--config-file", "/nowhere", "db", "version"], ["--config-dir", "/nowhere", "db", "version"],
    ["--nothing", "db", "version"], ["db", "version", "--config-file", "/nowhere"]])
def test_arguments_that_cannot_be_used_end_the_same(twin, arguments):
    mine, theirs = ours("masakari-manage", *arguments), twin("masakari-manage", *arguments)
    assert mine.returncode == theirs.returncode == 2, (mine, theirs)


@pytest.mark.parametrize("name", ["masakari-api", "masakari-engine", "masakari-manage",
                                  "masakari-status"])
def test_every_argument_of_the_python_program_is_taken(name, tmp_path):
    """What each does to the options is a matter of src/cmd/test-program_args.c."""
    shown = subprocess.run([f"/usr/bin/{name}", "--help"], capture_output=True, text=True,
                           timeout=300, check=True).stdout
    arguments = [found for line in shown.splitlines() if line.startswith("  -")
                 for found in re.findall(r"(--?[a-z][\w-]*)(?: ([A-Z_]+))?(?=,|$|  )", line)]
    assert ("--config-dir", "DIR") in arguments and ("-h", "") in arguments
    for argument, value in arguments:
        done = ours(name, argument, *([tmp_path] if value else []), "--version")
        assert (done.returncode, done.stderr) == (0, ""), (argument, done)
        assert done.stdout.startswith(f"{name} "), (argument, done)


@pytest.mark.parametrize("arguments", [
    ["--help"], ["db", "--help"], ["db", "purge", "-h"], ["db", "sync", "--help"]])
def test_help_is_given_for_commands_too(arguments):
    done = ours("masakari-manage", *arguments)
    assert (done.returncode, done.stderr) == (0, "")
    assert "--age_in_days" in done.stdout


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
def test_purge_leaves_the_same_rows(server, services, twin, arguments):
    fill(server, "tools")
    before = left(server, "tools")
    results = []
    for run in (ours, twin):
        done = run("masakari-manage", "--config-file", services.config_file(), "db", "purge",
                   *arguments)
        assert done.returncode == 0, done
        results.append(left(server, "tools"))
        server.sql("DELETE FROM vmoves; DELETE FROM notifications; DELETE FROM hosts;"
                   "DELETE FROM failover_segments", "tools")
        fill(server, "tools")
    mine, theirs = results
    assert mine == theirs
    assert len(before) - len(mine) == (3 if arguments else 6)


def test_the_upgrade_check_says_the_same(services, twin):
    for arguments in (["upgrade", "check"], ["upgrade", "check", "--json"], ["upgrade"], []):
        mine, theirs = both(services, twin, "masakari-status", *arguments)
        assert (mine.returncode, mine.stdout) == (theirs.returncode, theirs.stdout), arguments
    policy = services.dir / "policy.json"
    policy.write_text('{"admin_api": "role:admin"}', encoding="utf-8")
    services.options["oslo_policy"] = {"policy_file": policy}
    mine, theirs = both(services, twin, "masakari-status", "upgrade", "check", "--json")
    assert mine.returncode == theirs.returncode == 2
    mine, theirs = json.loads(mine.stdout), json.loads(theirs.stdout)
    assert len(mine["checks"][0].pop("details")) > 50 and theirs["checks"][0].pop("details")
    assert mine == theirs
    shown = ours("masakari-status", "--config-file", services.config_file(), "upgrade", "check")
    assert shown.returncode == 2
    lines = shown.stdout.splitlines()
    assert len({len(line) for line in lines}) == 1 and "| Result: Failure " in shown.stdout
