# SPDX-License-Identifier: Apache-2.0
"""A broker that sends nonsense: an engine says so, lives on, and ends when told."""
import socket
import struct
import threading

import pytest

from kit.host import wait_until
from kit.services import Services

HUGE = struct.pack(">BHI", 1, 0, 0xFFFFFFFF)
NONSENSE = {
    "text": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "zeros": bytes(4096),
    "another protocol": b"AMQP\x00\x01\x00\x00",
    "a frame of 4 GiB": HUGE + bytes(65536),
    "a body before all": struct.pack(">BHI", 3, 1, 4) + b"abcd\xce",
    "half a frame": struct.pack(">BHI", 1, 0, 400) + b"\x00\x0a\x00\x0a",
    "nothing": b"",
}


@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_instead_of_a_greeting(name):
    with socket.create_server(("127.0.0.1", 0)) as server, Services() as services:
        met = []

        def serve():
            try:
                while True:
                    peer, _ = server.accept()
                    with peer:
                        peer.sendall(NONSENSE[name])
                        met.append(name)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        port = server.getsockname()[1]
        services.options["DEFAULT"]["transport_url"] = f"rabbit://u:p@127.0.0.1:{port}/"
        services.options["libvirt"]["connection_uri"] = "test:///default"
        services.options["oslo_messaging_rabbit"] = {"kombu_reconnect_delay": "0"}
        services.db_sync()
        engine = services.engine()
        wait_until(lambda: len(met) >= 4, 60, "attempts of both connections after the first")
        wait_until(lambda: "out of reach" in engine.log.read_text(encoding="utf-8"), 60, "a word")
        assert engine.stop(30) == 0
