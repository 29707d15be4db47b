# SPDX-License-Identifier: Apache-2.0
"""masakari-api against clients that mean harm or are broken, and against a database that fails."""
import concurrent.futures
import contextlib
import ctypes
import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import threading
import time
import uuid

import pytest

from kit.services import Rest, Services

PATIENCE = 20.0
HEAD = b"Host: a\r\n"


@contextlib.contextmanager
def running_api(**options):
    """An API on an empty database; options are {group__name: value}."""
    with Services(name="h1") as services:
        services.options["DEFAULT"]["debug"] = "false"
        for name, value in options.items():
            group, option = name.split("__")
            services.options.setdefault(group, {})[option] = value
        services.db_sync()
        process = services.api()
        yield services, process


@pytest.fixture(scope="module", name="api")
def api_for_all():
    """An API that the tests of a kind share: nothing that they do may hurt the next."""
    with running_api(wsgi__request_timeout=10) as (services, process):
        yield services
        process.must_live()


def is_well(services):
    """Whether an ordinary client is served."""
    status, _, body = services.rest.call("GET", "//v1/segments")
    return status == 200 and "segments" in body


def exchange(port, raw, timeout=2.0, first=PATIENCE):
    """Sends bytes; returns all that comes back, and whether the server closed. It ends with the
    stream, `first` seconds without any answer, or a pause of `timeout` seconds after a part."""
    heard = b""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.settimeout(first)
        try:
            connection.sendall(raw)
            while True:
                part = connection.recv(65536)
                if not part:
                    return heard, True
                heard += part
                connection.settimeout(timeout)
        except TimeoutError:
            return heard, False
        except OSError:
            return heard, True


def statuses(heard):
    """The status codes in a stream of answers."""
    return [int(code) for code in re.findall(rb"HTTP/1\.[01] (\d{3}) ", heard)]


# ---- bodies ---------------------------------------------------------------------------------

SEGMENT = b'{"segment": {"name": "%s", "recovery_method": "auto", "service_type": "c"}}'
BODIES = {
    "nothing": (b"", "None is not of type 'object'"),
    "half an object": (b'{"segment": {"name"', "Malformed request body"),
    "text behind it": (b"{} {}", "Malformed request body"),
    "no JSON": (b"<segment/>", "Malformed request body"),
    "a byte that is not UTF-8": (SEGMENT % b"\xff", "Malformed request body"),
    "an overlong sequence": (SEGMENT % b"\xc0\x80", "Malformed request body"),
    "a surrogate in UTF-8": (SEGMENT % b"\xed\xa0\x80", "Malformed request body"),
    "UTF-16": ('{"segment": {}}'.encode("utf-16"), "Malformed request body"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "Malformed request body"),
    "zeros": (b"\0" * 1000, "Malformed request body"),
    "a raw control character": (SEGMENT % b"a\nb", "Malformed request body"),
    "10000 levels of lists": (b"[" * 10000 + b"]" * 10000, "Malformed request body"),
    "10000 levels of objects": (b'{"a":' * 10000 + b"1" + b"}" * 10000, "Malformed request body"),
    "10000 levels without an end": (b"[" * 10000, "Malformed request body"),
    "an integer of 5000 digits": (b'{"segment": ' + b"9" * 5000 + b"}", "Malformed request body"),
    "half of a surrogate pair": (SEGMENT % b"\\ud800", "An invalid 'name' value"),
    "a NUL by escape": (SEGMENT % b"a\\u0000b", "An invalid 'name' value"),
    "the last of two members counts": (
        b'{"segment": {}, "segment": {"name": 5}}', "5 is not of type 'string'"),
    "100 000 bytes of one name": (SEGMENT % (b"x" * 100000), "is too long"),
    "10000 members": (b'{"segment": {' + b",".join(b'"m%d": 0' % i for i in range(8000)) + b"}}",
                      "Additional properties are not allowed"),
}


@pytest.mark.parametrize("what", BODIES)
def test_bad_bodies_are_refused_with_a_reason(api, what):
    body, message = BODIES[what]
    status, _, answer = api.rest.call("POST", "//v1/segments", body,
                                      {"Content-Type": "application/json", "Content-Length":
                                       str(len(body))})
    assert status == 400
    assert message in answer["badRequest"]["message"]
    assert is_well(api)


