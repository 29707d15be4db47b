# SPDX-License-Identifier: Apache-2.0
"""An HTTP server in a thread of its own that misbehaves when a test tells it to.

    server.fault("evacuate", "cut_after", times=2)      # the next two requests of that label
    server.fault("servers", "status", status=429, retry_after=1)

Kinds of faults:
    status      refused with that status, and Retry-After if given; a 3xx leads elsewhere; without
                effect
    hang        never answered; without effect
    hang_after  takes effect and is never answered
    cut_before  the connection is closed; without effect
    cut_after   takes effect, and the connection is closed
    half        takes effect, and the connection is closed in the middle of the answer
    late        the connection is closed, and it takes effect `delay_s` later
    slow        takes effect and is answered `delay_s` later
    page        a proxy's page with status 200; without effect
"""
import asyncio
import collections
import dataclasses
import json
import ssl
import threading
import time

PAGE = b"<html><body>Back in a minute</body></html>"
KINDS = ("status", "hang", "hang_after", "cut_before", "cut_after", "half", "late", "slow", "page")
REASONS = {200: "OK", 202: "Accepted", 404: "Not Found", 409: "Conflict", 429: "Too Many Requests"}


@dataclasses.dataclass
class Request:
    """One request, read to its end."""
    method: str
    target: str
    headers: dict
    body: bytes

    def json(self):
        """Its body, None without one."""
        return json.loads(self.body) if self.body else None


@dataclasses.dataclass
class Answer:
    """What is answered: `body` is JSON unless it is bytes already."""
    status: int
    body: object = None
    headers: dict = dataclasses.field(default_factory=dict)

    def encode(self):
        """The bytes on the wire."""
        body = self.body
        if not isinstance(body, bytes):
            body = b"" if body is None else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {self.status} {REASONS.get(self.status, 'Status')}"]
        fields = {"Content-Type": "application/json", "Content-Length": len(body), **self.headers}
        lines += [f"{name}: {value}" for name, value in fields.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclasses.dataclass
class Fault:
    """One fault: see the module."""
    label: str
    kind: str
    times: int
    status: int
    retry_after: object
    delay_s: float


class FaultServer:
    """The base of a fake service: a subclass tells label(request) and answer(request), which run
    one at a time under `lock`. `calls` counts the requests of each label, `asked_at` has their
    times, `most_at_once` says how many of each were being answered at the same time."""

    def __init__(self):
        self.lock = threading.RLock()
        self.calls = collections.Counter()
        self.most_at_once = collections.Counter()
        self.asked_at = collections.defaultdict(list)
        self.port = None
        self.tls = None  # (certificate, key) before the start: it speaks TLS
        self._now = collections.Counter()
        self._faults = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def label(self, request):
        """What a request is called."""
        raise NotImplementedError

    def answer(self, request):
        """The effect of a request, and its Answer."""
        raise NotImplementedError

    # -- life

    def __enter__(self):
        self._thread.start()
        context = None
        if self.tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*self.tls)
        made = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._serve, "127.0.0.1", self.port or 0, backlog=1024,
                                 ssl=context),
            self._loop)
        self.port = made.result(30).sockets[0].getsockname()[1]
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(30)

    def _run(self):
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def later(self, delay_s, function, *args):
        """Calls a function under the lock after a while; from any thread."""
        def call():
            with self.lock:
                function(*args)

        self._loop.call_soon_threadsafe(self._loop.call_later, delay_s, call)

    # -- faults

    def fault(self, label, kind, times=1, status=503, retry_after=None, delay_s=1.0):
        """From now on `times` requests of that label (of any, when it is "*") go wrong."""
        assert kind in KINDS, kind
        with self.lock:
            self._faults.append(Fault(label, kind, times, status, retry_after, delay_s))

    def heal(self):
        """No more faults."""
        with self.lock:
            self._faults.clear()

    def _take_fault(self, label):
        for fault in self._faults:
            if fault.label in (label, "*"):
                fault.times -= 1
                if fault.times == 0:
                    self._faults.remove(fault)
                return fault
        return None

    # -- connections

    @staticmethod
    async def _read(reader):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Request(method, target, headers, body)

    async def _serve(self, reader, writer):
        try:
            while True:
                request = await self._read(reader)
                if not await self._respond(request, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _respond(self, request, writer):
        """Answers, or does not; returns whether the connection is still of use."""
        with self.lock:
            label = self.label(request)
            self.calls[label] += 1
            self.asked_at[label].append(time.monotonic())
            self._now[label] += 1
            self.most_at_once[label] = max(self.most_at_once[label], self._now[label])
            fault = self._take_fault(label)
        try:
            return await self._respond_with(request, writer, fault)
        finally:
            with self.lock:
                self._now[label] -= 1

    def _effect(self, request):
        with self.lock:
            return self.answer(request).encode()

    async def _respond_with(self, request, writer, fault):
        kind = fault.kind if fault else None
        if kind == "status":
            headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
            if 300 <= fault.status <= 399:
                headers["Location"] = f"https://elsewhere.invalid{request.target}"
            said = Answer(fault.status, {"computeFault": {
                "code": fault.status, "message": "as told"}}, headers).encode()
        elif kind == "page":
            said = Answer(200, PAGE, {"Content-Type": "text/html"}).encode()
        elif kind == "late":
            self.later(fault.delay_s, self.answer, request)
            return False
        elif kind == "cut_before":
            return False
        elif kind == "hang":
            await asyncio.sleep(3600)
            return False
        else:
            if kind == "slow":
                await asyncio.sleep(fault.delay_s)
            said = self._effect(request)
        if kind == "hang_after":
            await asyncio.sleep(3600)
        if kind in ("cut_after", "hang_after"):
            return False
        if kind == "half":
            said = said[:-max(1, len(said) // 2)]
        writer.write(said)
        await writer.drain()
        return kind != "half" and request.headers.get("connection", "").lower() != "close"
