#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures masakari-api beside the Python masakari-api under uwsgi: one run, one machine, the same
MariaDB server, Keystone and broker, the same rows. The two are measured in turn, several rounds;
each number is the median of the rounds. Whichever is measured has a CPU of its own; wrk, database,
Keystone and broker share the others. Begun on one CPU (taskset -c 0), all share it. Errors end the
run: they would be quick, and serve nobody.

    make bench-peer
    bench/bench_peer.py [--rounds R] [--seconds S] [--database mariadb|sqlite] [--floor]
        [--only NAME]...

Writes peer.md, peer.svg and peer.json into <build>/bench-results. Needs root, for the kit's
services, wrk, and Debian's packages of the set `cloud`.
"""
import argparse
import contextlib
import json
import os
import pathlib
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import report
from wrk import BadAnswers, Load, pss_mib

sys.path.insert(0, str(report.ROOT / "tests"))

from kit.cloud import Cloud
from kit.host import BUILD, tail, wait_until
from kit.python_twin import KeystoneRest, PythonTwin
from kit.mariadb import PASSWORD
from kit.services import Services, free_port

HOST = "bench"
ROWS = 1000
PAGE = 100
CONNECTIONS = (1, 16, 256)
SERVICES = ("masakari-c", "Python")
BARE = "bare"
STARTS = 3
QUIET_S = 3  # before memory after load is read: masakari-api gives back what was freed
GOALS = {"read": 30, "write": 20, "memory": 20, "start": 50}
PACKAGES = ("masakari-api", "uwsgi-core", "python3", "mariadb-server", "keystone",
            "rabbitmq-server", "wrk")


def cpus():
    """(the CPU of the service, that of wrk, those of the rest)"""
    have = sorted(os.sched_getaffinity(0))
    return have[0], have[1 % len(have)], set(have[2:]) or {have[-1]}


CPUS = cpus()


@contextlib.contextmanager
def on_cpu(number):
    """Programs that are started within run on this CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def move_children(numbers):
    """Whatever this program has started goes to these CPUs, with all its threads."""
    parents = {}
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text(encoding="latin-1")
            parents[int(stat.parent.name)] = int(text.rpartition(")")[2].split()[1])
    family = {os.getpid()}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    for pid in family - {os.getpid()}:
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), numbers)


