# SPDX-License-Identifier: Apache-2.0
"""The API with auth_strategy = keystone against a real Keystone on a real MariaDB."""
import concurrent.futures
import http.client
import json
import pathlib
import sys
import threading
import time

import pytest
import webob
import webob.dec
from keystonemiddleware import auth_token
from masakari.api.auth import MasakariKeystoneContext
from oslo_config import cfg

from kit.host import KitError, wait_until
from kit.keystone import PASSWORD, Keystone
from kit.mariadb import MariaDb
from kit.memcached import Memcached
from kit.pki import Authority
from kit.services import Services

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "contract"))

import run_contract

LISTED = json.loads((pathlib.Path(run_contract.__file__).parent / "expected_differences.json")
                    .read_text(encoding="utf-8"))
DOMAIN = {"id": "default"}
CACHE_S = 2
RECORDED_URI = "http://127.0.0.1:5000"  # in the recorded WWW-Authenticate
REFUSAL = {"error": {"code": 401, "title": "Unauthorized",
                     "message": "The request you have made requires authentication."}}


@pytest.fixture(scope="module", name="keystone")
def fixture_keystone():
    with MariaDb() as server, Keystone(server) as keystone:
        keystone.register("masakari", "instance-ha", "http://127.0.0.1:15868/v1/%(tenant_id)s")
        keystone.user("demo-member", "demo", "member")
        keystone.user("demo-reader", "demo", "reader")
        yield keystone


@pytest.fixture(name="services")
def fixture_services(keystone):
    with Services() as services:
        services.options["DEFAULT"]["auth_strategy"] = "keystone"
        services.options["DEFAULT"]["masakari_api_workers"] = 4
        services.options["keystone_authtoken"] = {
            **keystone.auth("masakari"), "token_cache_time": CACHE_S, "http_connect_timeout": 5}
        services.db_sync()
        yield services


def scoped(keystone, scope, user="admin"):
    """(token, its description) of a user for a scope."""
    headers, body = keystone.call("POST", "/auth/tokens", {"auth": {
        "identity": {"methods": ["password"], "password": {"user": {
            "name": user, "domain": DOMAIN, "password": PASSWORD}}},
        **({"scope": scope} if scope else {})}})
    return headers["X-Subject-Token"], body["token"]


def of_project(keystone, user, project):
    """(token, project id)"""
    token, body = scoped(keystone, {"project": {"name": project, "domain": DOMAIN}}, user)
    return token, body["project"]["id"]


def ask(services, token, path="/segments", method="GET", body=None, **headers):
    """(status, headers, body); None sends no token."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if token is not None:
        sent["X-Auth-Token"] = token
    data = None if body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection("127.0.0.1", services.port, timeout=60)
    try:
        connection.request(method, "/v1" + path, body=data,
                           headers={**sent, "Content-Type": "application/json"})
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    is_json = "json" in (answer.headers.get("Content-Type") or "")
    return answer.status, answer.headers, json.loads(raw) if raw and is_json else raw


def status(services, token, **more):
    """The status of GET /v1/segments."""
    return ask(services, token, **more)[0]


def test_the_recorded_contract_with_real_tokens_on_mariadb(keystone, services):
    server = keystone.database
    server.create("contract")
    services.options["database"]["connection"] = server.url("contract")
    services.db_sync()
    services.options["keystone_authtoken"]["www_authenticate_uri"] = RECORDED_URI
    services.options["keystone_authtoken"]["token_cache_time"] = 300
    services.options["DEFAULT"]["debug"] = "false"
    services.options["libvirt"]["host_uris"] = ",".join(
        f"{host}:test:///default" for host in run_contract.KNOWN_HOSTS)
    services.api()
    tokens = {"admin": of_project(keystone, "admin", "admin"),
              "member": of_project(keystone, "demo-member", "demo"),
              "reader": of_project(keystone, "demo-reader", "demo")}
    runner = run_contract.Runner(services.port, lambda: server.rows("contract"), tokens)
    found = runner.differences()
    listed = {name for group, entry in LISTED.items() if group != "needs Keystone"
              for name in entry["ids"]}
    assert {name: parts for name, parts in found.items() if name not in listed} == {}
    assert len(runner.responses) == 758


def test_who_has_no_good_token_is_refused(keystone, services):
    services.api()
    good, _ = of_project(keystone, "admin", "admin")
    assert status(services, good) == 200
    for bad in (None, "", "   ", "forged", good[:-4] + "AAAA", good + "x", "a" * 5000):
        code, headers, body = ask(services, bad)
        assert (code, body) == (401, REFUSAL), bad
        assert headers["WWW-Authenticate"] == f'Keystone uri="{keystone.base}"'
        assert headers["X-Openstack-Request-Id"].startswith("req-")
        assert "OpenStack-API-Version" not in headers
    assert ask(services, "forged", "/nothing-here")[0] == 401  # before the route is looked for
    log = services.started[-1].log.read_text(encoding="utf-8")
    assert good not in log and PASSWORD + '"' not in log


# ---- beside keystonemiddleware -------------------------------------------------------------------

def far_region(keystone):
    """A region where nobody is behind Keystone's internal endpoint."""
    service = keystone.admin("GET", "/services?type=identity")["services"][0]["id"]
    keystone.admin("PUT", "/regions/far", {"region": {}}, ok=(409,))
    for interface, url in (("internal", "http://127.0.0.1:1/v3"), ("public", keystone.url)):
        keystone.admin("POST", "/endpoints", {"endpoint": {
            "service_id": service, "interface": interface, "url": url, "region_id": "far"}})


