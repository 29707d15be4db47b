# SPDX-License-Identifier: Apache-2.0
"""masakari-api over TLS, and on a socket of the service manager."""
import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import time
import warnings

import pytest

from kit.host import environment, tail, wait_until
from kit.pki import Authority
from kit.services import NOAUTH_HEADERS, Services, program

EX_CONFIG = 78
PATIENCE = 30.0


@pytest.fixture(name="tls")
def tls_services():
    """Services whose API has a certificate of `services.authority`; nothing is started."""
    with Services(name="h1") as made:
        made.db_sync()
        made.authority = Authority(made.dir / "pki")
        cert, key = made.authority.issue("api-one")
        made.cert, made.key = made.dir / "api.pem", made.dir / "api.key"
        shutil.copy(cert, made.cert)
        shutil.copy(key, made.key)
        made.options["DEFAULT"]["use_ssl"] = "true"
        made.options["wsgi"] = {"ssl_cert_file": made.cert, "ssl_key_file": made.key}
        yield made


def context_for(services, client=None, **limits):
    """What a client checks the API with; `client` is a pair of its own certificate and key."""
    context = ssl.create_default_context(cafile=services.authority.ca_file)
    if client is not None:
        context.load_cert_chain(*client)
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def connect(services, context=None):
    """An HTTPS connection that is there."""
    connection = http.client.HTTPSConnection("127.0.0.1", services.port, timeout=PATIENCE,
                                             context=context or context_for(services))
    connection.connect()
    return connection


