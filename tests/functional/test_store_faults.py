# SPDX-License-Identifier: Apache-2.0
"""A database whose disk is full or read-only, whose lock another program holds, or whose file is
damaged: calls fail in time and say why, nothing accepted is lost, and all is well again without a
restart. A program that cannot start on it names the file and leaves it as it is."""
import os
import sqlite3
import subprocess
import time

import pytest

from kit.services import BUILD, Services, program, write_config

WORK = BUILD / "tests" / "tools" / "store-work"
TIMEOUT_MS = 300


class Store:
    """A store-work process that obeys lines."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        assert self.process.wait(timeout=60) == 0
        self.process.stdout.close()

    def ask(self, line):
        """The answer to a line."""
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().rstrip("\n")


def sync(path, config_path, prefix=()):
    """Makes the database with masakari-manage."""
    config = write_config(config_path, {"database": {"connection": f"sqlite:///{path}"}})
    subprocess.run([*prefix, program("masakari-manage"), "--config-file", config, "db", "sync"],
                   check=True, timeout=60)


class SmallDisk:
    """A mount namespace with a tmpfs of its own at `at`; nothing of it outlives its process."""

    def __init__(self, at, size):
        self.at = at
        self.process = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c",
             'mount -t tmpfs -o "size=$2" tmpfs "$1" && echo ready && exec cat', "sh", at, size],
            text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == "ready\n", "cannot mount: run the tests as root"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=60)
        self.process.stdout.close()

    def inside(self):
        """The words before a command that is to see the disk."""
        return ["nsenter", "--target", str(self.process.pid), "--mount"]

    def remount(self, options):
        """Changes the mount, as in `ro` or `size=8m`."""
        subprocess.run([*self.inside(), "mount", "-o", f"remount,{options}", self.at], check=True,
                       timeout=60)


@pytest.fixture(name="disk")
def make_disk(tmp_path):
    """A disk of 1 MiB."""
    at = tmp_path / "disk"
    at.mkdir()
    with SmallDisk(at, "1m") as disk:
        yield disk


def open_store(disk, tmp_path):
    """A store on the disk with a host to report for."""
    path = disk.at / "masakari.sqlite"
    sync(path, tmp_path / "m.conf", disk.inside())
    store = Store([*disk.inside(), WORK, path, str(TIMEOUT_MS)])
    assert store.ask("open") == "done"
    assert store.ask("setup") == "done"
    return store


def test_a_full_disk_refuses_and_keeps_what_was_accepted(disk, tmp_path):
    """Until there is room again."""
    with open_store(disk, tmp_path) as store:
        accepted = []
        answer = ""
        for i in range(5000):
            answer = store.ask(f"post vm-{i}")
            if not answer.startswith("done "):
                break
            accepted.append(answer.split()[1])
        assert answer.startswith("failed unavailable "), answer
        assert "full" in answer
        assert len(accepted) > 10
        for uuid in accepted:
            assert store.ask(f"get {uuid}") == "done new"
        disk.remount("size=8m")
        assert store.ask("post after").startswith("done ")
        for uuid in accepted:
            assert store.ask(f"get {uuid}") == "done new"


def test_a_read_only_disk_refuses_and_recovers(disk, tmp_path):
    """The kernel lets nobody remount while files are open for writing, so it is a restart that
    meets a read-only disk."""
    with open_store(disk, tmp_path) as store:
        uuid = store.ask("post before").split()[1]
    path = disk.at / "masakari.sqlite"
    disk.remount("ro")
    with Store([*disk.inside(), WORK, path, str(TIMEOUT_MS)]) as store:
        answer = store.ask("open")
        if answer == "done":
            answer = store.ask("post during")
        assert answer.startswith("failed unavailable "), answer
        assert "permissions" in answer or "may be written" in answer
        disk.remount("rw")
        # As a daemon does, it tries to open the store until it is there.
        assert store.ask("open") == "done"
        assert store.ask("post after").startswith("done ")
        assert store.ask(f"get {uuid}") == "done new"


def test_sync_on_a_disk_too_small_for_the_tables(disk, tmp_path):
    """Says that the disk is full, and can be run again."""
    path = disk.at / "masakari.sqlite"
    config = write_config(tmp_path / "m.conf", {"database": {"connection": f"sqlite:///{path}"}})
    command = [*disk.inside(), program("masakari-manage"), "--config-file", config, "db", "sync"]
    disk.remount("size=64k")
    result = subprocess.run(command, text=True, capture_output=True, check=False, timeout=60)
    assert result.returncode != 0
    assert "full" in result.stderr
    disk.remount("size=4m")
    subprocess.run(command, check=True, timeout=60)


@pytest.mark.parametrize("also_reads", [False, True])
def test_a_lock_of_another_program_is_unavailable_in_time(tmp_path, also_reads):
    """A backup tool or a hung process may hold the lock for long."""
    path = tmp_path / "masakari.sqlite"
    sync(path, tmp_path / "m.conf")
    with Store([WORK, path, str(TIMEOUT_MS)]) as store:
        assert store.ask("open") == "done"
        assert store.ask("setup") == "done"
        uuid = store.ask("post before").split()[1]
        if also_reads:
            # An exclusive locker needs the file for itself alone at first.
            store.process.stdin.close()
            assert store.process.wait(timeout=60) == 0
            store.process.stdout.close()
            store.process = subprocess.Popen([WORK, path, str(TIMEOUT_MS)], text=True,
                                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        locker = sqlite3.connect(path, isolation_level=None)
        if also_reads:
            locker.execute("PRAGMA locking_mode = EXCLUSIVE")
        locker.execute("BEGIN EXCLUSIVE")
        started = time.monotonic()
        answer = store.ask("open") if also_reads else store.ask("post during")
        took = time.monotonic() - started
        assert answer.startswith("failed unavailable "), answer
        assert "lock" in answer
        assert TIMEOUT_MS / 1000 * 0.5 < took
        if not also_reads:
            assert store.ask(f"get {uuid}") == "done new"
        locker.execute("ROLLBACK")
        locker.close()
        assert store.ask("open") == "done"
        assert store.ask("post after").startswith("done ")


# -- programs that start on it -------------------------------------------------------------------

def start_and_fail(name, path, prefix=()):
    """Starts a program on the database, which must end by itself; (exit status, last line)."""
    with Services() as services:
        services.options["database"]["connection"] = f"sqlite:///{path}"
        result = subprocess.run([*prefix, program(name), "--config-file", services.config_file()],
                                text=True, capture_output=True, check=False, timeout=60)
    return result.returncode, result.stderr.splitlines()[-1]


@pytest.mark.parametrize("name", ["masakari-engine", "masakari-api"])
@pytest.mark.parametrize("header", [b"garbage " * 12 + b"junk",
                                    b"SQLite format 3\0" + b"\xff" * 84],
                         ids=["no database", "torn header"])
def test_a_damaged_database_is_named_and_left_alone(tmp_path, name, header):
    path = tmp_path / "masakari.sqlite"
    sync(path, tmp_path / "m.conf")
    damaged = header + path.read_bytes()[len(header):]
    path.write_bytes(damaged)
    status, said = start_and_fail(name, path)
    assert status == os.EX_SOFTWARE
    assert f"database {path}: " in said
    assert "restore it from a backup" in said
    assert path.read_bytes() == damaged
    assert not (tmp_path / "masakari.sqlite-journal").exists()


@pytest.mark.parametrize("name", ["masakari-engine", "masakari-api"])
def test_a_read_only_database_is_named_and_left_alone(disk, tmp_path, name):
    path = disk.at / "masakari.sqlite"
    sync(path, tmp_path / "m.conf", disk.inside())
    digest = [*disk.inside(), "sha256sum", path]
    before = subprocess.check_output(digest)
    disk.remount("ro")
    status, said = start_and_fail(name, path, disk.inside())
    assert status == os.EX_TEMPFAIL
    assert f"database {path}: " in said
    assert "may be written" in said or "cannot be written" in said
    assert subprocess.check_output(digest) == before
    disk.remount("rw")
    # The service manager starts it again, and then it stays.
    with Services() as services:
        services.options["database"]["connection"] = f"sqlite:///{path}"
        config = services.config_file()
        process = subprocess.Popen([*disk.inside(), program(name), "--config-file", config],
                                   text=True, stderr=subprocess.PIPE)
        line = ""
        while " is ready" not in line:
            line = process.stderr.readline()
            assert line, "it has ended"
        process.terminate()
        process.communicate(timeout=60)
        assert process.returncode == 0