def common(ours, theirs):
    """Our answer without what the other, of an older release, does not know."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return {key: common(ours[key], theirs[key]) for key in ours.keys() & theirs.keys()}
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [common(*pair) for pair in zip(ours, theirs)]
    return ours


class Kind:
    """One kind of request that is measured."""

    def __init__(self, name, paths, goal, durable=None):
        self.name = name
        self.paths = paths
        self.goal = goal
        self.durable = durable  # of a POST: whether each commit is synced to the disk

    @property
    def is_post(self):
        """Whether it writes."""
        return self.durable is not None


class Bench:
    """Both services with the same rows."""

    def __init__(self, cloud, directory, options):
        self.cloud = cloud
        self.dir = directory
        self.options = options
        self.ours = Services(directory / "ours")
        self.ours.dir.mkdir()
        self.twin = None
        self.token = cloud.keystone.token()
        self.loads = {}
        self.kinds = []
        self.databases = {}
        self.segment = None

    # -- the same rows for both

    def prepare(self):
        """Fills our database, and copies it for the Python service."""
        options = self.ours.options
        options["DEFAULT"].update({"auth_strategy": "keystone", "debug": "false",
                                   "transport_url": self.cloud.rabbitmq.url()})
        options["keystone_authtoken"] = self.cloud.keystone.auth("masakari")
        options["libvirt"] = {"host_uris": f"{HOST}:test:///default"}
        theirs = f"sqlite:///{self.dir}/python.sqlite"
        if self.options.database == "mariadb":
            for name in ("ours", "theirs"):
                self.cloud.mariadb.create(name)
            options["database"]["connection"] = self.cloud.mariadb.url("ours")
            theirs = self.cloud.mariadb.url("theirs")
        self.ours.db_sync()
        self._fill()
        self._copy()
        self.twin = PythonTwin(self.dir / "python", self.cloud, theirs)
        self.twin.options["DEFAULT"]["debug"] = "false"
        self.twin.options["oslo_messaging_notifications"] = {"driver": "noop"}

    def _fill(self):
        process = self.ours.api()
        rest = self.ours.rest = KeystoneRest(self.ours.port, self.cloud.keystone)
        segment, _ = rest.segment_with_host(HOST)
        self.segment = segment
        for number in range(ROWS):
            when = time.strftime("%FT%T", time.gmtime(1767225600 + number * 600))
            rest.post("/notifications", {"notification": {
                "type": "VM", "hostname": HOST, "generated_time": when,
                "payload": {"event": "LIFECYCLE", "vir_domain_event": "STOPPED_FAILED",
                            "instance_uuid": f"00000000-0000-4000-9000-{number:012d}"}}})
        posts = [Kind("POST notifications, synced", ["/v1/notifications"], "write", True),
                 Kind("POST notifications", ["/v1/notifications"], "write", False)]
        self.kinds = [Kind("GET segments", ["/v1/segments"], "read"),
                      Kind("GET segment", [f"/v1/segments/{segment}"], "read"),
                      Kind("GET notifications, pages", self._pages(rest), "read"),
                      *(posts if self.options.database == "mariadb" else posts[:1])]
        if self.options.only:
            self.kinds = [kind for kind in self.kinds if kind.name in self.options.only]
        process.stop()

    @staticmethod
    def _pages(rest):
        """The paths of all pages of the list, as clients that follow the marker ask for them."""
        path, paths, rows = f"/notifications?limit={PAGE}", [], 0
        while True:
            found = rest.get(path)["notifications"]
            if not found:
                break
            rows += len(found)
            paths.append("/v1" + path)
            path = f"/notifications?limit={PAGE}&marker={found[-1]['id']}"
        assert rows == ROWS, rows
        return paths

    def _copy(self):
        if self.options.database == "sqlite":
            ours = self.ours.dir / "masakari.sqlite"
            self.databases = {SERVICES[0]: ours, SERVICES[1]: self.dir / "python.sqlite"}
            shutil.copy(ours, self.databases[SERVICES[1]])
            return
        self.databases = {SERVICES[0]: "ours", SERVICES[1]: "theirs"}
        socket = ["-uroot", "-S", str(self.cloud.mariadb.socket)]
        with subprocess.Popen(["mariadb-dump", *socket, "ours"], stdout=subprocess.PIPE) as dump:
            subprocess.run(["mariadb", *socket, "theirs"], stdin=dump.stdout, check=True)
        # As in a database that is in use: statistics that are older than the rows mislead both.
        for name in self.databases.values():
            self.cloud.mariadb.sql("ANALYZE TABLE notifications", name)

    def forget_posts(self, name):
        """Removes what was posted, so that the next measurement finds what this one found."""
        sql = f"DELETE FROM notifications WHERE id > {ROWS}"
        if self.options.database == "mariadb":
            self.cloud.mariadb.sql(sql, self.databases[name])
            return
        with contextlib.closing(sqlite3.connect(self.databases[name], timeout=60)) as database:
            database.execute(sql)
            database.commit()

    def sync_commits(self, synced):
        """Whether MariaDB answers a COMMIT after it is on the disk (its default), or before."""
        if self.options.database == "mariadb":
            self.cloud.mariadb.sql(
                f"SET GLOBAL innodb_flush_log_at_trx_commit = {1 if synced else 2}")

    # -- the services

    def start(self, name):
        """Starts one of them; returns the ms to its first answer."""
        began = time.monotonic()
        with on_cpu(CPUS[0]):
            if name == SERVICES[0]:
                process = self.ours.api(ready=False)
                port, log, pids = self.ours.port, process.log, lambda: [process.pid]
            else:
                daemon = self.twin.api_uwsgi(self.options.processes, self.options.threads, False)
                port, log, pids = self.twin.port, daemon.log, daemon.pids
        while not self._answers(port):
            if time.monotonic() - began > 120:
                raise SystemExit(f"{name} does not answer; its log ends:\n{tail(log)}")
            time.sleep(0.0005)
        took = (time.monotonic() - began) * 1000
        self.loads[name] = Load(name, port, self.token, pids, CPUS[1])
        return took

    @staticmethod
    def _answers(port):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            opener.open(f"http://127.0.0.1:{port}/", timeout=60).read()
        except urllib.error.HTTPError as error:
            return error.code < 500  # 300: the choice of versions
        except OSError:
            return False
        return True

    def stop(self, name):
        """Stops it."""
        if name == SERVICES[0]:
            self.ours.started[-1].stop()
        else:
            self.twin.close()

    def close(self):
        """Stops all."""
        if self.twin:
            self.twin.close()
        self.ours.stop()

    # -- the least that it could take

    def bare_sql(self, kind):
        """What our service asks MariaDB for a request of this kind, a packet each."""
        if not kind.is_post:
            return ["SELECT id, created_at, updated_at, deleted_at, deleted, uuid, name,"
                    " service_type, description, recovery_method, enabled FROM failover_segments"
                    f" WHERE uuid = '{self.segment}' AND deleted = 0"]
        return [
            "INSERT INTO notifications (created_at, deleted, notification_uuid, generated_time,"
            " source_host_uuid, type, payload, status, failover_segment_uuid, message)"
            f" SELECT UTC_TIMESTAMP(), 0, UUID(), '2026-06-01', h.uuid, 'VM', '{'x' * 120}', 'new',"
            " h.failover_segment_id, NULL FROM masakari_c_lock l JOIN hosts h ON"
            f" h.name = '{HOST}' AND h.deleted = 0 AND h.on_maintenance = 0 WHERE l.id = 1 AND"
            " NOT EXISTS (SELECT 1 FROM notifications n WHERE n.source_host_uuid = h.uuid AND"
            " n.generated_time >= '9000-01-01' AND n.type = 'VM' AND n.deleted = 0 AND"
            " LOCATE('x', n.payload) > 0) FOR UPDATE"
            " RETURNING id, created_at, source_host_uuid, failover_segment_uuid"]

    @contextlib.contextmanager
    def bare(self, sql):
        """bare_mhd in the place of a service: it asks MariaDB this, and answers some bytes."""
        program, port, answer = BUILD / "bench" / "bare_mhd", free_port(), self.dir / "answer"
        answer.write_bytes(b"x" * 500)
        with on_cpu(CPUS[0]):
            process = subprocess.Popen(
                [program, str(port), answer, str(self.cloud.mariadb.port), "ours", PASSWORD,
                 "ours", *sql] if sql else [program, str(port), answer])
        try:
            wait_until(lambda: self._answers(port), 60, "bare_mhd")
            yield Load(BARE, port, self.token, lambda: [process.pid], CPUS[1])
        finally:
            process.terminate()
            process.wait()

    def compare(self):
        """Both must serve all that is measured, and say the same."""
        for kind in self.kinds:
            for path in [] if kind.is_post else kind.paths:
                ours, theirs = (json.loads(self.loads[name].must_answer(path))
                                for name in SERVICES)
                if common(ours, theirs) != theirs:
                    raise BadAnswers(f"{path} is not answered alike:\n{str(ours)[:800]}\n"
                                     f"{str(theirs)[:800]}")
        for number, name in enumerate(SERVICES):
            body = json.dumps({"notification": {
                "type": "VM", "hostname": HOST, "generated_time": "2026-05-01T00:00:00",
                "payload": {"event": "LIFECYCLE", "vir_domain_event": "STOPPED_FAILED",
                            "instance_uuid": f"00000000-0000-4000-a000-{number:012d}"}}})
            self.loads[name].must_answer("/v1/notifications", body.encode())
            self.forget_posts(name)


def say(text):
    """Tells how far it is."""
    print(f"# {time.strftime('%T')} {text}", file=sys.stderr, flush=True)


def measure_starts(bench):
    """{service: [ms]}; both run afterwards."""
    found = {name: [] for name in SERVICES}
    for number in range(STARTS):
        for name in SERVICES:
            found[name].append(bench.start(name))
            if number < STARTS - 1:
                bench.stop(name)
    say(f"starts, ms: {found}")
    return found


def measure_one(bench, name, kind, connections):
    """One service, one kind of request, one number of connections."""
    if kind.is_post:
        bench.sync_commits(kind.durable)
    for load in bench.loads.values():
        load.settle()  # the other one may still work off what wrk has left behind
    result = bench.loads[name].run(kind.paths, connections, bench.options.seconds,
                                   HOST if kind.is_post else None)
    if kind.is_post:
        bench.forget_posts(name)
    return result


def measure(bench):
    """{"cells": {(kind, connections, service): [result of each round]}, "start", "memory"}"""
    found = {"start": measure_starts(bench), "cells": {}, "memory": {name: {} for name in SERVICES}}
    bench.compare()
    for name in SERVICES:
        bench.loads[name].run(["/v1/segments"], 16, 2)
        found["memory"][name]["warm"] = pss_mib(bench.loads[name].pids())
    for number in range(bench.options.rounds):
        for kind in bench.kinds:
            for connections in CONNECTIONS:
                for name in SERVICES if number % 2 == 0 else reversed(SERVICES):
                    result = measure_one(bench, name, kind, connections)
                    found["cells"].setdefault((kind.name, connections, name), []).append(result)
                    say(f"{number + 1}, {kind.name}, {connections}, {name}: "
                        f"{result['rate']:.0f}/s, p99 {result['p99']:.1f} ms, "
                        f"CPU {result['cpu']:.3f} ms")
    found["floor"] = measure_floor(bench) if bench.options.floor else {}
    time.sleep(QUIET_S)
    for name in SERVICES:
        bench.loads[name].settle()
        found["memory"][name]["after load"] = pss_mib(bench.loads[name].pids())
    return found


def measure_floor(bench):
    """{kind: [result of each round]} of one connection to bare_mhd, without and with MariaDB."""
    found = {}
    kinds = {kind.name: kind for kind in bench.kinds if kind.is_post or kind.name == "GET segment"}
    for name, kind in {"nothing but HTTP": None, **kinds}.items():
        if kind is not None and kind.is_post:
            bench.sync_commits(kind.durable)
        with bench.bare(bench.bare_sql(kind) if kind else []) as load:
            for _ in range(bench.options.rounds):
                found.setdefault(name, []).append(load.run(
                    kind.paths if kind else ["/"], 1, bench.options.seconds,
                    HOST if kind and kind.is_post else None))
        bench.forget_posts(SERVICES[0])
        say(f"floor, {name}: {found[name]}")
    return found


def floor_table(found):
    """What libmicrohttpd and the same SQL alone reach over one connection."""
    rows = []
    for name, runs in found["floor"].items():
        bare = statistics.median(run["rate"] for run in runs)
        ours, theirs = ([run["rate"] for run in found["cells"].get((name, 1, service), [])]
                        for service in SERVICES)
        rows.append([name, f"{bare:.0f}", f"{1e6 / bare:.0f}",
                     f"{statistics.median(ours) / bare:.2f}" if ours else "",
                     f"{bare / statistics.median(theirs):.1f}" if theirs else ""])
    return report.table(["bare_mhd, 1 connection", "requests/s", "us each", "ours of it",
                         "of it to Python"], rows)


def verdict(ratio, goal):
    """The ratio and whether it reaches the goal."""
    return f"{ratio:.1f} " + ("met" if ratio >= GOALS[goal] else f"MISSED ({GOALS[goal]})")


def make_tables(kinds, found):
    """(tables in Markdown, bars of the plot)"""
    rows, bars = [], []
    for kind in kinds:
        for connections in CONNECTIONS:
            ours, theirs = (
                {key: statistics.median(run[key] for run in found["cells"][
                    kind.name, connections, name]) for key in ("rate", "p99", "cpu")}
                for name in SERVICES)
            rows.append([kind.name, connections, f"{ours['rate']:.0f}", f"{ours['p99']:.2f}",
                         f"{ours['cpu']:.3f}", f"{theirs['rate']:.1f}", f"{theirs['p99']:.1f}",
                         f"{theirs['cpu']:.2f}", f"{theirs['cpu'] / max(ours['cpu'], 1e-6):.0f}",
                         verdict(ours["rate"] / theirs["rate"], kind.goal)])
            bars.append((f"{kind.name}, {connections}", [ours["rate"], theirs["rate"]]))
    speed = report.table(["", "conn.", "ours/s", "p99 ms", "CPU ms", "Python/s", "p99 ms",
                          "CPU ms", "CPU ratio", "rate ratio"], rows)
    starts = [statistics.median(found["start"][name]) for name in SERVICES]
    rows = [["from exec to the first answer, ms", *(f"{ms:.1f}" for ms in starts),
             verdict(starts[1] / starts[0], "start")]]
    for when in ("warm", "after load"):
        sizes = [found["memory"][name][when] for name in SERVICES]
        rows.append([f"PSS {when}, MiB", *(f"{size:.1f}" for size in sizes),
                     verdict(sizes[1] / sizes[0], "memory")])
    parts = [speed, report.table(["", *SERVICES, "ratio"], rows)]
    if found["floor"]:
        parts.append(floor_table(found))
    return "\n\n".join(parts) + "\n", bars


def main():
    """Measures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=2, help="of each measurement")
    parser.add_argument("--database", choices=["mariadb", "sqlite"], default="mariadb")
    parser.add_argument("--floor", action="store_true",
                        help="measures bare_mhd as well: ninja -C build bench/bare_mhd; MariaDB")
    parser.add_argument("--only", action="append", help="a kind of request, by its name")
    parser.add_argument("--processes", type=int, default=2, help="of uwsgi")
    parser.add_argument("--threads", type=int, default=1, help="of each process of uwsgi")
    options = parser.parse_args()
    facts = report.facts(PACKAGES) + [
        ("uwsgi", f"{options.processes} processes of {options.threads} threads"),
        ("rounds", f"{options.rounds} of {options.seconds} s, {options.database}")]
    service, load, rest = CPUS
    facts.append(("CPUs", f"service {service}, wrk {load}, database and others {sorted(rest)}"))
    with tempfile.TemporaryDirectory(prefix="msk-bench") as directory, \
            Cloud(nova=False) as cloud:
        bench = Bench(cloud, pathlib.Path(directory), options)
        try:
            say("filling the databases")
            bench.prepare()
            move_children(rest)
            found = measure(bench)
        finally:
            bench.close()
    facts.append(("load after", f"{os.getloadavg()[0]:.2f}"))
    tables, bars = make_tables(bench.kinds, found)
    text = ("# masakari-api beside the Python service\n\n"
            + "\n".join(f"* {name}: {value}" for name, value in facts) + "\n\n" + tables)
    print(text)
    plot = report.bars("Requests a second, one CPU for the service (logarithmic)", SERVICES, bars)
    report.write("peer.svg", plot)
    report.write("peer.json", json.dumps({
        "facts": facts, "start": found["start"], "memory": found["memory"], "floor": found["floor"],
        "cells": [[*key, runs] for key, runs in found["cells"].items()]}, indent=1))
    print(f"written: {report.write('peer.md', text)}, and peer.svg, peer.json beside it")


if __name__ == "__main__":
    main()
