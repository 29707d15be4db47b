#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures masakari-api beside the Python masakari-api under uwsgi: one run, one machine, the same
Keystone, broker and kind of database, the same rows. Each service has CPU 0 for itself, wrk has
CPU 1. Needs wrk and Debian's packages masakari-api, uwsgi, keystone, rabbitmq-server, mariadb.

    bench/bench_peer.py [--seconds S] [--database mariadb|sqlite] [--million]

What runs on CPU 1 besides wrk (Keystone, broker, database) takes from the faster service more than
from the slower one. Errors are counted and shown: an answer that is no 2xx is no request served.
"""
import argparse
import contextlib
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kit.cloud import Cloud
from kit.python_twin import KeystoneRest, PythonTwin
from kit.services import Services

HOST = "bench"
ROWS = 1000
CONNECTIONS = (1, 16, 256)
SERVICES = ("ours", "Python")


@contextlib.contextmanager
def on_cpu(number):
    """Programs that are started within run on one CPU."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def pss_mib(pids):
    """Proportional set size of processes."""
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        total += int(re.search(r"^Pss: +(\d+)", text, re.M)[1])
    return total / 1024


class Load:
    """wrk against one service."""

    series = 0

    def __init__(self, port, token):
        self.base = f"http://127.0.0.1:{port}/v1"
        self.headers = ["-H", f"X-Auth-Token: {token}", "-H", "Content-Type: application/json",
                        "-H", "OpenStack-API-Version: instance-ha 1.0"]

    def run(self, path, connections, seconds, post=False):
        """(2xx a second, p99 in ms, answers that were no 2xx)"""
        argv = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                "--latency", "--timeout", "30s", *self.headers]
        if post:
            Load.series += 1
            argv += ["-s", ROOT / "bench/post_notifications.lua"]
        argv.append(self.base + path)
        if post:
            argv += ["--", HOST, str(Load.series)]
        for _ in range(20):
            done = subprocess.run(list(map(str, argv)), capture_output=True, text=True,
                                  check=False)
            if done.returncode == 0:
                break
            time.sleep(1)  # a server whose queue is still full refuses the first connection
        text = done.stdout
        found = re.search(r"(\d+) requests in ([\d.]+)(m?)s", text)
        took = float(found[2]) * (60 if found[3] else 1)
        bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        bad = int(bad[1]) if bad else 0
        last, unit = re.search(r"99% +([\d.]+)(us|ms|s|m)", text).groups()
        p99 = float(last) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}[unit]
        return (int(found[1]) - bad) / took, p99, bad


class Bench:
    """Both services with the same rows."""

    def __init__(self, cloud, directory, database):
        self.cloud = cloud
        self.dir = directory
        self.ours = Services()
        self.twin = None
        self.database = database
        self.token = cloud.keystone.token()

    def prepare(self):
        """Fills our database, and copies it for the Python service."""
        options = self.ours.options
        options["DEFAULT"].update({"auth_strategy": "keystone", "debug": "false",
                                   "transport_url": self.cloud.rabbitmq.url()})
        options["keystone_authtoken"] = self.cloud.keystone.auth("masakari")
        options["libvirt"] = {"host_uris": f"{HOST}:test:///default"}
        theirs = f"sqlite:///{self.dir}/python.sqlite"
        if self.database == "mariadb":
            self.cloud.mariadb.create("ours")
            self.cloud.mariadb.create("theirs")
            options["database"]["connection"] = self.cloud.mariadb.url("ours")
            theirs = self.cloud.mariadb.url("theirs")
        self.ours.db_sync()
        self.ours.api()
        rest = self.ours.rest = KeystoneRest(self.ours.port, self.cloud.keystone)
        self.segment, _ = rest.segment_with_host(HOST)
        for number in range(ROWS):
            rest.post("/notifications", {"notification": {
                "type": "VM", "hostname": HOST, "generated_time": "2026-01-01T00:00:00",
                "payload": {"event": "LIFECYCLE", "vir_domain_event": "STOPPED_FAILED",
                            "instance_uuid": f"00000000-0000-4000-9000-{number:012d}"}}})
        self.ours.started[-1].stop()
        self._copy()
        self.twin = PythonTwin(self.dir, self.cloud, theirs)
        self.twin.options["DEFAULT"]["debug"] = "false"
        self.twin.options["oslo_messaging_notifications"] = {"driver": "noop"}

    def _copy(self):
        if self.database == "sqlite":
            shutil.copy(self.ours.dir / "masakari.sqlite", self.dir / "python.sqlite")
            return
        socket = ["-uroot", "-S", str(self.cloud.mariadb.socket)]
        with subprocess.Popen(["mariadb-dump", *socket, "ours"], stdout=subprocess.PIPE) as dump:
            subprocess.run(["mariadb", *socket, "theirs"], stdin=dump.stdout, check=True)

    def start(self, name):
        """Starts one of them on CPU 0; returns (ms to the first answer, its pids, its port)."""
        began = time.monotonic()
        with on_cpu(0):
            if name == "ours":
                process = self.ours.api(ready=False)
                port = self.ours.port
            else:
                daemon = self.twin.api_uwsgi(processes=2, threads=1, wait=False)
                port = self.twin.port
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60).read()
                break
            except OSError as error:
                if getattr(error, "code", None) == 300:
                    break
                if time.monotonic() - began > 120:
                    raise SystemExit(f"{name} does not answer on port {port}") from error
                time.sleep(0.001)
        took = (time.monotonic() - began) * 1000
        return took, (lambda: [process.pid]) if name == "ours" else daemon.pids, port

    def stop(self, name):
        """Stops it."""
        if name == "ours":
            self.ours.started[-1].stop()
        else:
            self.twin.close()

    def close(self):
        """Stops all."""
        if self.twin:
            self.twin.close()
        self.ours.stop()


