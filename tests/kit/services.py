# SPDX-License-Identifier: Apache-2.0
"""Our programs under test: configuration, start, readiness, stop, and a small REST client.

    services = Services()                         # on this machine, a free port
    services = Services(host.dir, host=host)      # everything inside a throw-away host
    with services:
        services.db_sync()
        services.api(); engine = services.engine(); services.monitor()
        status, body = services.rest.post("/segments", {"segment": {...}})

Programs come from $MSK_BUILD/src/cmd. `options` and `monitor_options` are what goes into the two
configuration files, {group: {name: value}}; change them before starting a program. A program
counts as started when it has told its service manager READY=1.
"""
import ctypes
import http.client
import json
import os
import pathlib
import random
import shutil
import socket
import threading
import time

from kit import host as kit_host
from kit.host import BUILD, KitError, Process, tail

CLONE_NEWNET = 0x40000000
PORTS = (20000, 32768)
CLAIMS = []
PAGE = 1000  # osapi_max_limit
NOAUTH_HEADERS = {"X-Auth-Token": "admin:demo", "OpenStack-API-Version": "instance-ha 1.3",
                  "Accept": "application/json"}


def free_port():
    """A TCP port of 127.0.0.1 that nothing listens on, and that is this process's own: tests run
    side by side, so an abstract socket keeps others from the number. No connection gets it by
    chance, as it is below those that Linux hands out."""
    while True:
        port = random.randrange(*PORTS)
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        try:
            claim.bind(f"\0masakari-c-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            continue
        CLAIMS.append(claim)
        return port


def program(name):
    """The path of one of our programs."""
    return BUILD / "src" / "cmd" / name


def write_config(path, options):
    """Writes {group: {name: value}}; a list is written as a repeated key. A program that starts
    meanwhile reads the old file or the new one, whole."""
    lines = []
    for group, values in options.items():
        lines.append(f"[{group}]")
        for name, value in values.items():
            for item in value if isinstance(value, list) else [value]:
                lines.append(f"{name} = {item}")
    path = pathlib.Path(path)
    unfinished = path.with_name(f".{path.name}.{threading.get_ident()}")
    unfinished.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(unfinished, path)
    return path


def _connect_from(init_pid, address, timeout):
    """A TCP connection made in the network of a host: a thread of its own enters it."""
    result = []

    def enter():
        libc = ctypes.CDLL(None, use_errno=True)
        fd = os.open(f"/proc/{init_pid}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if libc.setns(fd, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            result.append(socket.create_connection(address, timeout))
        except OSError as error:
            result.append(error)
        finally:
            os.close(fd)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    if isinstance(result[0], OSError):
        raise result[0]
    return result[0]


class Rest:
    """A REST client for one API; every call is one connection. `host` is a kit Host when the
    API runs inside it."""

    def __init__(self, port, host=None, prefix="/v1", address="127.0.0.1"):
        self.port = port
        self.host = host
        self.prefix = prefix
        self.address = address

    def connection(self, timeout):
        """A connection to the API that its caller closes."""
        made = http.client.HTTPConnection(self.address, self.port, timeout=timeout)
        if self.host is not None:
            made.sock = _connect_from(self.host.init_pid, (self.address, self.port), timeout)
        return made

    def call(self, method, path, body=None, headers=None, timeout=30):
        """Returns (status, headers, body): the body is parsed if it is JSON, else bytes.
        A path that starts with "//" is used without the prefix."""
        connection = self.connection(timeout)
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        sent = {**NOAUTH_HEADERS, **({"Content-Type": "application/json"} if data else {}),
                **(headers or {})}
        target = path[1:] if path.startswith("//") else self.prefix + path
        try:
            connection.request(method, target, body=data, headers=sent)
            response = connection.getresponse()
            raw = response.read()
        finally:
            connection.close()
        is_json = "json" in (response.headers.get("Content-Type") or "")
        return response.status, response.headers, json.loads(raw) if raw and is_json else raw

    def _ok(self, method, path, body=None):
        status, _, answer = self.call(method, path, body)
        if status >= 400:
            raise KitError(f"{method} {path} was answered {status}: {answer}")
        return answer

    def get(self, path):
        """The body of a GET that must succeed."""
        return self._ok("GET", path)

    def post(self, path, body):
        """The body of a POST that must succeed."""
        return self._ok("POST", path, body)

    def put(self, path, body):
        """The body of a PUT that must succeed."""
        return self._ok("PUT", path, body)

    def delete(self, path):
        """A DELETE that must succeed."""
        return self._ok("DELETE", path)

    def segment_with_host(self, host_name, segment_name="segment1"):
        """Makes a segment and one host in it; returns both uuids."""
        segment = self.post("/segments", {"segment": {
            "name": segment_name, "recovery_method": "auto", "service_type": "COMPUTE"}})
        uuid = segment["segment"]["uuid"]
        host = self.post(f"/segments/{uuid}/hosts", {"host": {
            "name": host_name, "type": "KVM", "control_attributes": "none"}})
        return uuid, host["host"]["uuid"]

    def notifications(self):
        """All notifications, the oldest first."""
        found, page, marker = [], None, ""
        while page is None or len(page) == PAGE:
            page = self.get("/notifications?sort_key=created_at&sort_dir=asc"
                            f"&limit={PAGE}{marker}")["notifications"]
            found += page
            marker = f"&marker={page[-1]['notification_uuid']}" if page else ""
        return found


class Services:
    """The services of one directory, on this machine or on a throw-away host. Without a
    directory, a new one is made and removed at the end; one that is given needs a short name,
    for the sockets below it."""

    def __init__(self, directory=None, host=None, name="h1"):
        self._own_dir = directory is None
        self.dir = pathlib.Path(directory or kit_host.short_directory(name)).resolve()
        self.host = host
        self.name = host.name if host is not None else name
        self.port = free_port() if host is None else 15868
        self.rest = Rest(self.port, host)
        self.started = []
        libvirt = {"connection_uri": "qemu:///system"}
        self.options = {
            "DEFAULT": {
                "auth_strategy": "noauth2", "compute_driver": "libvirt", "debug": "true",
                "transport_url": "local://", "state_path": self.dir / "state", "host": self.name,
                "masakari_api_listen": "127.0.0.1", "masakari_api_listen_port": self.port,
            },
            "database": {"connection": f"sqlite:///{self.dir / 'masakari.sqlite'}"},
            "libvirt": dict(libvirt),
        }
        self.monitor_options = {
            "DEFAULT": {"hostname": self.name, "state_path": self.dir / "monitor-state",
                        "debug": "true"},
            "libvirt": dict(libvirt),
            "api": {"auth_type": "none", "endpoint": f"http://127.0.0.1:{self.port}/v1"},
        }

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stops what still runs, the last started first."""
        while self.started:
            process = self.started.pop()
            if process.alive():
                process.signal(kit_host.signal.SIGCONT)
                process.kill()
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def config_file(self, monitor=False):
        """Writes the present options and returns the file."""
        for name in ("state", "monitor-state", "log"):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        name = "masakarimonitors.conf" if monitor else "masakari.conf"
        return write_config(self.dir / name, self.monitor_options if monitor else self.options)

    def manage(self, *args):
        """Runs masakari-manage to its end."""
        argv = [program("masakari-manage"), "--config-file", self.config_file(), *args]
        if self.host is not None:
            return self.host.run(argv)
        result = kit_host.subprocess.run(list(map(str, argv)), capture_output=True, text=True,
                                         timeout=60, check=False)
        if result.returncode != 0:
            raise KitError(f"masakari-manage {' '.join(args)} ended with status"
                           f" {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def db_sync(self):
        """Makes or upgrades the database."""
        self.manage("db", "sync")

    def api(self, **kwargs):
        """Starts masakari-api."""
        return self.start("masakari-api", **kwargs)

    def engine(self, **kwargs):
        """Starts a masakari-engine."""
        return self.start("masakari-engine", **kwargs)

    def monitor(self, **kwargs):
        """Starts masakari-instancemonitor."""
        return self.start("masakari-instancemonitor", monitor=True, **kwargs)

    def start(self, name, monitor=False, ready=True, log_name=None, args=(), env=None,
              timeout=60):
        """Starts a program; with ready, waits until it says so. Returns its kit Process."""
        log_name = log_name or name
        argv = list(map(str, [program(name), "--config-file", self.config_file(monitor), *args]))
        notify = str(self.dir / f".{log_name}.notify")
        pathlib.Path(notify).unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as receiver:
            receiver.bind(notify)
            receiver.settimeout(0.05)
            env = kit_host.environment(NOTIFY_SOCKET=notify, **(env or {}))
            if self.host is not None:
                process = self.host.spawn(argv, name=log_name, env=env)
            else:
                process = kit_host.start(log_name, argv, self.dir / "log" / f"{log_name}.log", env)
            self.started.append(process)
            if ready:
                self._wait_ready(process, receiver, timeout)
        return process

    @staticmethod
    def _wait_ready(process, receiver, timeout):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            process.must_live()
            try:
                if b"READY=1" in receiver.recv(4096).split(b"\n"):
                    return
            except TimeoutError:
                continue
        raise KitError(f"{process.name} was not ready within {timeout:g} s;"
                       f" its log {process.log} ends:\n{tail(process.log)}")


__all__ = ["Process", "Rest", "Services", "free_port", "program", "write_config"]
