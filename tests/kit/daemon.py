# SPDX-License-Identifier: Apache-2.0
"""One real service as a group of processes: started, hung, woken, stopped and killed together.

    keystone = Daemon("keystone", ["uwsgi", …], directory, ready=answers)
    keystone.start(); keystone.hang(); keystone.wake(); keystone.stop()

Its output is appended to <directory>/log/<name>.log. The first process ends with the thread that
started it, even when that dies by SIGKILL; uwsgi's workers end with their master (--no-orphans).
"""
import http.client
import os
import pathlib
import signal
import socket
import ssl

from kit import host as kit_host
from kit.host import KitError, tail, wait_until

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def answers_tcp(port):
    """Whether something listens on a port of 127.0.0.1."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def answers_http(port, path="/", tls=None):
    """Whether an HTTP server answers on a port of 127.0.0.1, whatever it says below 500.
    tls: the certificate and key that it is shown over TLS."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    if tls is not None:
        context = ssl._create_unverified_context()
        context.load_cert_chain(*tls)
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=context)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class Daemon:
    """One service. `ready` is a function without arguments that tells whether it can be used."""

    def __init__(self, name, argv, directory, ready, env=None):
        self.name = name
        self.argv = list(map(str, argv))
        self.log = pathlib.Path(directory) / "log" / f"{name}.log"
        self.process = None
        self._ready = ready
        self._env = env or {}

    def launch(self):
        """Starts it and returns at once; for services that start side by side."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        env = kit_host.environment(**{"PATH": SYSTEM_PATH, **self._env})
        self.process = kit_host.start(
            self.name, ["/usr/bin/setpriv", "--pdeathsig", "KILL", *self.argv], self.log, env)

    def wait_ready(self, timeout=240.0):
        """Waits until it can be used."""
        def usable():
            if not self.process.alive():
                raise KitError(f"{self.name} ended with status {self.process.popen.returncode};"
                               f" its log {self.log} ends:\n{tail(self.log)}")
            return self._ready()

        wait_until(usable, timeout, f"{self.name} to be ready; its log is {self.log}", 0.1)

    def start(self, timeout=240.0):
        """Starts it and waits until it can be used; returns self."""
        self.launch()
        self.wait_ready(timeout)
        return self

    def alive(self):
        """Whether it still runs."""
        return self.process is not None and self.process.alive()

    def _signal_group(self, number):
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            pass

    def hang(self):
        """SIGSTOP: its connections stay open, nothing answers."""
        self._signal_group(signal.SIGSTOP)

    def wake(self):
        """SIGCONT after hang()."""
        self._signal_group(signal.SIGCONT)

    def stop(self, timeout=60.0):
        """SIGTERM, and waits for the end."""
        if self.alive():
            self.wake()
            self.process.stop(timeout)
        self.kill()

    def kill(self):
        """SIGKILL for all its processes, and waits for the end of the last: until then its
        successor finds the port taken."""
        if self.process is not None:
            self._signal_group(signal.SIGKILL)
            self.process.popen.wait(timeout=60)
            wait_until(lambda: not self.pids(), 60, f"the last process of {self.name} to end", 0.05)

    def pids(self):
        """Its processes: those of its group that have not ended."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    stat = pathlib.Path("/proc", entry, "stat").read_text(encoding="latin-1")
                except OSError:
                    continue
                state, _, group = stat.rpartition(")")[2].split()[:3]
                if int(group) == self.process.pid and state not in "ZX":
                    found.append(int(entry))
        return found


def run(argv, directory, name, env=None, timeout=300):
    """Runs a tool of a service to its end, its output in <directory>/log/<name>.log."""
    log = pathlib.Path(directory) / "log" / f"{name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "ab") as output:
        result = kit_host.subprocess.run(
            list(map(str, argv)), stdin=kit_host.subprocess.DEVNULL, stdout=output, stderr=output,
            env=kit_host.environment(**{"PATH": SYSTEM_PATH, **(env or {})}), timeout=timeout,
            check=False)
    if result.returncode != 0:
        raise KitError(f"{name} ended with status {result.returncode}; its log {log} ends:\n"
                       f"{tail(log)}")


UWSGI = ("/usr/bin/uwsgi", "--plugins", "python3", "--master", "--no-orphans", "--die-on-term",
         "--enable-threads", "--lazy-apps", "--buffer-size", "65535", "--disable-logging",
         "--rem-header", "Content-Length")


def uwsgi(port, wsgi_file, processes=1, threads=4, tls=None):
    """The command line of a Python WSGI service, as Debian's packages run theirs.
    tls: certificate, key and whatever else uwsgi takes behind them."""
    listen = ["--http-socket", f"127.0.0.1:{port}"] if tls is None else [
        "--https-socket", ",".join(map(str, (f"127.0.0.1:{port}", *tls)))]
    return [*UWSGI, "--processes", processes, "--threads", threads, *listen,
            "--wsgi-file", wsgi_file]