def measure(bench, seconds):
    """Prints the table."""
    found = {}
    kinds = [("GET segments", "/segments", False),
             ("GET segment", f"/segments/{bench.segment}", False),
             ("GET notifications", "/notifications?limit=100", False),
             ("POST notifications", "/notifications", True)]
    for name in SERVICES:
        starts = []
        for _ in range(3):
            took, pids, port = bench.start(name)
            starts.append(took)
            bench.stop(name)
        _, pids, port = bench.start(name)
        load = Load(port, bench.token)
        load.run("/segments", 16, 2)  # the token is known, the code is warm
        idle = pss_mib(pids())
        print(f"# {name}: starts {starts} ms, {idle:.1f} MiB", file=sys.stderr, flush=True)
        for what, path, post in kinds:
            for connections in CONNECTIONS:
                found[name, what, connections] = load.run(path, connections, seconds, post)
                print(f"# {name}, {what}, {connections}: {found[name, what, connections]}",
                      file=sys.stderr, flush=True)
        found[name, "start", 0] = statistics.median(starts)
        found[name, "memory", 0] = idle
        found[name, "memory after", 0] = pss_mib(pids())
        bench.stop(name)
    print(f"{'':22}{'conn.':>6}{'ours/s':>10}{'p99 ms':>9}{'bad':>6}{'Python/s':>10}{'p99 ms':>9}"
          f"{'bad':>6}{'ratio':>8}")
    for what, _, _ in kinds:
        for connections in CONNECTIONS:
            ours, theirs = (found[name, what, connections] for name in SERVICES)
            print(f"{what:22}{connections:6}{ours[0]:10.0f}{ours[1]:9.2f}{ours[2]:6}"
                  f"{theirs[0]:10.1f}{theirs[1]:9.1f}{theirs[2]:6}"
                  f"{ours[0] / max(theirs[0], 0.001):8.1f}")
    for what, unit in (("start", "ms"), ("memory", "MiB PSS"), ("memory after", "MiB PSS")):
        ours, theirs = (found[name, what, 0] for name in SERVICES)
        print(f"{what:22}{'':6}{ours:10.1f}{'':15}{theirs:10.1f}{'':15}{theirs / ours:8.1f} {unit}")


def million(bench):
    """Our memory over a million requests."""
    _, pids, port = bench.start("ours")
    load = Load(port, bench.token)
    total = 0
    while total < 1000000:
        rate, _, bad = load.run("/segments", 16, 10)
        total += int(rate * 10)
        print(f"{total:9} requests, {bad} bad, {pss_mib(pids()):7.2f} MiB PSS", flush=True)
    bench.stop("ours")


def main():
    """Measures."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that everything is stopped
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--seconds", type=int, default=5, help="of each measurement")
    parser.add_argument("--database", choices=["mariadb", "sqlite"], default="mariadb")
    parser.add_argument("--million", action="store_true", help="our memory over so many requests")
    options = parser.parse_args()
    print(f"{os.uname().release}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}, "
          f"{time.strftime('%F %R')}, {options.database}", flush=True)
    with tempfile.TemporaryDirectory(prefix="msk-bench") as directory, Cloud(nova=False) as cloud:
        bench = Bench(cloud, pathlib.Path(directory), options.database)
        try:
            bench.prepare()
            measure(bench, options.seconds)
            if options.million:
                million(bench)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