@pytest.mark.parametrize("size, answer", [(114688, [400]), (114689, [413]), (1000000, [413]),
                                          (100000000, [413])])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_size_of_a_body_is_limited(api, size, answer, chunked):
    head = b"POST /v1/segments HTTP/1.1\r\n" + HEAD + b"Connection: close\r\n"
    sent = min(size, 3000000)
    if chunked:
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + b"".join(
            b"%x\r\n%s\r\n" % (min(60000, sent - at), b"x" * min(60000, sent - at))
            for at in range(0, sent, 60000)) + b"0\r\n\r\n"
    else:
        raw = head + b"Content-Length: %d\r\n\r\n" % size + b"x" * sent
    heard, closed = exchange(api.port, raw)
    assert closed
    # What is far too large may be cut off before the answer is read.
    assert statuses(heard) in ([answer] if size < 1000000 else [answer, []])
    assert is_well(api)


def test_no_body_is_null_however_its_length_is_told(api):
    """As behind the web servers of the Python service. Outside of /v1 a length has to be told."""
    lengths = {b"": b"", b"Content-Length: 0\r\n": b"",
               b"Transfer-Encoding: chunked\r\n": b"0\r\n\r\n"}
    for length, rest in lengths.items():
        for path, status, words in (("/v1/segments", 400, b"None is not of type 'object'"),
                                    ("/", 400, b"Malformed request body")):
            if path == "/" and b"Content-Length" in length:
                status, words = 200, b"versions"
            head = f"POST {path} HTTP/1.1\r\n".encode() + HEAD + b"Connection: close\r\n"
            heard, _ = exchange(api.port, head + length + b"\r\n" + rest)
            assert (statuses(heard), words in heard) == ([status], True), (path, length, heard)


def test_a_body_that_stops_short_gets_no_answer_and_stores_nothing(api):
    body = SEGMENT % b"short"
    raw = (b"POST /v1/segments HTTP/1.1\r\n" + HEAD
           + b"Content-Length: %d\r\n\r\n%s" % (len(body) + 1, body))
    with socket.create_connection(("127.0.0.1", api.port)) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(PATIENCE)
        with contextlib.suppress(OSError):
            assert connection.recv(1000) == b""
    assert all(segment["name"] != "short" for segment in api.rest.get("/segments")["segments"])


def test_a_payload_that_is_no_text_is_refused(api):
    name = f"h{uuid.uuid4().hex[:8]}"
    api.rest.segment_with_host(name, segment_name=name)
    for value in ("a\u0000b", "\ud800"):
        status, _, answer = api.rest.call("POST", "/notifications", {"notification": {
            "type": "VM", "hostname": name, "generated_time": "2026-01-01T00:00:00",
            "payload": {"instance_uuid": str(uuid.uuid4()), "vir_domain_event": "e",
                        "event": value}}})
        assert status == 400 and "NUL" in answer["badRequest"]["message"]


# ---- heads ----------------------------------------------------------------------------------

def microhttpd_version():
    """The version of the library in use, such as (0, 9, 75)."""
    library = ctypes.CDLL("libmicrohttpd.so.12")
    library.MHD_get_version.restype = ctypes.c_char_p
    return tuple(int(part) for part in library.MHD_get_version().decode().split(".")[:3])


