#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures whether several processes of masakari-api on one port (SO_REUSEPORT) pay: one process
against two, in turn, with SQLite, no Keystone, and wrk on the last CPU. Also shows what the one
event thread spends on a request, which is what a second process would take a half of.

    bench/bench_workers.py [--rounds R] [--seconds S]

Needs wrk. Writes workers.md into <build>/bench-results. See docs/dev/adr/0016.
"""
import argparse
import contextlib
import os
import pathlib
import socket
import statistics
import subprocess
import sys
import time

import report
from wrk import Load, pss_mib

sys.path.insert(0, str(report.ROOT / "tests"))

from kit.services import NOAUTH_HEADERS, Services, program

CONNECTIONS = 64
# The socket becomes the first that a service manager passes; the shell keeps its process id.
PASS_SOCKET = 'exec 3<&"$1"; shift; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'


def listener(port):
    """A socket that listens beside others of the same port; returns it and its port."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    made.listen(1024)
    return made, made.getsockname()[1]


@contextlib.contextmanager
def running(services, count, log):
    """`count` processes on one port; gives (port, pids)."""
    port = 0
    processes = []
    try:
        for _ in range(count):
            made, port = listener(port)
            argv = ["sh", "-c", PASS_SOCKET, "sh", str(made.fileno()), program("masakari-api"),
                    "--config-file", services.config_file()]
            processes.append(subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log,
                                              stderr=log, pass_fds=[made.fileno()]))
            made.close()
        yield port, [process.pid for process in processes]
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(60)


def event_thread_ms(pids):
    """CPU time of the threads that read and write the connections."""
    total = 0
    for pid in pids:
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            if (task / "comm").read_text(encoding="ascii").startswith("MHD"):
                total += int((task / "schedstat").read_text(encoding="ascii").split()[0])
    return total / 1e6


def measure(services, count, segment, options, log):
    """{"rate", "p99", "cpu", "event", "pss"} of so many processes."""
    cpu = sorted(os.sched_getaffinity(0))[-1]
    with running(services, count, log) as (port, pids):
        load = Load(f"{count} processes", port, NOAUTH_HEADERS["X-Auth-Token"], lambda: pids, cpu)
        deadline = time.monotonic() + 60
        while True:
            try:
                load.must_answer("/v1/segments")
                break
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        before = event_thread_ms(pids)
        result = load.run([f"/v1/segments/{segment}"], CONNECTIONS, options.seconds)
        result["event"] = (event_thread_ms(pids) - before) / (result["rate"] * options.seconds)
        result["pss"] = pss_mib(pids)
    return result


def main():
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    facts = report.facts()
    found = {1: [], 2: []}
    with Services(name="bench") as services:
        services.options["DEFAULT"]["debug"] = "false"
        services.db_sync()
        process = services.api()
        segment, _ = services.rest.segment_with_host("bench")
        process.stop()
        with open(services.dir / "log" / "workers.log", "wb") as log:
            for _ in range(options.rounds):
                for count, results in found.items():
                    results.append(measure(services, count, segment, options, log))
    rows = []
    for count, results in found.items():
        middle = {key: statistics.median(result[key] for result in results) for key in results[0]}
        rates = [result["rate"] for result in results]
        rows.append([f"{count} process{'es' if count > 1 else ''}", f"{middle['rate']:.0f}",
                     f"{min(rates):.0f}-{max(rates):.0f}", f"{middle['p99']:.1f}",
                     f"{middle['cpu'] * 1000:.0f}", f"{middle['event'] * 1000:.0f}",
                     f"{middle['pss']:.1f}"])
    text = ("# One process of masakari-api and two on one port\n\n"
            + "\n".join(f"* {name}: {value}" for name, value in facts)
            + f"\n* load after: {os.getloadavg()[0]:.2f}"
            + f"\n* GET of one segment, {CONNECTIONS} connections, {options.rounds} rounds in turn "
              f"of {options.seconds} s, wrk on the last CPU\n\n"
            + report.table(["", "requests/s", "lowest-highest", "p99 ms", "CPU us a request",
                            "event thread us", "PSS MiB"], rows) + "\n")
    print(text)
    print(f"written: {report.write('workers.md', text)}")


if __name__ == "__main__":
    main()
