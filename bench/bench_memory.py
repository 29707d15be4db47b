#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows whether the memory of masakari-api stays flat over a million requests: lists, pages, rows,
notifications, and every fifth time what is refused. SQLite, 16 connections; needs wrk.

    bench/bench_memory.py [--requests N]

Writes memory.md and memory.svg into <build>/bench-results. Ends with status 1 when its own memory
(not that of files, whose share in PSS changes with the neighbours) grew by more than --growth
between the second and the last tenth of the run.
"""
import argparse
import os
import pathlib
import statistics
import sys
import time

import report
from wrk import Load

sys.path.insert(0, str(report.ROOT / "tests"))

from kit.services import NOAUTH_HEADERS, Services

HOST = "bench"
CONNECTIONS = 16
REFUSED = ("/v1/segments/none", "/v1/segments?limit=-1", "/v1/nothing",
           "/v1/notifications?marker=none", "/v1/segments?sort_key=none")


def use_of(pid):
    """(own memory, PSS, RSS in MiB, threads, open files)"""
    process = pathlib.Path("/proc") / str(pid)
    found = {}
    for name in ("smaps_rollup", "status"):
        for line in (process / name).read_text(encoding="ascii").splitlines():
            words = line.split()
            if len(words) > 1:
                found[words[0].rstrip(":")] = words[1]
    return (*(int(found[name]) / 1024 for name in ("Anonymous", "Pss", "Rss")),
            int(found["Threads"]), len(list((process / "fd").iterdir())))


def measure(load, process, segment, options):
    """[(requests so far, own memory, PSS, RSS, threads, open files)]"""
    samples = []
    total = 0
    number = 0
    while total < options.requests:
        number += 1
        if number % 5 == 0:
            path = REFUSED[number // 5 % len(REFUSED)]
            total += load.run_refused(path, CONNECTIONS, options.seconds)
        else:
            total += load.run_mixed(HOST, segment, CONNECTIONS, options.seconds)
        samples.append((total, *use_of(process.pid)))
        print(f"# {total} requests, {samples[-1][1]:.2f} MiB", file=sys.stderr, flush=True)
    return samples


def tenth(samples, number, column):
    """The median of a column in one tenth of the run."""
    size = len(samples)
    part = samples[size * (number - 1) // 10:size * number // 10] or samples[-1:]
    return statistics.median(row[column] for row in part)


def main():
    """Measures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--requests", type=int, default=1000000)
    parser.add_argument("--seconds", type=int, default=1, help="between two samples")
    parser.add_argument("--growth", type=int, default=512, help="KiB (default: %(default)s)")
    options = parser.parse_args()
    facts = report.facts(("libglib2.0-0", "libmicrohttpd12", "libsqlite3-0"))
    cpu = sorted(os.sched_getaffinity(0))[-1]
    with Services(name="bench") as services:
        services.options["DEFAULT"]["debug"] = "false"
        services.db_sync()
        process = services.api()
        segment, _ = services.rest.segment_with_host(HOST)
        load = Load("masakari-api", services.port, NOAUTH_HEADERS["X-Auth-Token"],
                    lambda: [process.pid], cpu)
        began = time.monotonic()
        samples = measure(load, process, segment, options)
        took = time.monotonic() - began
    rows = [[what, *(f"{tenth(samples, number, column):.{digits}f}" for number in (1, 2, 5, 10))]
            for what, column, digits in (("own memory, MiB", 1, 2), ("PSS, MiB", 2, 2),
                                         ("RSS, MiB", 3, 2), ("threads", 4, 0),
                                         ("open files", 5, 0))]
    grew = (tenth(samples, 10, 1) - tenth(samples, 2, 1)) * 1024
    flat = grew <= options.growth
    text = ("# The memory of masakari-api over many requests\n\n"
            + "\n".join(f"* {name}: {value}" for name, value in facts)
            + f"\n* {samples[-1][0]:,} requests in {took:.0f} s over {CONNECTIONS} connections, "
              f"{len(samples)} samples\n\n"
            + report.table(["", "first tenth", "second", "fifth", "last"], rows)
            + f"\n\nFrom the second to the last tenth its own memory grew by {grew:.0f} KiB: "
            + ("flat" if flat else f"MISSED, {options.growth} KiB are allowed") + "\n")
    print(text)
    report.write("memory.svg", report.lines(
        "Memory of masakari-api", "requests", "MiB",
        [(name, [(row[0], row[column]) for row in samples])
         for name, column in (("own memory", 1), ("PSS", 2), ("RSS", 3))]))
    print(f"written: {report.write('memory.md', text)}, and memory.svg beside it")
    return 0 if flat else 1


if __name__ == "__main__":
    sys.exit(main())
