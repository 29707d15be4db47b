# SPDX-License-Identifier: Apache-2.0
"""The options of [wsgi] that change how masakari-api treats connections and heads."""
import contextlib
import http.client
import json
import pathlib

import pytest

from kit.services import Services

PATIENCE = 30
KEEPALIVE_TIMER = "02"


@contextlib.contextmanager
def connected(**options):
    """A connection to an API with these options."""
    with Services(name="h1") as services:
        services.options["wsgi"] = options
        services.db_sync()
        services.api()
        connection = http.client.HTTPConnection("127.0.0.1", services.port, timeout=PATIENCE)
        yield connection
        connection.close()


def asked(connection, **headers):
    """The answer to a request, read to its end."""
    connection.request("GET", "/", headers=headers)
    answer = connection.getresponse()
    answer.read()
    return answer


@pytest.mark.parametrize("keep_alive", [True, False])
def test_keep_alive(keep_alive):
    with connected(keep_alive=keep_alive) as connection:
        answer = asked(connection)
        assert answer.headers.get("Connection") == (None if keep_alive else "close")
        assert (connection.sock is not None) == keep_alive
        assert asked(connection).status == 200  # on a new connection where it has to be


@pytest.mark.parametrize("limit, status", [(4096, 431), (16384, 200), (None, 200)])
def test_max_header_line(limit, status):
    """All fields of a head together; a token of 10,000 characters fits by default."""
    with connected(**({} if limit is None else {"max_header_line": limit})) as connection:
        assert asked(connection, **{"X-Auth-Token": "x" * 10000}).status == status


@pytest.mark.parametrize("blanks", [" ", "\t", " \t  "])
def test_blanks_behind_a_value_are_no_part_of_it(blanks):
    """Neither of a type, nor of a host."""
    body = b'{"segment": {}}'
    with connected() as connection:
        connection.request("POST", "/v1/segments", body,
                           {"Content-Type": "application/json" + blanks})
        answer = connection.getresponse()
        assert answer.status == 400 and b"is a required property" in answer.read()
        connection.request("GET", "/", headers={"Host": "x:80" + blanks})
        links = json.loads(connection.getresponse().read())["versions"][0]["links"]
        assert links[0]["href"] == "http://x/v1/"


def timer(server_port, client_port):
    """The timer of the server's end of a connection, and when it is due, in seconds."""
    for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, remote, _, _, due = line.split()[:6]
        if (int(local.split(":")[1], 16), int(remote.split(":")[1], 16)) == (
                server_port, client_port):
            kind, ticks = due.split(":")
            return kind, int(ticks, 16) / 100
    return None


@pytest.mark.parametrize("idle", [0, 7, 600])
def test_tcp_keepidle(idle):
    with connected(tcp_keepidle=idle) as connection:
        asked(connection)
        kind, due = timer(connection.port, connection.sock.getsockname()[1])
        assert (kind == KEEPALIVE_TIMER) == (idle > 0)
        assert due <= idle and (idle < 600 or due > 7)


def test_a_client_that_waits_to_be_told_to_go_on_is():
    """Expect: 100-continue."""
    body = b'{"segment": {}}'
    with connected() as connection:
        connection.putrequest("POST", "/v1/segments")
        connection.putheader("Expect", "100-continue")
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()
        assert connection.sock.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(body)
        answer = connection.getresponse()
        assert answer.status == 400 and b"is a required property" in answer.read()