STRICT = {"service_token_roles_required": "true"}
DELAYED = {"delay_auth_decision": "true"}
FAR = {"region_name": "far", "http_request_max_retries": 0}
MIDDLEWARE_OPTIONS = {
    "defaults": {},
    "another service role": {**STRICT, "service_token_roles": "nobody, reader"},
    "delayed": DELAYED,
    "delayed, service roles required": {**DELAYED, **STRICT},
    "public interface": {**FAR, "interface": "public", "include_service_catalog": "false",
                         "auth_version": "v3", "www_authenticate_uri": "https://example.org/id"},
    "dead interface": {**FAR, "interface": "internal"},
    "dead interface, delayed": {**FAR, **DELAYED, "interface": "internal"},
}


def real_middleware(services):
    """Debian's keystonemiddleware, and what the Python service has behind it, with the same file,
    in front of an application that knows no path."""
    cfg.CONF([], project="none", default_config_files=[], default_config_dirs=[])
    conf = cfg.ConfigOpts()
    conf([], project="masakari", default_config_files=[str(services.config_file())],
         default_config_dirs=[])

    @webob.dec.wsgify
    def application(_request):
        return webob.Response(status=404)
    return auth_token.AuthProtocol(MasakariKeystoneContext(application),
                                   {"oslo_config_config": conf})


def token_headers(tokens):
    """What clients send: a user's token, a service's token, and what they accept."""
    for user, service, accept in (
            (None, None, None), (None, None, "application/json"), (None, None, "text/html"),
            ("", None, None), ("forged", None, None), ("admin", None, None),
            ("admin", "service", None), ("admin", "reader", None), ("admin", "forged", None),
            ("forged", "service", None), (None, "service", None)):
        sent = {"X-Auth-Token": tokens.get(user), "X-Service-Token": tokens.get(service),
                "Accept": accept}
        yield {name: value for name, value in sent.items() if value is not None}


@pytest.fixture(scope="module", name="tokens")
def fixture_tokens(keystone):
    """{user: a token of each kind}"""
    return {"admin": keystone.token(), "forged": "forged", "": "",
            "service": keystone.token("masakari", "service"),
            "reader": keystone.token("demo-reader", "demo")}


@pytest.fixture(scope="module", name="cache")
def fixture_cache():
    with Memcached() as cache:
        yield cache


