# SPDX-License-Identifier: Apache-2.0
"""A way to a server that is cut at a chosen moment.

    with Relay(server.port) as way:              # a port of 127.0.0.1: way.port
        way.cut(); way.open()                    # every connection is closed, and none is made
        way.arm(b"what a client sends", moment)  # cut when it has been sent
        way.arm(b"a bound value", moment, COMMIT)    # cut at the COMMIT after it
        way.hits                                 # how often it came to that
    way.rewrite(b"what a client sends", change)  # sends change(it) instead, once; counts as a hit

`moment` is called with a function that sends on what has come and returns the server's answer,
empty when there is none.
"""
import contextlib
import selectors
import socket
import threading

COMMIT = b"\x07\x00\x00\x00\x03COMMIT"  # of a client of MariaDB


class Relay:
    """One way to one server."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.hits = 0
        self._armed = None
        self._change = None
        self._closed = False
        self._lock = threading.Lock()
        self._sockets = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        self.cut()

    def arm(self, needle, moment, trigger=b""):
        """Cuts the way when a client sends `trigger` after `needle`; once."""
        with self._lock:
            self._armed = (needle, moment, trigger)

    def rewrite(self, needle, change):
        """Changes what a client sends when there is `needle` in it; once."""
        with self._lock:
            self._change = (needle, change)

    def cut(self):
        """Ends every connection, and makes none."""
        self._closed = True
        self._end_all()

    def open(self):
        """Lets connections through again."""
        self._closed = False

    def _end_all(self):
        with self._lock:
            ended, self._sockets = self._sockets, set()
        for each in ended:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            if self._closed:
                return
            try:
                server = socket.create_connection(self._target)
            except OSError:
                return
            with server:
                with self._lock:
                    self._sockets |= {client, server}
                with contextlib.suppress(OSError):
                    self._relay(client, server)
                with self._lock:
                    self._sockets -= {client, server}

    def _relay(self, client, server):
        found = False
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    if key.fileobj is client and self._armed:
                        needle, _, trigger = self._armed
                        found = found or needle in data
                        if found and trigger in data:
                            self._hit(server, data)
                            return
                    key.data.sendall(self._changed(data) if key.fileobj is client else data)

    def _changed(self, data):
        with self._lock:
            if not self._change or self._change[0] not in data:
                return data
            (_, change), self._change = self._change, None
            self.hits += 1
        return change(data)

    def _hit(self, server, data):
        with self._lock:
            (_, moment, _), self._armed = self._armed, None
        self._closed = True

        def send_on():
            try:
                server.sendall(data)
                return server.recv(65536)
            except OSError:
                return b""

        moment(send_on)
        self.hits += 1
        self._end_all()
