#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Measures GET /v1/{project}/segments/{id} of masakari-api on SQLite, beside a program that has
nothing but libmicrohttpd and answers the same bytes (bare_mhd.c).

    ninja -C build && ninja -C build bench/bare_mhd && bench/bench_api.py [--rounds N] [--seconds S]

Rounds of both are interleaved, so that what else the machine does hits both alike. Requests per
second move with the load; CPU time per request is the steadier figure. Needs wrk.
"""
import argparse
import pathlib
import re
import statistics
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from kit.host import BUILD
from kit.services import Services, free_port

PROJECT = "0af0000000000000000000000000beef"


def cpu_s(pid):
    """CPU time of all threads of a process."""
    return sum(int((task / "schedstat").read_text(encoding="ascii").split()[0])
               for task in pathlib.Path(f"/proc/{pid}/task").iterdir()) / 1e9


def load(pid, url, connections, seconds):
    """One round. Returns (requests per second, CPU microseconds per request)."""
    before = cpu_s(pid)
    result = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-H", f"X-Project-Id: {PROJECT}", url],
        capture_output=True, text=True, check=True).stdout
    spent = cpu_s(pid) - before
    requests = int(re.search(r"(\d+) requests in", result)[1])
    if "Non-2xx" in result or requests == 0:
        raise SystemExit(f"not every answer was a 200:\n{result}")
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", result)[1])
    return rate, spent * 1e6 / requests


def wait_for(url):
    """Until a server answers."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return urllib.request.urlopen(url, timeout=5).read()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def main():
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    bare = BUILD / "bench" / "bare_mhd"
    if not bare.exists():
        raise SystemExit(f"{bare} is not there: run `ninja -C {BUILD} bench/bare_mhd`")
    with Services(name="bench") as services:
        services.options["DEFAULT"]["debug"] = "false"
        services.db_sync()
        api = services.api()
        segment, _ = services.rest.segment_with_host("bench")
        path = f"/v1/{PROJECT}/segments/{segment}"
        _, _, body = services.rest.call("GET", "/" + path, headers={"X-Project-Id": PROJECT,
                                                                    "Accept": "text/plain"})
        answer = services.dir / "answer"
        request = urllib.request.Request(f"http://127.0.0.1:{services.port}{path}",
                                         headers={"X-Project-Id": PROJECT})
        answer.write_bytes(urllib.request.urlopen(request).read())
        assert body["segment"]["uuid"] == segment
        port = free_port()
        yardstick = subprocess.Popen([bare, str(port), answer])
        try:
            wait_for(f"http://127.0.0.1:{port}/")
            targets = {"masakari-api": (api.pid, f"http://127.0.0.1:{services.port}{path}"),
                       "bare libmicrohttpd": (yardstick.pid, f"http://127.0.0.1:{port}{path}")}
            found = {name: [] for name in targets}
            for _ in range(options.rounds):
                for name, (pid, url) in targets.items():
                    found[name].append(load(pid, url, options.connections, options.seconds))
        finally:
            yardstick.terminate()
            yardstick.wait()
    print(f"GET of one segment, {answer.name} of the same bytes; {options.connections} connections,"
          f" {options.rounds} interleaved rounds of {options.seconds} s")
    print(f"{'':20} {'requests/s':>10} {'lowest':>8} {'highest':>8} {'CPU us/request':>15}"
          f" {'lowest':>7} {'highest':>7}")
    middle = {}
    for name, rounds in found.items():
        rates, costs = zip(*rounds)
        middle[name] = statistics.median(rates), statistics.median(costs)
        print(f"{name:20} {middle[name][0]:10.0f} {min(rates):8.0f} {max(rates):8.0f}"
              f" {middle[name][1]:15.1f} {min(costs):7.1f} {max(costs):7.1f}")
    ours, theirs = middle["masakari-api"], middle["bare libmicrohttpd"]
    print(f"masakari-api has {ours[0] / theirs[0]:.2f} of the rate and {ours[1] / theirs[1]:.1f}"
          " times the CPU time")


if __name__ == "__main__":
    main()