# From 0.9.77 on the library has a level of strictness that refuses the last four, too; see
# docs/dev/http-server.md. 0.9.75 sends some of its own refusals twice.
STRICT = microhttpd_version() >= (0, 9, 77)
PROBES = {
    "a plain request": (b"GET / HTTP/1.1\r\n" + HEAD + b"\r\n", {200}),
    "HTTP/1.0 without a host": (b"GET / HTTP/1.0\r\n\r\n", {200}),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", {400}),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HEAD + b"Host: b\r\n\r\n", {400}),
    "a space before the colon": (b"GET / HTTP/1.1\r\n" + HEAD + b"X : y\r\n\r\n", {400}),
    "a bare CR in a value": (b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\rY: b\r\n\r\n", {400}),
    "a negative length": (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n", {400}),
    "a length with a sign": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: +3\r\n\r\nabc", {400}),
    "a hexadecimal length": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 0x3\r\n\r\nabc", {400}),
    "a list of lengths": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 3, 3\r\n\r\nabc", {400}),
    "two lengths": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nContent-Length: 0\r\n\r\nabc",
        {400}),
    "an enormous length": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 99999999999999999999\r\n\r\nabc",
        {413, 400}),
    "a length and chunks": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"0\r\n\r\n", {400}),
    "two encodings and a length": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 3\r\nTransfer-Encoding: gzip, chunked"
        b"\r\n\r\n0\r\n\r\n", {400}),
    "nearly chunked": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", {400}),
    # The library of 0.9.75 reads such a body as one without an end; later ones know chunks.
    "chunked and a blank behind": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked \r\n\r\n0\r\n\r\n",
        {200, 400} if STRICT else {400}),
    "chunked and a tab behind": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
        {200, 400} if STRICT else {400}),
    "a signed chunk": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n+1\r\na\r\n0\r\n\r\n",
        {400}),
    "an enormous chunk": (
        b"POST / HTTP/1.1\r\n" + HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
        b"FFFFFFFFFFFFFFFFF\r\na\r\n0\r\n\r\n", {413, 400}),
    "a version from the future": (b"GET / HTTP/9.9\r\n" + HEAD + b"\r\n", {505}),
    "no version": (b"GET /\r\n\r\n", {400, 505}),
    "64 KiB of one header": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"a" * 65536 + b"\r\n\r\n", {431}),
    "64 KiB of target": (b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", {414, 431}),
    "1000 headers": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"".join(b"X%d: y\r\n" % i for i in range(1000)) + b"\r\n",
        {431}),
    "an empty header name": (
        b"GET / HTTP/1.1\r\n" + HEAD + b": x\r\n\r\n", {400} if STRICT else {200, 400}),
    "a NUL in a value": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\x00b\r\n\r\n", {400} if STRICT else {200}),
    "line feeds alone": (b"GET / HTTP/1.1\nHost: a\n\n", {400} if STRICT else {200}),
    "a folded line": (
        b"GET / HTTP/1.1\r\n" + HEAD + b"X: a\r\n b\r\n\r\n", {400} if STRICT else {200}),
}


@pytest.mark.parametrize("what", PROBES)
def test_ambiguous_heads_are_refused(api, what):
    raw, expected = PROBES[what]
    heard, closed = exchange(api.port, raw, timeout=1.0)
    found = statuses(heard)
    assert set(found) and set(found) <= expected
    if found[0] >= 400:
        assert closed, "what follows a refused head must not be read as another request"
    assert is_well(api)


def test_a_request_hidden_in_a_body_is_not_answered(api):
    """The classic: one party ends the body by its length, the other by the empty chunk."""
    hidden = b"GET /healthcheck HTTP/1.1\r\nHost: a\r\n\r\n"
    raw = (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: %d\r\n" % (len(hidden) + 5)
           + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)
    heard, closed = exchange(api.port, raw)
    assert closed and statuses(heard) == [400]


def test_requests_in_a_row_on_one_connection_are_answered_in_order(api):
    raw = b"".join(b"GET /%d HTTP/1.1\r\n%s\r\n" % (i, HEAD) for i in range(20))
    heard, _ = exchange(api.port, raw, timeout=1.0)
    assert statuses(heard) == [300] * 20
    places = [heard.index(b"/v1/%d\"" % i) for i in range(20)]
    assert places == sorted(places)


def test_random_bytes(api):
    for seed in range(50):
        exchange(api.port, os.urandom(200 + seed * 37) + b"\r\n\r\n", timeout=0.2, first=0.2)
    assert is_well(api)


# ---- slow and many clients --------------------------------------------------------------------

def test_slow_clients_are_cut_and_others_served_meanwhile():
    with running_api(wsgi__request_timeout=2, wsgi__client_socket_timeout=3) as (services, _):
        starts = [b"", b"GET /v1/seg", b"GET / HTTP/1.1\r\nX: ",
                  b"POST /v1/segments HTTP/1.1\r\n" + HEAD + b"Content-Length: 1000\r\n\r\n{"]
        slow = [socket.create_connection(("127.0.0.1", services.port)) for _ in range(400)]
        began = time.monotonic()
        for number, connection in enumerate(slow):
            connection.sendall(starts[number % len(starts)])
            connection.setblocking(False)
        alive = set(range(len(slow)))
        while alive and time.monotonic() - began < PATIENCE:
            assert is_well(services)
            for number in list(alive):
                try:
                    if number % len(starts) != 0:
                        slow[number].send(b"x")  # trickles on
                    if slow[number].recv(1000) == b"":
                        alive.discard(number)
                except BlockingIOError:
                    pass
                except OSError:
                    alive.discard(number)
            time.sleep(0.2)
        took = time.monotonic() - began
        for connection in slow:
            connection.close()
        assert not alive, f"{len(alive)} of {len(slow)} slow clients still hold a connection"
        assert took >= 1.5


