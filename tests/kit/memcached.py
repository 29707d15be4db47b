# SPDX-License-Identifier: Apache-2.0
"""A memcached of its own on a free port: `with Memcached() as cache: cache.url`."""
import pathlib
import shutil
import socket

from kit import host as kit_host
from kit.daemon import Daemon, answers_tcp
from kit.services import free_port


class Memcached(Daemon):
    """One server; `url` is what memcached_servers takes."""

    def __init__(self, directory=None):
        self._own_dir = directory is None
        self.dir = pathlib.Path(directory or kit_host.short_directory("memcached"))
        self.port = free_port()
        self.url = f"127.0.0.1:{self.port}"
        super().__init__(
            "memcached", ["/usr/bin/memcached", "-u", "root", "-l", "127.0.0.1", "-p", self.port,
                          "-U", "0", "-m", "16", "-t", "1"],
            self.dir, lambda: answers_tcp(self.port))

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def stat(self, name):
        """One of its figures, as a text."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=30) as connection:
            connection.sendall(b"stats\r\nquit\r\n")
            for line in connection.makefile():
                if line.startswith(f"STAT {name} "):
                    return line.split()[2]
        raise KeyError(name)

    def close(self):
        """Ends it, and removes the directory if it is ours."""
        self.kill()
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)
