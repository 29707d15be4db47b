# SPDX-License-Identifier: Apache-2.0
"""A RabbitMQ broker of our own: one node in a directory of its own, on free ports of loopback.

    with RabbitMq() as broker:                    # or RabbitMq(tls=True)
        conf = {"transport_url": broker.url()}    # rabbit://USER:PASSWORD@127.0.0.1:PORT/VHOST
        broker.queues()                           # {name: {"messages": n, ...}}
        broker.kill(); broker.start()             # a crash, and back with what was durable

Several brokers are several nodes that know nothing of each other: enough for the failover of a
transport_url with several hosts. RabbitMq(peer=broker) joins that one's cluster instead. The node,
or the cluster, has an epmd of its own, so that nothing outlives it and two test runs do not meet;
it is one scheduler thread that never spins.
"""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.parse
import uuid

from kit import host as kit_host
from kit.host import KitError, wait_until
from kit.services import free_port

SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"
CTL = "/usr/lib/rabbitmq/bin/rabbitmqctl"
# Ends with the thread that started it. The broker's script becomes the broker, so the signal stays.
WITH_MAKER = ("/usr/bin/setpriv", "--pdeathsig", "KILL")
# Every client has to decode them; a '/' in the password is too much for oslo.messaging.
USER = "openstack"
PASSWORD = "p@ss:w+rd%"
VHOST = "ma/sakari"


def place_of(port, host="127.0.0.1", password=PASSWORD):
    """One broker of a transport_url."""
    return f"{USER}:{urllib.parse.quote(password, safe='')}@{host}:{port}"


def transport_url(*places):
    """A transport_url of some brokers, see place_of()."""
    return f"rabbit://{','.join(places)}/{urllib.parse.quote(VHOST, safe='')}"


