# SPDX-License-Identifier: Apache-2.0
"""A broker that sends nonsense, at its greeting or later: engines live on, try again, and end when
told."""
import collections
import socket
import struct
import threading
import zlib

from kit.host import wait_until
from kit.services import Services

METHOD, HEADER, BODY, HEARTBEAT = 1, 2, 3, 8
N_ENGINES = 4


def frame(kind, payload, channel=1, size=None, end=b"\xce"):
    """A frame of AMQP; its size may be a lie."""
    size = len(payload) if size is None else size
    return struct.pack(">BHI", kind, channel, size) + payload + end


def method(class_id, method_id, arguments=b"", channel=1):
    """A frame with a method."""
    return frame(METHOD, struct.pack(">HH", class_id, method_id) + arguments, channel)


def text(value):
    """A short string."""
    return bytes([len(value)]) + value


def start(properties=b"", mechanisms=b"PLAIN AMQPLAIN"):
    """The greeting."""
    return method(10, 10, struct.pack(">BBI", 0, 9, len(properties)) + properties + struct.pack(
        ">I", len(mechanisms)) + mechanisms + struct.pack(">I", 5) + b"en_US", 0)


def message(body, size=None, tag=b"1", pieces=None, properties=struct.pack(">H", 0), kind=60):
    """A message that is delivered: its method, its header, its body."""
    deliver = method(60, 60, text(tag) + struct.pack(">QB", 1, 0) + text(b"masakari") + text(b"r"))
    header = frame(HEADER, struct.pack(">HHQ", kind, 0, len(body) if size is None else size)
                   + properties)
    return deliver + header + b"".join(frame(BODY, piece) for piece in pieces or [body])


def long_text(value):
    """The value of a header that is a string."""
    return b"S" + struct.pack(">I", len(value)) + value


def compressed(body, how=long_text(b"application/x-gzip")):
    """A message that says how its body was compressed."""
    table = text(b"compression") + how
    return message(body, properties=struct.pack(">HI", 0x2000, len(table)) + table)


# What a broker answers to which method of a client.
ANSWERS = {
    (10, 11): method(10, 30, struct.pack(">HIH", 2047, 131072, 60), 0),
    (10, 40): method(10, 41, b"\0", 0), (20, 10): method(20, 11, bytes(4)),
    (85, 10): method(85, 11), (60, 10): method(60, 11), (40, 10): method(40, 11),
    (50, 10): method(50, 11, text(b"q") + bytes(8)), (50, 20): method(50, 21),
    (60, 20): method(60, 21, text(b"1")),
}
GREETING, LOGIN, TUNED, OPENED, DECLARED, CONSUMING = (
    None, (10, 11), (10, 31), (20, 10), (50, 10), (60, 20))