def ask(connection, method="GET", target="/v1/segments", body=None):
    """One request. Returns status and body."""
    headers = {**NOAUTH_HEADERS, **({"Content-Type": "application/json"} if body else {})}
    connection.request(method, target, body=body, headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def shown_name(services):
    """The common name of the certificate that a new connection is shown."""
    connection = connect(services)
    try:
        return dict(pair[0] for pair in connection.sock.getpeercert()["subject"])["commonName"]
    finally:
        connection.close()


def refusal(services):
    """Starts an API that must refuse its configuration. Returns its log."""
    process = services.start("masakari-api", ready=False)
    assert process.popen.wait(PATIENCE) != 0
    return tail(process.log)


def test_requests_and_links_over_tls(tls):
    tls.api()
    connection = connect(tls)
    assert connection.sock.version() == "TLSv1.3"
    status, body = ask(connection, target="/")
    assert status == 200
    assert json.loads(body)["versions"][0]["links"][0]["href"] == \
        f"https://127.0.0.1:{tls.port}/v1/"
    name = "x" * 200
    body = json.dumps({"segment": {"name": name, "recovery_method": "auto", "service_type": "C",
                                   "description": "d" * 20000}})
    status, _ = ask(connection, "POST", body=body)
    assert status == 201
    for _ in range(50):
        status, answer = ask(connection)
        assert status == 200
    assert json.loads(answer)["segments"][0]["name"] == name
    connection.close()


def test_plain_http_gets_nothing_from_a_tls_port(tls):
    tls.api()
    with socket.create_connection(("127.0.0.1", tls.port), PATIENCE) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        assert b"HTTP/" not in plain.recv(1000)
    assert shown_name(tls) == "api-one"


def test_only_new_protocols_are_spoken(tls):
    tls.api()
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.load_verify_locations(tls.authority.ca_file)
    old.set_ciphers("ALL:@SECLEVEL=0")
    warnings.simplefilter("ignore", DeprecationWarning)  # what is old is the point
    old.minimum_version, old.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        connect(tls, old)
    newer = context_for(tls, maximum_version=ssl.TLSVersion.TLSv1_2)
    connection = connect(tls, newer)
    assert connection.sock.version() == "TLSv1.2"
    assert ask(connection)[0] == 200
    connection.close()


def test_the_ssl_group_counts_without_wsgi_names(tls):
    tls.options["ssl"] = {"cert_file": tls.options["wsgi"].pop("ssl_cert_file"),
                          "key_file": tls.options["wsgi"].pop("ssl_key_file"),
                          "version": "tlsv1_2"}
    tls.api()
    connection = connect(tls)
    assert connection.sock.version() == "TLSv1.2"
    assert ask(connection)[0] == 200
    connection.close()


def test_a_client_has_to_show_a_certificate_of_the_authority(tls):
    tls.options["wsgi"]["ssl_ca_file"] = tls.authority.ca_file
    tls.api()
    other = Authority(tls.dir / "other", "another authority")
    refused = [None, other.issue("stranger", "clientAuth"), tls.authority.issue("srv")]
    for client in refused:
        with pytest.raises((ssl.SSLError, ConnectionError, http.client.HTTPException)):
            ask(connect(tls, context_for(tls, client)))
    connection = connect(tls, context_for(tls, tls.authority.issue("monitor", "clientAuth")))
    assert ask(connection)[0] == 200
    connection.close()


def test_a_changed_certificate_is_taken_and_connections_go_on(tls):
    process = tls.api()
    before = connect(tls)
    assert ask(before)[0] == 200
    cert, key = tls.authority.issue("api-two")
    shutil.copy(cert, tls.cert)  # for a moment the key is not this certificate's
    wait_until(lambda: "is not that of the certificate" in tail(process.log), PATIENCE)
    assert shown_name(tls) == "api-one"
    shutil.copy(key, tls.key)
    wait_until(lambda: shown_name(tls) == "api-two", PATIENCE)
    assert ask(before)[0] == 200
    before.close()


def test_hangup_reads_the_certificate_again(tls):
    process = tls.api()
    cert, key = tls.authority.issue("api-three")
    shutil.copy(key, tls.key)
    shutil.copy(cert, tls.cert)
    process.signal(signal.SIGHUP)
    wait_until(lambda: shown_name(tls) == "api-three", PATIENCE)


def encrypt(key):
    """Gives a key a passphrase."""
    made = subprocess.run(["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:x"],
                          check=True, capture_output=True, timeout=60)
    key.write_bytes(made.stdout)


@pytest.mark.parametrize("break_it, words", [
    (lambda t: t.options["wsgi"].pop("ssl_key_file"), "[wsgi] ssl_key_file"),
    (lambda t: t.cert.unlink(), "No such file"),
    (lambda t: t.key.write_text("no key"), "holds no private key in PEM"),
    (lambda t: t.cert.write_text("no certificate"), "holds no certificate in PEM"),
    (lambda t: shutil.copy(t.authority.issue("other")[1], t.key),
     "is not that of the certificate in"),
    (lambda t: encrypt(t.key), "is encrypted"),
    (lambda t: t.options["wsgi"].update(ssl_ca_file=t.key), "holds no certificates in PEM"),
    (lambda t: t.options["wsgi"].update(ssl_priority="NORMAL:+NONSENSE"), "'+NONSENSE'"),
    (lambda t: t.options.update(wsgi={}, ssl={"cert_file": t.cert, "key_file": t.key,
                                              "version": "sslv3"}), "[ssl] version = sslv3"),
], ids=["no-key-named", "no-cert", "bad-key", "bad-cert", "other-key", "encrypted", "bad-ca",
        "bad-priority", "old-protocol"])
def test_what_cannot_be_used_is_named_at_start(tls, break_it, words):
    break_it(tls)
    assert words in refusal(tls)


def test_an_ended_certificate_is_said(tls):
    cert, key = tls.authority.issue("api-old", days=0)
    time.sleep(1.1)  # it is valid for the second that it was made in
    shutil.copy(cert, tls.cert)
    shutil.copy(key, tls.key)
    process = tls.api()
    assert "has ended, clients refuse it" in process.log.read_text(encoding="utf-8")


def activate(services, sockets):
    """Starts masakari-api as systemd does for a socket unit; the sockets become 3, 4, …"""
    n_sockets = len(sockets)
    # Duplicated above the final numbers first: the sockets may have some of these now.
    moves = [os.dup(item.fileno()) for item in sockets]
    script = "; ".join([*(f"exec {3 + i}<&{fd}" for i, fd in enumerate(moves) if fd != 3 + i),
                        f'LISTEN_PID=$$ LISTEN_FDS={n_sockets} exec "$@"'])
    argv = ["bash", "-c", script, "bash", str(program("masakari-api")), "--config-file",
            str(services.config_file())]
    log = services.dir / "log" / "activated.log"
    with open(log, "wb") as output:
        popen = subprocess.Popen(argv, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                                 pass_fds=moves, env=environment())
    for fd in moves:
        os.close(fd)
    return popen, log


def test_a_passed_socket_serves_before_and_after_a_restart():
    with Services(name="h1") as services, socket.socket() as listener:
        services.db_sync()
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        services.rest.port = listener.getsockname()[1]
        assert services.rest.port != services.port
        for _ in range(2):
            popen, log = activate(services, [listener])
            try:
                status, _, body = services.rest.call("GET", "//", timeout=PATIENCE)
                assert status == 200 and body["versions"], tail(log)
            finally:
                popen.terminate()
                assert popen.wait(PATIENCE) == 0


def test_a_passed_socket_that_is_none_is_refused():
    with Services(name="h1") as services, socket.socket() as first, socket.socket() as second:
        services.db_sync()
        popen, log = activate(services, [first])
        assert popen.wait(PATIENCE) == EX_CONFIG
        assert "no listening TCP socket" in tail(log)
        popen, log = activate(services, [first, second])
        assert popen.wait(PATIENCE) == EX_CONFIG
        assert "passed 2 sockets" in tail(log)