def make_certificates(directory):
    """A certificate authority and a server certificate for 127.0.0.1 and localhost. Returns
    {"ca", "cert", "key"}: paths of PEM files."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    paths = {name: directory / f"{name}.pem" for name in ("ca", "ca-key", "cert", "key", "csr")}

    def openssl(*args):
        result = subprocess.run(["openssl", *map(str, args)], capture_output=True, text=True,
                                timeout=60, check=False)
        if result.returncode != 0:
            raise KitError(f"openssl {args[0]} failed: {result.stderr}")

    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", "/CN=test authority", "-keyout", paths["ca-key"],
            "-out", paths["ca"])
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-subj", "/CN=localhost", "-keyout", paths["key"], "-out", paths["csr"])
    names = directory / "names.ext"
    names.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n", encoding="ascii")
    openssl("x509", "-req", "-in", paths["csr"], "-CA", paths["ca"], "-CAkey", paths["ca-key"],
            "-CAcreateserial", "-days", "2", "-extfile", names, "-out", paths["cert"])
    for path in directory.glob("*.pem"):
        path.chmod(0o644)
    return {name: paths[name] for name in ("ca", "cert", "key")}


class RabbitMq:
    """One broker; a context manager. `port` is the plain AMQP port, `tls_port` the other one (only
    with tls=True), `certificates` what make_certificates() returned."""

    def __init__(self, directory=None, tls=False, conf="", peer=None):
        self._own_dir = directory is None
        self.dir = pathlib.Path(directory or kit_host.short_directory("mq")).resolve()
        self.port = free_port()
        self.tls_port = free_port() if tls else None
        self.certificates = make_certificates(self.dir / "tls") if tls else None
        self.node = f"mq{uuid.uuid4().hex[:8]}@localhost"
        self.process = None
        self._conf = conf
        self._home = self.dir if peer is None else peer.dir  # with the cookie
        self._epmd = None
        self._epmd_port = free_port() if peer is None else peer._epmd_port
        self._peer = peer
        self._dist_port = free_port()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    # -- life

    def _env(self):
        return kit_host.environment(
            HOME=str(self._home), RABBITMQ_NODENAME=self.node, ERL_EPMD_ADDRESS="127.0.0.1",
            ERL_EPMD_PORT=str(self._epmd_port), RABBITMQ_DIST_PORT=str(self._dist_port),
            RABBITMQ_MNESIA_BASE=str(self.dir / "db"), RABBITMQ_LOG_BASE=str(self.dir / "log"),
            RABBITMQ_CONFIG_FILE=str(self.dir / "rabbitmq.conf"),
            RABBITMQ_CONF_ENV_FILE=os.devnull, RABBITMQ_PID_FILE=str(self.dir / "pid"),
            RABBITMQ_ENABLED_PLUGINS_FILE=str(self.dir / "plugins"),
            RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
            RABBITMQ_CTL_ERL_ARGS="+S 1:1 +sbwt none +sbwtdcpu none +sbwtdio none",
            # The script becomes the broker instead of waiting for it: one process id.
            RUNNING_UNDER_SYSTEMD="true")

    def _write_conf(self):
        lines = [f"listeners.tcp.default = 127.0.0.1:{self.port}",
                 f"default_user = {USER}", f"default_pass = {PASSWORD}",
                 f"default_vhost = {VHOST}",
                 "log.file.level = warning", "log.console = false",
                 "auth_mechanisms.1 = PLAIN", "auth_mechanisms.2 = AMQPLAIN",
                 "disk_free_limit.absolute = 1MB", "vm_memory_high_watermark.absolute = 1GB"]
        if self.certificates is not None:
            lines += [f"listeners.ssl.default = 127.0.0.1:{self.tls_port}",
                      f"ssl_options.cacertfile = {self.certificates['ca']}",
                      f"ssl_options.certfile = {self.certificates['cert']}",
                      f"ssl_options.keyfile = {self.certificates['key']}",
                      "ssl_options.verify = verify_none",
                      "ssl_options.fail_if_no_peer_cert = false"]
        if self._peer is not None:
            lines += ["cluster_formation.peer_discovery_backend = classic_config",
                      f"cluster_formation.classic_config.nodes.1 = {self._peer.node}"]
        (self.dir / "rabbitmq.conf").write_text("\n".join(lines) + f"\n{self._conf}\n",
                                                encoding="utf-8")

    def start(self, timeout=180.0):
        """Starts the broker (again) and waits until it takes connections; returns self."""
        for name in ("db", "log"):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        self._write_conf()
        if self._peer is None and (self._epmd is None or not self._epmd.alive()):
            self._epmd = kit_host.start(
                "epmd", [*WITH_MAKER, "epmd", "-port", str(self._epmd_port), "-address",
                         "127.0.0.1"], self.dir / "log" / "epmd.log")
        self.process = kit_host.start("rabbitmq", [*WITH_MAKER, SERVER],
                                      self.dir / "log" / "out.log", self._env())
        wait_until(lambda: self.process.must_live() or self._answers(), timeout,
                   f"RabbitMQ in {self.dir} to answer", interval=0.1)
        return self

    def _answers(self):
        """Whether the listener greets: it only does when the node is up."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as probe:
                probe.sendall(b"AMQP\x00\x00\x09\x01")
                return probe.recv(1) == b"\x01"
        except OSError:
            return False

    def kill(self):
        """SIGKILL: connections break, queues that are not durable are gone."""
        self.process.signal(signal.SIGCONT)
        self.process.kill()

    def stop(self, timeout=60.0):
        """An orderly shutdown."""
        return self.process.stop(timeout)

    def pause(self):
        """SIGSTOP: connections stay open and nothing answers."""
        self.process.hang()

    def resume(self):
        """SIGCONT."""
        self.process.signal(signal.SIGCONT)

    def close(self):
        """Ends everything, and removes the directory unless the caller gave it."""
        for process in (self.process, self._epmd):
            if process is not None and process.alive():
                process.signal(signal.SIGCONT)
                process.kill()
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    # -- use

    def url(self, tls=False, password=PASSWORD):
        """A transport_url of this broker."""
        return transport_url(place_of(self.tls_port if tls else self.port, password=password))

    def ctl(self, *args, timeout=120):
        """Runs rabbitmqctl; returns what it printed. Takes a second or two."""
        result = subprocess.run([CTL, "-q", *args], env=self._env(),
                                capture_output=True, text=True, timeout=timeout, check=False)
        if result.returncode != 0:
            raise KitError(f"rabbitmqctl {' '.join(args)} failed: {result.stdout}{result.stderr}")
        return result.stdout

    def _table(self, command, columns):
        text = self.ctl(command, "--no-table-headers", "-p", VHOST, *columns)
        rows = [line.split("\t") for line in text.splitlines()]
        return [dict(zip(columns, row)) for row in rows if len(row) == len(columns)]

    def queues(self):
        """{name: {"durable", "auto_delete", "exclusive", "arguments", "messages", "consumers"}}:
        texts as rabbitmqctl prints them."""
        columns = ("name", "durable", "auto_delete", "exclusive", "arguments", "messages",
                   "consumers")
        return {row.pop("name"): row for row in self._table("list_queues", columns)}

    def exchanges(self):
        """{name: {"type", "durable", "auto_delete", "arguments"}}"""
        columns = ("name", "type", "durable", "auto_delete", "arguments")
        return {row.pop("name"): row
                for row in self._table("list_exchanges", columns)}

    def prefetch(self):
        """{queue: how many messages its consumer takes at once, as a text}"""
        columns = ("queue_name", "prefetch_count")
        return dict(row.values() for row in self._table("list_consumers", columns))

    def bindings(self):
        """A list of {"source_name", "destination_name", "routing_key"}."""
        return self._table("list_bindings", ("source_name", "destination_name", "routing_key"))


__all__ = ["VHOST", "RabbitMq", "make_certificates", "place_of", "transport_url"]