@pytest.mark.parametrize("case", MIDDLEWARE_OPTIONS)
def test_answers_are_those_of_the_middleware(keystone, services, tokens, cache, case):
    if "far" in MIDDLEWARE_OPTIONS[case].values() and not keystone.admin(
            "GET", "/endpoints?region_id=far")["endpoints"]:
        far_region(keystone)
    wrong = []
    services.options["keystone_authtoken"].update(
        {"token_cache_time": 300, "http_connect_timeout": 60, **MIDDLEWARE_OPTIONS[case]})
    middleware = real_middleware(services)
    services.options["keystone_authtoken"]["memcached_servers"] = cache.url
    services.api()
    for headers in token_headers(tokens):
        expected = webob.Request.blank("/v1/nothing", headers=headers).get_response(middleware)
        sent = {name.replace("-", "_"): value for name, value in headers.items()}
        code, found, body = ask(services, None, "/nothing", **sent)
        ours = (code, found.get("WWW-Authenticate"))
        theirs = (expected.status_int, expected.headers.get("WWW-Authenticate"))
        if code != 404:
            ours += (found.get("Content-Type"), body)
            theirs += (expected.headers.get("Content-Type"),
                       expected.json if "json" in expected.content_type else expected.body)
        if ours != theirs:
            wrong.append((headers, ours, theirs))
    assert cache.stat("cmd_set") == "0"  # tokens are remembered in the process alone
    assert not wrong


def test_what_a_client_claims_counts_for_nothing(keystone, services):
    services.api()
    member, project = of_project(keystone, "demo-member", "demo")
    _, other = of_project(keystone, "admin", "admin")
    claims = {"X-Roles": "admin", "X-Role": "admin", "X-User-Id": "root", "X-Project-Id": other,
              "X-Tenant-Id": other, "X-Is-Admin-Project": "True", "X-Identity-Status": "Confirmed",
              "OpenStack-System-Scope": "all", "X-Service-Roles": "service"}
    assert status(services, member) == 403
    assert status(services, member, **claims) == 403
    assert status(services, None, **claims) == 401
    assert ask(services, member, f"/{other}/segments", **claims)[0] == 400
    assert ask(services, member, f"/{project}/segments")[0] == 403


def test_a_token_of_another_project_or_of_none(keystone, services):
    services.api()
    admin, project = of_project(keystone, "admin", "admin")
    assert ask(services, admin, f"/{project}/segments")[0] == 200
    code, _, body = ask(services, admin, "/a1b2c3d4000040008000000000000000/segments")
    assert code == 400
    assert f"doesn't match Context's project_id '{project}'" in body["badRequest"]["message"]
    unscoped, _ = scoped(keystone, None, "demo-member")
    assert status(services, unscoped) in (401, 403)


def test_keystone_over_tls(keystone, services, tmp_path):
    """cafile, insecure, certfile and keyfile of [keystone_authtoken], with a server that wants to
    see a certificate; what is not trusted is asked nothing."""
    trusted, other = Authority(tmp_path / "trusted"), Authority(tmp_path / "other")
    cert, key = trusted.issue("masakari", "clientAuth")
    daemon, url = keystone.over_tls(*trusted.issue("keystone"), trusted.ca_file, (cert, key))
    token, _ = of_project(keystone, "admin", "admin")
    options = services.options["keystone_authtoken"]
    own = {"certfile": cert, "keyfile": key}
    # The catalogue has no endpoint there: auth_url is used for everything.
    options.update(auth_url=url, www_authenticate_uri=url, region_name="nowhere",
                   http_connect_timeout=60)
    try:
        for more, expected in (({**own, "cafile": trusted.ca_file}, 200),
                               ({**own, "insecure": "true"}, 200), (own, 503),
                               ({**own, "cafile": other.ca_file}, 503),
                               ({**own, "cafile": trusted.ca_dir()}, 200),
                               ({**own, "cafile": other.ca_dir()}, 503)):
            services.options["keystone_authtoken"] = {**options, **more}
            api = services.api()
            assert status(services, token) == expected, (more, api.log.read_text("utf-8"))
            assert (expected == 200) == ("certificate" not in api.log.read_text(
                encoding="utf-8").splitlines()[-2]), more
            assert api.stop() == 0
        # Keystone ends the connection of a client without one, sooner or later.
        services.options["keystone_authtoken"] = {**options, "cafile": trusted.ca_file}
        services.api()
        assert status(services, token) == 503
    finally:
        daemon.kill()


