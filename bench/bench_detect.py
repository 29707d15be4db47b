#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Kills the QEMU of a guest again and again, and measures how long it takes until the report is
accepted (the 202 of masakari-api, as the monitor logs it) and until the guest runs again (libvirt's
event). Real QEMU, libvirtd, API, engine and monitor, on a throw-away host; needs root.
"""
import argparse
import datetime
import pathlib
import re
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests"))

from kit import guest
from kit.host import Host, wait_until
from kit.services import Services

STAMP = r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})"


def times_of(path, pattern):
    """The times (UTC seconds) of the lines that match."""
    if not path.exists():
        return []
    text = path.read_text(encoding="utf-8", errors="replace")
    return [datetime.datetime.fromisoformat(stamp).replace(tzinfo=datetime.timezone.utc)
            .timestamp() for stamp in re.findall(rf"(?m)^{STAMP}.*{pattern}", text)]


def first_after(path, pattern, moment, what):
    """The first such time that is not before the moment (logs have whole milliseconds)."""
    def look():
        return next((at for at in times_of(path, pattern) if at >= moment - 0.001), None)
    return wait_until(look, 60, what)


def settled(notifications):
    """Whether the engine has ended them all."""
    return all(item["status"] not in ("new", "running", "error") for item in notifications)


def measure(host, services, kills):
    """[(seconds to the 202, seconds to running again), …]"""
    monitor_log = host.dir / "log" / "masakari-instancemonitor.log"
    events = host.spawn(["env", "TZ=UTC", "virsh", "-q", "event", "--all", "--loop", "--timestamp"],
                        name="events")
    rows = []
    for number in range(kills):
        wait_until(lambda: settled(services.rest.notifications()), 60, "the engine to finish")
        time.sleep(0.3)
        killed = host.kill_guest("vm")
        accepted = first_after(monitor_log, "is accepted", killed, "the report to be accepted")
        started = first_after(events.log, "Started", killed, "the guest to run again")
        rows.append((accepted - killed, started - killed))
        print(f"kill {number + 1}: accepted {rows[-1][0] * 1000:.1f} ms,"
              f" running {rows[-1][1] * 1000:.1f} ms", file=sys.stderr, flush=True)
    return rows


def main():
    """Prints median, lowest and highest value in milliseconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    arguments = parser.parse_args()
    with Host("h1") as host, Services(host.dir, host=host) as services:
        host.libvirtd()
        services.db_sync()
        services.api()
        services.rest.segment_with_host("h1")
        host.start_guest(guest.firmware("vm", metadata=guest.ha_metadata(HA_Enabled="True")))
        services.engine()
        monitor = services.monitor()
        wait_until(lambda: "watching QEMU" in monitor.log.read_text(encoding="utf-8"), 20,
                   "the monitor to watch the guest")
        rows = measure(host, services, arguments.kills)
    for index, what in enumerate(("SIGKILL of QEMU to POST accepted",
                                  "SIGKILL of QEMU to running again")):
        values = [row[index] * 1000 for row in rows]
        print(f"{what}: median {statistics.median(values):.1f} ms, lowest {min(values):.1f},"
              f" highest {max(values):.1f}, {len(values)} kills")


if __name__ == "__main__":
    main()
