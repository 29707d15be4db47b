# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy that counts the HTTP requests which go through it.

    with CountingProxy(5000) as proxy:          # to 127.0.0.1:5000
        ...                                     # use 127.0.0.1:{proxy.port}
        proxy.take()                            # {"GET /v2.1/servers/{id}": 12, ...}

Bytes go through as they are, so whoever is behind it sees the caller's Host header, and answers
with links that lead through the proxy again.
"""
import asyncio
import collections
import re
import threading

REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|PATCH|DELETE) (\S+) HTTP/1\.[01]\r\n")
ORDER = re.compile(rb'\r\n\r\n\{"([a-zA-Z-]+)"')
NAMED = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}")


def label(chunk):
    """What a request is counted as; None for bytes that begin no request."""
    head = REQUEST.match(chunk)
    if head is None:
        return None
    method, target = head[1].decode(), head[2].decode()
    order = ORDER.search(chunk) if target.endswith("/action") else None
    text = f"{method} {NAMED.sub('{id}', target.partition('?')[0])}"
    return f"{text} {order[1].decode()}" if order else text


class CountingProxy:
    """One proxy, on a free port, in a thread of its own."""

    def __init__(self, target_port):
        self._target_port = target_port
        self._counts = collections.Counter()
        self._lock = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.port = None

    def __enter__(self):
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", 0), self._loop).result(30)
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def take(self):
        """The requests since the last call."""
        with self._lock:
            counts, self._counts = self._counts, collections.Counter()
        return counts

    async def _serve(self, reader, writer):
        try:
            onward = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pipe(reader, onward[1], True),
                             self._pipe(onward[0], writer, False))

    async def _pipe(self, reader, writer, counted):
        try:
            while chunk := await reader.read(65536):
                name = label(chunk) if counted else None
                if name is not None:
                    with self._lock:
                        self._counts[name] += 1
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
