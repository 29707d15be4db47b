# SPDX-License-Identifier: Apache-2.0
"""A MariaDB server of its own: a directory, a free port of 127.0.0.1, gone afterwards.

    with MariaDb() as server:                    # or MariaDb(directory, tls=True)
        server.create("masakari")                # a database and a user of the same name
        url = server.url("masakari")             # mysql+pymysql://masakari:…@127.0.0.1:…/masakari
        server.sql("SELECT COUNT(*) FROM hosts", "masakari")   # [("3",)]
        server.stop(); server.start()            # the same data and port again
        server.hang(); server.wake()             # SIGSTOP, SIGCONT
        server.kill(); server.start()            # SIGKILL, crash recovery

A commit is in the kernel's cache when it is answered, so a test may kill the server; it is not
synced to the disk, which makes the tests many times faster. The server ends with the process that
made it, even by SIGKILL.
"""
import contextlib
import pathlib
import shutil
import signal
import socket
import subprocess
import urllib.parse

import pymysql

from kit import host as kit_host
from kit.host import KitError, wait_until

PASSWORD = "p@ss/w:rd%"


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _program(name):
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/bin")
    if path is None:
        raise KitError(f"{name} is not there; install the package mariadb-server")
    return path


def make_certificates(directory, name="127.0.0.1"):
    """An authority and a server's certificate for `name`: ca.pem, server.pem, server-key.pem, and
    a client's client.pem, client-key.pem, and other-ca.pem that has signed nothing."""
    directory = pathlib.Path(directory)

    def openssl(*args):
        result = subprocess.run(["openssl", *args], cwd=directory, capture_output=True, text=True,
                                timeout=60, check=False)
        if result.returncode != 0:
            raise KitError(f"openssl {args[0]} failed: {result.stderr}")

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for authority in ("ca", "other-ca"):
        openssl("req", "-x509", *key, "-days", "7", "-subj", f"/CN=kit {authority}",
                "-keyout", f"{authority}-key.pem", "-out", f"{authority}.pem")
    (directory / "names").write_text(f"subjectAltName=IP:{name}\n", encoding="utf-8")
    for kind in ("server", "client"):
        openssl("req", *key, "-subj", f"/CN={kind}", "-keyout", f"{kind}-key.pem",
                "-out", f"{kind}.csr")
        openssl("x509", "-req", "-in", f"{kind}.csr", "-CA", "ca.pem", "-CAkey", "ca-key.pem",
                "-CAcreateserial", "-days", "7", "-extfile", "names", "-out", f"{kind}.pem")


