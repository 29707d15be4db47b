# SPDX-License-Identifier: Apache-2.0
"""An instance monitor with a stand-in for the API (tests/fakes/masakari_api.py).

    with Monitoring() as it:                 # on this machine, libvirt's built-in test driver
    with Monitoring(host) as it:             # on a throw-away host, with its libvirtd
        it.start_api(); it.start_monitor()
        it.posts()                           # [{"t", "status", "body": {"notification": …}}, …]
"""
import http.client
import json
import pathlib
import sys

from kit.host import ROOT, start, wait_until
from kit.services import Services

FAKE = ROOT / "tests" / "fakes" / "masakari_api.py"
PYTHON = "/usr/bin/python3" if pathlib.Path("/usr/bin/python3").exists() else sys.executable


class Monitoring:
    """The monitor, the API's stand-in, and what they did."""

    def __init__(self, host=None):
        self.host = host
        self.services = Services(host.dir if host is not None else None, host=host)
        self.dir = self.services.dir
        self.options = self.services.monitor_options
        self.state = self.dir / "monitor-state" / "instancemonitor"
        self.api = None
        self.monitor = None
        if host is None:
            self.options["libvirt"]["connection_uri"] = "test:///default"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.services.stop()

    def start_api(self, mode="202", tls=()):
        """Starts the API's stand-in and waits until it listens. tls: files, see there."""
        self.mode(mode)
        argv = [PYTHON, FAKE, str(self.services.port), str(self.dir), *map(str, tls)]
        log = self.dir / "log"
        log.mkdir(parents=True, exist_ok=True)
        if self.host is not None:
            self.api = self.host.spawn(argv, name="fake-api")
        else:
            self.api = start("fake-api", argv, log / "fake-api.log")
        self.services.started.append(self.api)
        wait_until(lambda: self.api.must_live() or self._listens(), 60, "the fake API to listen")

    def _listens(self):
        try:
            return self.services.rest.call("GET", "", timeout=1)[0] == 200
        except (http.client.BadStatusLine, ConnectionResetError):
            return True  # it wants TLS
        except OSError:
            return False

    def mode(self, words):
        """What the API's stand-in answers from now on."""
        (self.dir / "mode").write_text(words, encoding="ascii")

    def start_monitor(self, connected=True):
        """Starts the monitor; with connected, waits for its first look at libvirt's list."""
        before = self.log().count("connected to libvirt at")
        self.monitor = self.services.monitor()
        if connected:
            wait_until(lambda: self.log().count("connected to libvirt at") > before, 60,
                       "the monitor to connect to libvirt")
        return self.monitor

    def stop_cleanly(self):
        """Stops the monitor, if it runs: a sanitizer's findings show in the exit status."""
        if self.monitor is not None and self.monitor.alive():
            status = self.monitor.stop()
            assert status == 0, f"the monitor ended with {status}:\n{self.log()[-3000:]}"

    def log(self):
        """The monitor's log so far."""
        path = self.dir / "log" / "masakari-instancemonitor.log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def wait_log(self, text, timeout=60, count=1):
        """Waits until the log has a text."""
        wait_until(lambda: self.log().count(text) >= count, timeout, f"'{text}' in the log")

    def posts(self):
        """All POSTs so far."""
        path = self.dir / "posts.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def events(self, uuid=None):
        """The vir_domain_event of all POSTs (of one instance)."""
        payloads = [post["body"]["notification"]["payload"] for post in self.posts()]
        return [payload["vir_domain_event"] for payload in payloads
                if uuid is None or payload["instance_uuid"] == uuid]

    def life(self):
        """The vir_domain_event of the POSTs of life-cycle events. QEMU may end before it has
        answered the monitor command that ends it, which is a CONTROL_ERROR as well."""
        payloads = [post["body"]["notification"]["payload"] for post in self.posts()]
        return [payload["vir_domain_event"] for payload in payloads
                if payload["event"] == "LIFECYCLE"]

    def wait_posts(self, count, timeout=60):
        """Waits until there are so many POSTs, and returns them."""
        wait_until(lambda: len(self.posts()) >= count, timeout,
                   f"{count} POSTs (there are {len(self.posts())}: {self.events()})")
        return self.posts()

    def spooled(self):
        """The names of the reports on disk."""
        return sorted(path.name for path in (self.state / "spool").glob("*.json"))