def test_a_client_that_does_not_read_its_answer_is_cut():
    with running_api(wsgi__request_timeout=2) as (services, _):
        for number in range(60):
            services.rest.post("/segments", {"segment": {
                "name": f"s{number}", "recovery_method": "auto", "service_type": "c",
                "description": "d" * 60000}})
        with socket.socket() as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", services.port))
            connection.sendall(b"GET /v1/segments HTTP/1.1\r\n" + HEAD + b"\r\n")
            time.sleep(4)
            connection.settimeout(PATIENCE)
            got = 0
            with contextlib.suppress(OSError):
                while part := connection.recv(65536):
                    got += len(part)
        assert got < 60 * 60000
        assert is_well(services)


def test_a_thousand_connections():
    with running_api(wsgi__default_pool_size=1100) as (services, _):
        connections = [http.client.HTTPConnection("127.0.0.1", services.port, timeout=PATIENCE)
                       for _ in range(1000)]
        for connection in connections:
            connection.connect()
        for _ in range(2):  # all of them are kept open for a second request
            for connection in connections:
                connection.request("GET", "/v1/segments")
            for connection in connections:
                response = connection.getresponse()
                body = response.read()
                # Beyond the queue the answer is "try again", which is an answer.
                assert response.status in (200, 503), body
        assert is_well(services)
        for connection in connections:
            connection.close()


@contextlib.contextmanager
def on_one_cpu(pid):
    """This program and all threads of another share one CPU."""
    before = os.sched_getaffinity(0)
    for task in os.listdir(f"/proc/{pid}/task"):
        with contextlib.suppress(ProcessLookupError):  # a thread that ended just now
            os.sched_setaffinity(int(task), {min(before)})
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def test_a_burst_that_fills_two_lists_of_events_is_answered():
    """libmicrohttpd takes 128 events at once; after a full list it looks for more."""
    with running_api(wsgi__request_timeout=600) as (services, process), on_one_cpu(process.pid):
        connections = [http.client.HTTPConnection("127.0.0.1", services.port, timeout=60)
                       for _ in range(256)]
        for connection in connections:
            connection.connect()
        for path in ("/", "/v1/segments") * 2:  # answered by the event thread, and by workers
            process.hang()
            for connection in connections:
                connection.request("GET", path)
            process.signal(signal.SIGCONT)
            for connection in connections:
                response = connection.getresponse()
                body = response.read()
                assert response.status == 200, body
        for connection in connections:
            connection.close()


def test_connections_above_the_limit_do_not_hurt_those_below():
    with running_api(wsgi__default_pool_size=10, wsgi__request_timeout=2) as (services, _):
        first = http.client.HTTPConnection("127.0.0.1", services.port, timeout=PATIENCE)
        first.request("GET", "/v1/segments")
        assert first.getresponse().read()
        others = [socket.create_connection(("127.0.0.1", services.port)) for _ in range(30)]
        first.request("GET", "/v1/segments")
        assert first.getresponse().status == 200
        first.close()
        for connection in others:
            connection.close()
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if is_well(services):
                    return
        pytest.fail("the API does not take connections again")


# ---- faults of the database and of ourselves --------------------------------------------------

def notification(host, name):
    """A report that no other equals."""
    return {"notification": {"type": "PROCESS", "hostname": host,
                             "generated_time": "2026-01-01T00:00:00",
                             "payload": {"event": "STOPPED", "process_name": name}}}


def test_no_accepted_notification_is_lost_by_kill_9():
    with running_api(DEFAULT__masakari_api_workers=4) as (services, process):
        services.rest.segment_with_host("h1")
        accepted = []
        stop = threading.Event()

        def post(thread):
            rest = Rest(services.port)
            number = 0
            while not stop.is_set():
                number += 1
                try:
                    status, _, body = rest.call("POST", "/notifications",
                                                notification("h1", f"p{thread}-{number}"))
                except (OSError, http.client.HTTPException):
                    return  # killed before the answer: nothing was promised
                assert status == 202, body
                accepted.append(body["notification"]["notification_uuid"])

        for _ in range(3):
            before = len(accepted)
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                posts = [pool.submit(post, f"{before}-{thread}") for thread in range(4)]
                time.sleep(0.7)
                process.signal(signal.SIGKILL)
                process.popen.wait(PATIENCE)
                stop.set()
                for each in posts:
                    each.result()
            stop.clear()
            assert len(accepted) > before
            process = services.api()
        stored = set()
        marker = ""
        while page := services.rest.get(f"/notifications?sort_dir=asc{marker}")["notifications"]:
            stored |= {row["notification_uuid"] for row in page}
            marker = f"&marker={page[-1]['id']}"
        assert set(accepted) <= stored