class MariaDb:
    """One server. Without a directory, a new one is made and removed at the end."""

    def __init__(self, directory=None, tls=False, options=(), env=None):
        self._own_dir = directory is None
        self.dir = pathlib.Path(directory or kit_host.short_directory("mariadb")).resolve()
        self.port = _free_port()
        self.socket = self.dir / "socket"
        self.log = self.dir / "mariadbd.log"
        self.options = list(options)
        self.tls = tls
        self.process = None
        self._env = env
        self._made = (self.dir / "data" / "mysql").exists()

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def _install(self):
        if self.tls:
            make_certificates(self.dir)
            self.options += [f"--ssl-ca={self.dir / 'ca.pem'}",
                             f"--ssl-cert={self.dir / 'server.pem'}",
                             f"--ssl-key={self.dir / 'server-key.pem'}"]
        result = subprocess.run(
            [_program("mariadb-install-db"), "--no-defaults", "--user=root",
             f"--datadir={self.dir / 'data'}", f"--tmpdir={self.dir}",
             "--auth-root-authentication-method=normal",
             "--skip-test-db"], capture_output=True, text=True, timeout=120, check=False)
        if result.returncode != 0:
            raise KitError(f"mariadb-install-db failed: {result.stdout}{result.stderr}")
        self._made = True

    def start(self, wait=True):
        """Starts the server, the first time on an empty database."""
        (self.dir / "tmp").mkdir(exist_ok=True)
        if not self._made:
            self._install()
        argv = [_program("setpriv"), "--pdeathsig", "KILL", _program("mariadbd"), "--no-defaults",
                "--user=root", f"--datadir={self.dir / 'data'}", f"--socket={self.socket}",
                # A server that starts clears up what looks like another's work in a shared one.
                f"--tmpdir={self.dir / 'tmp'}",
                f"--pid-file={self.dir / 'pid'}", f"--port={self.port}",
                "--bind-address=127.0.0.1", "--max-connections=300", "--skip-name-resolve",
                "--skip-log-bin", "--innodb-buffer-pool-size=64M", "--innodb-log-file-size=32M",
                "--innodb-flush-log-at-trx-commit=2", "--performance-schema=OFF",
                "--character-set-server=utf8mb3", *self.options]
        self.process = kit_host.start("mariadbd", argv, self.log, self._env)
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, timeout=120.0):
        """Waits until it answers over TCP."""
        def answers():
            self.process.must_live()
            return self.ask("SELECT 1").returncode == 0

        wait_until(answers, timeout, f"MariaDB on port {self.port}; its log is {self.log}", 0.05)

    def stop(self):
        """SIGTERM: what is committed is kept, connections end."""
        self.process.stop(timeout=120)

    def kill(self):
        """SIGKILL; start() recovers what was committed."""
        self.process.kill()

    def hang(self):
        """SIGSTOP: connections stay, nothing answers once this returns."""
        self.process.hang()

    def wake(self):
        """SIGCONT after hang()."""
        self.process.signal(signal.SIGCONT)

    def close(self):
        """Ends the server for good, and removes the directory if it is ours."""
        if self.process is not None:
            self.process.kill()
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def ask(self, sql, database=""):
        """Runs SQL as root, over the socket; returns the client's CompletedProcess."""
        return subprocess.run(
            [_program("mariadb"), "--no-defaults", "-uroot", "-S", str(self.socket), "-NB",
             "--default-character-set=utf8mb4", database], input=sql, capture_output=True,
            text=True, timeout=120, check=False)

    def sql(self, sql, database=""):
        """The rows of SQL as tuples of text, NULL as "NULL"."""
        result = self.ask(sql, database)
        if result.returncode != 0:
            raise KitError(f"SQL failed: {result.stderr}\n{sql}")
        return [tuple(line.split("\t")) for line in result.stdout.splitlines()]

    def status(self, name):
        """A status variable of the whole server."""
        return dict(self.sql(f"SHOW GLOBAL STATUS LIKE '{name}'")).get(name)

    @contextlib.contextmanager
    def rows(self, database):
        """A transaction as root: execute(sql, values) with ? where a value belongs; returns a
        cursor. It is committed at the end."""
        connection = pymysql.connect(user="root", unix_socket=str(self.socket), database=database,
                                     charset="utf8mb4")
        cursor = connection.cursor()

        def execute(sql, values=()):
            cursor.execute(sql.replace("?", "%s"), values)
            return cursor

        try:
            yield execute
            connection.commit()
        finally:
            connection.close()

    def create(self, name, user=None, password=PASSWORD):
        """A database, and a user who may do everything in it."""
        user = user or name
        quoted = password.replace("\\", "\\\\").replace("'", "''")
        self.sql(f"CREATE DATABASE IF NOT EXISTS `{name}`;"
                 f"CREATE USER IF NOT EXISTS '{user}'@'127.0.0.1' IDENTIFIED BY '{quoted}';"
                 f"GRANT ALL ON `{name}`.* TO '{user}'@'127.0.0.1';")

    def drop(self, name):
        """Removes a database."""
        self.sql(f"DROP DATABASE IF EXISTS `{name}`")

    def url(self, name, user=None, password=PASSWORD, query="", scheme="mysql+pymysql"):
        """The connection string, as a deployer writes it into masakari.conf."""
        user = urllib.parse.quote(user or name, safe="")
        password = urllib.parse.quote(password, safe="")
        return (f"{scheme}://{user}:{password}@127.0.0.1:{self.port}/{name}"
                f"{'?' if query else ''}{query}")

    def connections(self, user):
        """The ids of the connections of `user`."""
        return [row[0] for row in self.sql(
            f"SELECT id FROM information_schema.processlist WHERE user = '{user}'")]

    def kill_connections(self, user):
        """KILL for every connection of `user`; returns how many there were."""
        ids = self.connections(user)
        for connection in ids:
            self.ask(f"KILL {connection}")
        return len(ids)