# {name: (the method of the client that it is the answer to, the answer)}
NONSENSE = {
    "text": (GREETING, b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    "zeros": (GREETING, bytes(4096)),
    "another protocol": (GREETING, b"AMQP\x00\x01\x00\x00"),
    "a frame of 4 GiB": (GREETING, struct.pack(">BHI", 1, 0, 0xFFFFFFFF) + bytes(65536)),
    "a body before all": (GREETING, frame(BODY, b"abcd", 1)),
    "half a frame": (GREETING, struct.pack(">BHI", 1, 0, 400) + b"\x00\x0a\x00\x0a"),
    "nothing": (GREETING, b""),
    "a table that ends beyond the frame": (GREETING, start(b"\x03abcF\xff\xff\xff\xff")),
    "a table of no type": (GREETING, start(b"\x03abc?")),
    "tables in tables": (GREETING, start((b"\x01aF\x00\x00\x40\x00" * 2000)[:16000])),
    "no mechanism that we know": (GREETING, start(mechanisms=b"MAGIC")),
    "no end of a frame": (LOGIN, frame(METHOD, bytes(12), 0, end=b"\x00")),
    "tuned to nothing": (LOGIN, method(10, 30, struct.pack(">HIH", 0, 1, 0), 0)),
    "a method that is cut off": (LOGIN, method(10, 30, b"\x00", 0)),
    "no such method": (LOGIN, method(10, 999, b"", 0)),
    "no such class": (TUNED, method(999, 1, b"", 0)),
    "a frame of no kind": (TUNED, frame(77, b"?", 0)),
    "closed with a long reason": (TUNED, method(10, 50, struct.pack(">H", 320) + text(
        b"%s%n" * 60) + bytes(4), 0)),
    "the answer to something else": (OPENED, method(60, 21, text(b"1"))),
    "another channel": (OPENED, method(20, 11, bytes(4), 99)),
    "a queue's name of 255 that is 3": (DECLARED, method(50, 11, b"\xffabc")),
    "the queue is refused": (DECLARED, method(20, 40, struct.pack(">H", 406) + text(
        b"PRECONDITION_FAILED") + bytes(4))),
    "a message that is no JSON": (CONSUMING, ANSWERS[(60, 20)] + message(b"{")),
    "a message that is no envelope": (CONSUMING, ANSWERS[(60, 20)] + message(b"[1, null]")),
    "more body than was said": (CONSUMING, ANSWERS[(60, 20)] + message(b"{}", 1)),
    "a header of another class": (CONSUMING, ANSWERS[(60, 20)] + message(
        b"{}", properties=struct.pack(">HI", 0x2000, 0xFFFF), kind=10)),
    "a compressed body that is none": (CONSUMING, ANSWERS[(60, 20)] + compressed(b"{}")),
    "a compressed body without end": (CONSUMING, ANSWERS[(60, 20)] + compressed(
        zlib.compress(bytes(20 << 20)))),
    "a compressed body of no kind": (CONSUMING, ANSWERS[(60, 20)] + compressed(
        b"{}", long_text(b"magic"))),
    "a body without end": (CONSUMING, ANSWERS[(60, 20)] + message(b"{}", 2 ** 64 - 1)),
    "a body in no pieces": (CONSUMING, ANSWERS[(60, 20)] + message(b"{}", 2, pieces=[b""] * 50)),
    "a header before a message": (CONSUMING, ANSWERS[(60, 20)] + frame(HEADER, bytes(14))),
    "a body before a message": (CONSUMING, ANSWERS[(60, 20)] + frame(BODY, b"x")),
    "a method in a message": (CONSUMING, ANSWERS[(60, 20)] + message(b"", 9)[:-8] + method(60, 11)),
    "confirmed what was never sent": (CONSUMING, ANSWERS[(60, 20)] + method(
        60, 80, struct.pack(">QB", 2 ** 63, 1))),
    "a heartbeat with a body": (CONSUMING, ANSWERS[(60, 20)] + frame(HEARTBEAT, b"beat", 5)),
    "cancelled": (CONSUMING, ANSWERS[(60, 20)] + method(60, 30, text(b"1") + b"\x01")),
}
# Values of the header "compression" that kombu takes for none.
NOT_COMPRESSED = (b"V", long_text(b""), b"x" + bytes(4), b"t\0")


class Broker:
    """Each connection gets one of `nonsense`, the least used one first."""

    def __init__(self, nonsense, answers=None):
        self._nonsense = nonsense
        self._answers = answers or ANSWERS
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self.met = collections.Counter({name: 0 for name in nonsense})
        self._begun = collections.Counter()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        """Takes no more connections."""
        self._server.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            name = min(self._nonsense, key=lambda name: (self.met[name], self._begun[name]))
            self._begun[name] += 1
            threading.Thread(target=self._serve, args=(peer, name), daemon=True).start()

    def _serve(self, peer, name):
        point, nonsense = self._nonsense[name]
        with peer:
            peer.settimeout(3)  # a connection that only sends does not come so far
            try:
                self._lead_to(point, peer)
                peer.sendall(nonsense)
                self.met[name] += 1
                while nonsense and peer.recv(65536):
                    pass
            except OSError:
                return

    def _lead_to(self, point, peer):
        """Is a good broker until the client sends the method `point`."""
        received = peer.makefile("rb")
        if len(received.read(8)) < 8:
            raise ConnectionError
        if point is not None:
            peer.sendall(start())
        while point is not None:
            kind, _, size = struct.unpack(">BHI", received.read(7) or bytes(7))
            payload = received.read(size + 1)
            if len(payload) < 5:
                raise ConnectionError
            called = struct.unpack(">HH", payload[:4])
            if kind == METHOD and called == point:
                return
            peer.sendall(self._answers.get(called, b"") if kind == METHOD else b"")


def tune(services, broker):
    """Lets them use this broker."""
    services.options["DEFAULT"]["transport_url"] = f"rabbit://u:p@127.0.0.1:{broker.port}/"
    services.options["libvirt"]["connection_uri"] = "test:///default"
    services.options["oslo_messaging_rabbit"] = {
        "kombu_reconnect_delay": "0", "rabbit_interval_max": "1"}
    services.db_sync()


def test_nonsense_of_a_broker():
    broker = Broker(NONSENSE)
    with Services() as services:
        tune(services, broker)
        engines = [services.engine(log_name=f"engine{number}") for number in range(N_ENGINES)]
        wait_until(lambda: min(broker.met.values()) > 0, 120,
                   f"every kind of nonsense: {broker.met}")
        for engine in engines:
            wait_until(lambda e=engine: "out of reach" in e.log.read_text(encoding="utf-8"), 60,
                       "a word")
            assert engine.stop(30) == 0
    broker.close()


def test_messages_with_an_empty_header_are_not_compressed():
    messages = b"".join(compressed(b"[]", how) for how in NOT_COMPRESSED)
    broker = Broker({"none": ((0, 0), b"")}, ANSWERS | {(60, 20): ANSWERS[(60, 20)] + messages})
    with Services() as services:
        tune(services, broker)
        engine = services.engine()
        wait_until(lambda: engine.log.read_text(encoding="utf-8").count(
            "A message of the bus is dropped") >= len(NOT_COMPRESSED), 120, "all of them")
        assert "compressed" not in engine.log.read_text(encoding="utf-8")
        assert engine.stop(30) == 0
    broker.close()