def test_a_locked_database_is_answered_503_and_waited_out():
    with running_api(database__sqlite_busy_timeout=1) as (services, _):
        segment, _ = services.rest.segment_with_host("h1")
        with contextlib.closing(sqlite3.connect(services.dir / "masakari.sqlite",
                                                isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            start = time.monotonic()
            status, headers, body = services.rest.call("POST", "/notifications",
                                                       notification("h1", "p"))
            assert status == 503
            assert headers["Retry-After"] == "1"
            assert "try again" in body["serviceUnavailable"]["message"]
            assert 0.5 < time.monotonic() - start
            # Readers do not wait for a writer.
            assert services.rest.get(f"/segments/{segment}")["segment"]["uuid"] == segment
            other.execute("ROLLBACK")
        assert services.rest.post("/notifications", notification("h1", "p"))


@contextlib.contextmanager
def small_file_system(path, size):
    """A tmpfs of so many bytes at `path`."""
    path.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(path)],
                   check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_is_answered_503_and_waited_out():
    with Services(name="h1") as services:
        directory = services.dir / "db"
        with small_file_system(directory, 2000000):
            services.options["database"]["connection"] = f"sqlite:///{directory / 'm.sqlite'}"
            services.db_sync()
            services.api()
            segment, _ = services.rest.segment_with_host("h1")
            filler = directory / "filler"
            with open(filler, "wb", buffering=0) as file, contextlib.suppress(OSError):
                while True:
                    file.write(b"x" * 4096)
            number, status = 0, 202
            while status == 202 and number < 5000:
                number += 1
                status, headers, _ = services.rest.call("POST", "/notifications",
                                                        notification("h1", f"p{number}"))
            assert status == 503
            assert headers["Retry-After"] == "1"
            assert services.rest.get(f"/segments/{segment}")["segment"]["uuid"] == segment
            filler.unlink()
            assert services.rest.post("/notifications", notification("h1", f"p{number}"))
            assert len(services.rest.notifications()) == number


def test_every_answer_is_complete_when_sigterm_comes_under_load():
    with running_api(DEFAULT__masakari_api_workers=2) as (services, process):
        for number in range(20):
            services.rest.post("/segments", {"segment": {
                "name": f"s{number}", "recovery_method": "auto", "service_type": "c",
                "description": "d" * 5000}})
        complete = []

        def ask():
            while True:
                connection = http.client.HTTPConnection("127.0.0.1", services.port,
                                                        timeout=PATIENCE)
                try:
                    connection.request("GET", "/v1/segments")
                    response = connection.getresponse()
                except (OSError, http.client.HTTPException):
                    return  # no answer had begun
                body = response.read()  # raises when it is cut short
                assert response.status == 200
                assert len(json.loads(body)["segments"]) == 20
                complete.append(len(body))
                connection.close()

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            asking = [pool.submit(ask) for _ in range(8)]
            time.sleep(0.5)
            process.signal(signal.SIGTERM)
            assert process.popen.wait(PATIENCE) == 0
            for each in asking:
                each.result()
        assert len(complete) > 20


def test_sigterm_finishes_what_waits_for_the_database():
    with running_api(database__sqlite_busy_timeout=5) as (services, process):
        services.rest.segment_with_host("h1")
        with contextlib.closing(sqlite3.connect(services.dir / "masakari.sqlite",
                                                isolation_level=None)) as other, \
                concurrent.futures.ThreadPoolExecutor(1) as pool:
            other.execute("BEGIN IMMEDIATE")
            answer = pool.submit(services.rest.call, "POST", "/notifications",
                                 notification("h1", "p"))
            time.sleep(0.5)
            process.signal(signal.SIGTERM)
            time.sleep(0.5)
            other.execute("ROLLBACK")
            status, headers, _ = answer.result()
        assert status == 202
        assert headers["Connection"] == "close"
        assert process.popen.wait(PATIENCE) == 0