def test_a_revoked_token_ends_within_the_cache_time(keystone, services):
    services.api()
    token, _ = of_project(keystone, "admin", "admin")
    other, _ = of_project(keystone, "admin", "admin")
    assert status(services, token) == 200
    revoke(keystone, token)
    wait_until(lambda: status(services, token) == 401, 60, "the revoked token to be refused", 0.1)
    assert status(services, other) == 200


def revoke(keystone, token):
    """Takes a token back."""
    connection = http.client.HTTPConnection("127.0.0.1", keystone.port, timeout=60)
    try:
        connection.request("DELETE", "/v3/auth/tokens", headers={
            "X-Auth-Token": keystone.token(), "X-Subject-Token": token})
        assert connection.getresponse().status == 204
    finally:
        connection.close()


def with_expiration(keystone, seconds):
    """Restarts Keystone so that new tokens live that long."""
    text = keystone.config.read_text(encoding="utf-8")
    lines = [f"expiration = {seconds}" if line.startswith("expiration") else line
             for line in text.splitlines()]
    keystone.stop()
    keystone.config.write_text("\n".join(lines) + "\n", encoding="utf-8")
    keystone.start()


def test_an_expired_token_and_the_service_that_vouches_for_it(keystone, services):
    services.options["keystone_authtoken"]["service_token_roles_required"] = "true"
    services.options["keystone_authtoken"]["token_cache_time"] = 300
    services.api()
    service, _ = of_project(keystone, "masakari", "service")
    no_service, _ = of_project(keystone, "demo-member", "demo")
    with_expiration(keystone, 15)
    try:
        token, _ = of_project(keystone, "admin", "admin")
        assert status(services, token) == 200
        wait_until(lambda: status(services, token) == 401, 60, "the token to end", 0.2)
        assert status(services, token, X_Service_Token=service) == 200
        assert status(services, token, X_Service_Token=no_service) == 401
        assert status(services, token, X_Service_Token="forged") == 401
    finally:
        with_expiration(keystone, 86400)
    good, _ = of_project(keystone, "admin", "admin")
    assert status(services, good, X_Service_Token=service) == 200
    assert status(services, good, X_Service_Token=no_service) == 401
    assert status(services, good, X_Service_Token="forged") == 401


def test_our_own_token_ends_and_is_renewed(keystone, services):
    with_expiration(keystone, 6)
    try:
        services.options["keystone_authtoken"]["token_cache_time"] = 0
        services.api()
        end = time.monotonic() + 15
        while time.monotonic() < end:
            token, _ = of_project(keystone, "admin", "admin")
            assert status(services, token) == 200
            time.sleep(0.5)
    finally:
        with_expiration(keystone, 86400)


def test_system_scope_in_the_policy(keystone, services):
    (services.dir / "policy.yaml").write_text(
        '"os_masakari_api:segments:index": "role:admin and system_scope:all"\n', encoding="utf-8")
    services.api()
    users = keystone.admin("GET", "/users?name=admin")["users"]
    roles = keystone.admin("GET", "/roles?name=admin")["roles"]
    keystone.admin("PUT", f"/system/users/{users[0]['id']}/roles/{roles[0]['id']}")
    system, _ = scoped(keystone, {"system": {"all": True}})
    project, _ = of_project(keystone, "admin", "admin")
    assert status(services, system) == 200
    assert status(services, project) == 403
    assert status(services, project, OpenStack_System_Scope="all") == 403


def test_access_rules_of_an_application_credential(keystone, services):
    token, body = scoped(keystone, {"project": {"name": "admin", "domain": DOMAIN}})
    made = keystone.call("POST", f"/users/{body['user']['id']}/application_credentials", {
        "application_credential": {"name": f"c{services.port}", "secret": "s", "access_rules": [
            {"service": "instance-ha", "method": "GET", "path": "/v1/segments/{id}"}]}}, token)[1]
    headers, _ = keystone.call("POST", "/auth/tokens", {"auth": {"identity": {
        "methods": ["application_credential"], "application_credential": {
            "id": made["application_credential"]["id"], "secret": "s"}}}})
    limited = headers["X-Subject-Token"]
    services.options["keystone_authtoken"]["service_type"] = "instance-ha"
    api = services.api()
    assert ask(services, limited, "/segments/5e5e0000-0000-4000-8000-000000000000")[0] == 404
    assert status(services, limited) == 401
    assert ask(services, limited, "/segments", "POST", {})[0] == 401
    assert status(services, token) == 200
    api.stop()
    del services.options["keystone_authtoken"]["service_type"]
    services.api()
    assert ask(services, limited, "/segments/5e5e0000-0000-4000-8000-000000000000")[0] == 401


