# SPDX-License-Identifier: Apache-2.0
"""A way to MariaDB that is cut while a chosen COMMIT is under way.

    with CommitProxy(server.port) as way:        # a port of 127.0.0.1: way.port
        way.arm(b"text of a bound value", cut)   # the COMMIT of the next transaction that has it
        way.hits                                 # how often it came to that

`cut` is called when that COMMIT arrives, with a function that sends it on and returns the server's
answer, empty when there is none. After it every connection is closed, and none is made until
open() is called.
"""
import contextlib
import selectors
import socket
import threading

COMMIT = b"\x07\x00\x00\x00\x03COMMIT"


class CommitProxy:
    """One way to one server."""

    def __init__(self, port):
        self._target = ("127.0.0.1", port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.hits = 0
        self._victim = None
        self._cut = None
        self._closed = False
        self._lock = threading.Lock()
        self._sockets = set()
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._closed = True
        self._listener.close()
        self._end_all()

    def arm(self, victim, cut):
        """Waits for the COMMIT of a transaction that has the bytes `victim`."""
        with self._lock:
            self._victim, self._cut = victim, cut

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
        has_victim = False
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    if key.fileobj is client:
                        has_victim = has_victim or bool(self._victim and self._victim in data)
                        if COMMIT in data and has_victim:
                            self._hit(server, data)
                            return
                        has_victim = has_victim and COMMIT not in data
                    key.data.sendall(data)

    def _hit(self, server, data):
        with self._lock:
            cut, self._victim, self._cut = self._cut, None, None
        self._closed = True

        def send_on():
            try:
                server.sendall(data)
                return server.recv(65536)
            except OSError:
                return b""

        cut(send_on)
        self.hits += 1
        self._end_all()
