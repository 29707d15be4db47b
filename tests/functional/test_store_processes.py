# SPDX-License-Identifier: Apache-2.0
"""One database used by several processes, by processes that are killed, and by other programs."""
import random
import signal
import sqlite3
import subprocess
import time

import pytest

from kit.services import BUILD, program, write_config

WORK = BUILD / "tests" / "tools" / "store-work"
PROCESSES = 3
THREADS = 3


@pytest.fixture(name="database")
def make_database(tmp_path):
    """A synced database with a segment and the host h1."""
    path = tmp_path / "masakari.sqlite"
    config = write_config(tmp_path / "m.conf", {"database": {"connection": f"sqlite:///{path}"}})
    subprocess.run([program("masakari-manage"), "--config-file", config, "db", "sync"],
                   check=True, timeout=60)
    answers = subprocess.run([WORK, path, "5000"], input="open\nsetup\n", text=True, check=True,
                             capture_output=True, timeout=60).stdout.split()
    assert answers == ["done", "done"]
    return path


def work(path, *arguments):
    """A store-work process on the database."""
    return subprocess.Popen([WORK, path, "30000", *map(str, arguments)], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def rows(path, sql):
    """What another program reads in the file."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def finish(process):
    """The lines that a process printed; it must end well."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    return out.split("\n")[:-1]


def test_each_notification_is_claimed_by_one_engine(database):
    """Threads of several processes race for the same notifications."""
    finish(work(database, "post", 150, "vm"))
    engines = [work(database, "claim", THREADS) for _ in range(PROCESSES)]
    claimed = [uuid for engine in engines for uuid in finish(engine)]
    stored = [uuid for uuid, in rows(database, "SELECT notification_uuid FROM notifications")]
    assert len(stored) == 150
    assert sorted(claimed) == sorted(stored)
    assert rows(database, "SELECT DISTINCT status FROM notifications") == [("finished",)]
    assert rows(database, "SELECT DISTINCT epoch, state FROM masakari_c_claims") == [(1, "ended")]


def test_of_racing_duplicates_one_is_accepted(database):
    """Several processes report the same failures at the same time."""
    reporters = [work(database, "post", 60, "vm") for _ in range(PROCESSES)]
    accepted = [line.split()[0] for reporter in reporters for line in finish(reporter)]
    assert sorted(accepted) == sorted(f"vm-{i}" for i in range(60))
    assert rows(database, "SELECT count(*) FROM notifications") == [(60,)]


def test_a_killed_writer_loses_nothing_it_was_told_is_accepted(database):
    """kill -9 at random moments: what was printed is there, and the file is sound."""
    choose = random.Random(20261123)
    accepted = []
    for attempt in range(25):
        writer = work(database, "post", 1000000, f"try{attempt}")
        first = writer.stdout.readline()
        time.sleep(choose.uniform(0, 0.05))
        writer.send_signal(signal.SIGKILL)
        # communicate() would lose what readline() has read ahead.
        out = writer.stdout.read()
        writer.communicate(timeout=60)
        # The last line may be cut by the kill; a whole line was accepted.
        lines = (first + out).split("\n")[:-1]
        accepted += [line.split()[1] for line in lines]
    assert len(accepted) > 25
    stored = {uuid for uuid, in rows(database, "SELECT notification_uuid FROM notifications")}
    assert set(accepted) <= stored
    # At most the one that each writer was about to print is there beyond them.
    assert len(stored) - len(accepted) <= 25
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]


def test_a_killed_engine_leaves_whole_claims(database):
    """kill -9 of engines: a running notification has a claim, an ended one an end."""
    finish(work(database, "post", 400, "vm"))
    choose = random.Random(7)
    for _ in range(10):
        engine = work(database, "claim", THREADS)
        engine.stdout.readline()
        time.sleep(choose.uniform(0, 0.03))
        engine.send_signal(signal.SIGKILL)
        engine.communicate(timeout=60)
    states = rows(database, "SELECT n.status, c.state, c.ended_at IS NOT NULL, count(*) "
                            "FROM notifications n LEFT JOIN masakari_c_claims c "
                            "ON c.notification_uuid = n.notification_uuid GROUP BY 1, 2, 3")
    assert {state[:3] for state in states} <= {
        ("new", None, 0), ("running", "active", 0), ("finished", "ended", 1)}
    assert sum(state[3] for state in states) == 400


def test_other_programs_read_and_write_the_tables(database):
    """The schema needs nothing that only our programs bring, such as a collation."""
    connection = sqlite3.connect(database)
    connection.execute(
        "INSERT INTO failover_segments (created_at, deleted, uuid, name, service_type, "
        "recovery_method, enabled) VALUES ('2026-11-23 07:08:38.000000', 0, "
        "'b82d8de7-18b0-457e-9e82-580071a2b7e8', 'Second', 'COMPUTE', 'auto', 1)")
    connection.commit()
    assert connection.execute("SELECT name FROM failover_segments ORDER BY name").fetchall() == [
        ("Second",), ("segment",)]
    connection.close()
    assert rows(database, "SELECT version_num FROM masakari_alembic_version") == [
        ("13adff5efb9a",)]
    assert rows(database, "SELECT version_num FROM alembic_version") == [("00af93df9d77",)]
