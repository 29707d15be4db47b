# SPDX-License-Identifier: Apache-2.0
"""masakari-manage: what it prints and how it ends."""
import os
import pathlib
import random
import re
import subprocess
import time

import pytest

from kit.services import program, write_config

EX_USAGE = 2  # as Python's argparse
NEWEST = "13adff5efb9a"


@pytest.fixture(name="manage")
def make_manage(tmp_path):
    """Runs masakari-manage on a database that is not there yet."""
    path = tmp_path / "data" / "masakari.sqlite"
    path.parent.mkdir()
    config = write_config(tmp_path / "m.conf", {"database": {"connection": f"sqlite:///{path}"}})

    def run(*arguments):
        return subprocess.run([program("masakari-manage"), "--config-file", config, *arguments],
                              text=True, capture_output=True, check=False, timeout=60)

    run.path = path
    run.config = config
    return run


def test_sync_makes_the_tables_and_version_tells(manage):
    """As the Python tool prints it: None before, the revision after; sync prints nothing."""
    before = manage("db", "version")
    assert (before.returncode, before.stdout) == (0, "None\n")
    assert not manage.path.exists()
    for _ in range(2):
        done = manage("db", "sync")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    after = manage("db", "version")
    assert (after.returncode, after.stdout) == (0, NEWEST + "\n")
    assert manage.path.stat().st_mode & 0o137 == 0


def test_sync_stops_at_a_revision(manage):
    """And goes on from there."""
    assert manage("db", "sync", "8f848eb45d03").returncode == 0
    assert manage("db", "version").stdout == "8f848eb45d03\n"
    assert manage("db", "sync").returncode == 0
    assert manage("db", "version").stdout == NEWEST + "\n"


def test_syncs_at_the_same_time_agree(manage):
    """Several controllers may be deployed at once."""
    for _ in range(5):
        command = [program("masakari-manage"), "--config-file", manage.config, "db", "sync"]
        running = [subprocess.Popen(command, text=True, stderr=subprocess.PIPE) for _ in range(4)]
        for process in running:
            _, err = process.communicate(timeout=60)
            assert process.returncode == 0, err
        assert manage("db", "version").stdout == NEWEST + "\n"
        for path in manage.path.parent.iterdir():
            path.unlink()


def test_a_killed_sync_is_finished_by_the_next(manage):
    """kill -9 at random moments: a step is applied whole or not at all."""
    choose = random.Random(42)
    command = [program("masakari-manage"), "--config-file", manage.config, "db", "sync"]
    for _ in range(15):
        for path in manage.path.parent.iterdir():
            path.unlink()
        with subprocess.Popen(command) as process:
            time.sleep(choose.uniform(0, 0.06))
            process.kill()
        done = manage("db", "sync")
        assert done.returncode == 0, done.stderr
        assert manage("db", "version").stdout == NEWEST + "\n"


@pytest.mark.parametrize("arguments, said", [
    ([], "is no command"),
    (["db"], "'db' is no command"),
    (["db", "frobnicate"], "'db frobnicate' is no command"),
    (["db", "sync", "1", "2"], "'db sync 1 2' is no command"),
    (["db", "sync", "8"], "no longer supported"),
    (["db", "sync", "cafe"], "the newest is " + NEWEST),
    (["db", "version", "1"], "takes no argument"),
])
def test_bad_commands_are_named(manage, arguments, said):
    """With what is allowed, on standard error, and nothing is made."""
    result = manage(*arguments)
    assert result.returncode == (1 if "is no command" not in said and "sync" in arguments
                                 else EX_USAGE)
    assert said in result.stderr
    assert result.stdout == ""
    assert not manage.path.exists()


@pytest.mark.parametrize("connection, said", [
    ("", "connection is not set"),
    ("postgresql://u:sesame@db/masakari", "does not know"),
    ("mysql+pymysql://u:sesame@127.0.0.1:1/masakari", "server cannot be reached"),
    ("mysql+pymysql://u:sesame@127.0.0.1/", "names no database"),
    ("sqlite:///relative.sqlite", "four slashes"),
    ("sqlite:////no/such/directory/x.sqlite", "make its directory"),
])
def test_connections_that_cannot_be_used_are_explained(tmp_path, connection, said):
    """And a password in one is never shown."""
    config = write_config(tmp_path / "m.conf", {"database": {"connection": connection}})
    result = subprocess.run([program("masakari-manage"), "--config-file", config, "db", "sync"],
                            text=True, capture_output=True, check=False, timeout=60)
    assert result.returncode != 0
    assert said in result.stderr
    assert "sesame" not in result.stderr
    assert len(result.stderr.splitlines()) == 1


def test_a_file_of_another_kind_is_left_alone(manage):
    """However often it is tried."""
    content = b"not a database " * 100
    manage.path.write_bytes(content)
    result = manage("db", "sync")
    assert result.returncode != 0
    assert "not a SQLite database" in result.stderr
    assert str(manage.path) in result.stderr
    assert manage.path.read_bytes() == content


def test_a_closed_standard_output_is_a_failure(manage):
    """A version that nobody can read was not printed."""
    assert manage("db", "sync").returncode == 0
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run(
            [program("masakari-manage"), "--config-file", manage.config, "db", "version"],
            stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    assert result.returncode != 0
    assert "standard output" in result.stderr


def test_help_names_the_commands():
    """--help and --version need no configuration."""
    shown = subprocess.run([program("masakari-manage"), "--help"], text=True, capture_output=True,
                           check=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert "db sync" in shown.stdout
    assert "db version" in shown.stdout
    version = subprocess.run([program("masakari-manage"), "--version"], text=True,
                             capture_output=True, check=True, timeout=60)
    assert re.search(r"\d+\.\d+\.\d+", version.stdout)
    assert pathlib.Path(program("masakari-manage")).exists()