def test_keystone_down_hung_and_back(keystone, services):
    services.options["keystone_authtoken"]["http_connect_timeout"] = 2
    services.options["keystone_authtoken"]["token_cache_time"] = 300
    keystone.stop()
    try:
        services.api()  # starts without it
        code, headers, _ = ask(services, "anything")
        assert (code, headers["Retry-After"]) == (503, "1")
    finally:
        keystone.start()
    known, _ = of_project(keystone, "admin", "admin")
    fresh, _ = of_project(keystone, "admin", "admin")
    # It has just started, and may take longer than http_connect_timeout for the first answers.
    wait_until(lambda: status(services, known) == 200, 60, "Keystone to be used", 0.2)
    keystone.hang()
    try:
        code, headers, body = ask(services, fresh, Accept="application/json")
        assert (code, headers["Retry-After"]) == (503, "1")
        assert "The Keystone service is temporarily unavailable." in body["message"]
        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            unknown = [pool.submit(status, services, fresh) for _ in range(12)]
            assert status(services, known) == 200
            assert {answer.result() for answer in unknown} == {503}
    finally:
        keystone.wake()
    wait_until(lambda: status(services, fresh) == 200, 60, "Keystone to be used again", 0.2)


def start_again(keystone):
    """Starts it on its port, which its old processes, or a client, may still hold for a moment."""
    def started():
        try:
            keystone.start()
        except KitError as error:
            if "Address already in use" in str(error):
                return False
            raise
        return True

    wait_until(started, 120, "Keystone to get its port again", 0.5)


def make_host(services, token):
    """A segment with a host that notifications can be about."""
    segment = ask(services, token, method="POST", body={"segment": {
        "name": "s", "recovery_method": "auto", "service_type": "x"}})[2]["segment"]["uuid"]
    assert ask(services, token, f"/segments/{segment}/hosts", "POST", {"host": {
        "name": "h1", "type": "x", "control_attributes": "x"}})[0] == 201


def vm_report(instance):
    """What an instance monitor says when the process of a guest has died."""
    return {"notification": {
        "type": "VM", "hostname": "h1", "generated_time": "2026-01-01T00:00:00", "payload": {
            "event": "LIFECYCLE", "instance_uuid": instance,
            "vir_domain_event": "STOPPED_FAILED"}}}


def test_restarts_and_a_hang_under_load(keystone, services):
    services.options["keystone_authtoken"].update(token_cache_time=0, http_connect_timeout=2)
    services.options["DEFAULT"]["osapi_max_limit"] = 100000
    services.options["libvirt"]["host_uris"] = "h1:test:///default"
    services.api()
    token, _ = of_project(keystone, "admin", "admin")
    make_host(services, token)
    over = threading.Event()
    accepted, refused = [], []

    def work(worker):
        number = 0
        while not over.is_set():
            number += 1
            instance = f"5e5e{worker:04}-0000-4000-8000-{number:012}"
            code, headers, _ = ask(services, token, "/notifications", "POST", vm_report(instance))
            if code == 202:
                accepted.append(instance)
            else:
                assert code == 503 and headers["Retry-After"] == "1"
                refused.append(instance)
                time.sleep(0.01)

    def more(answers=accepted):
        before = len(answers)
        wait_until(lambda: len(answers) > before + 6, 120, "reports to be answered", 0.1)

    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        work_done = [pool.submit(work, worker) for worker in range(6)]
        try:
            more()
            keystone.kill()
            more(refused)
            start_again(keystone)
            more()
            keystone.hang()
            more(refused)
            keystone.wake()
            more()
        finally:
            keystone.wake()
            over.set()
        for done in work_done:
            done.result()
    listed = wait_until(lambda: ask(services, token, "/notifications")[2].get("notifications"), 60,
                        "the list of what was accepted")
    assert sorted(accepted) == sorted(row["payload"]["instance_uuid"] for row in listed)
