# SPDX-License-Identifier: Apache-2.0
"""Keystone is believed as keystonemiddleware, and the Python service behind it, believe it: the
real classes and our API ask the same model of a Keystone, in all that it can say of a token."""
import itertools
import json
import random
import urllib.parse

import pytest

pytestmark = pytest.mark.one_thread

webob = pytest.importorskip("webob", reason="needs the package python3-webob")
auth_token = pytest.importorskip("keystonemiddleware.auth_token",
                                 reason="needs the package python3-keystonemiddleware")
masakari_auth = pytest.importorskip("masakari.api.auth",
                                    reason="needs the package python3-masakari")
masakari_policy = pytest.importorskip("masakari.policy")
masakari_urlmap = pytest.importorskip("masakari.api.urlmap")

import webob.dec
from oslo_config import cfg
from oslo_middleware import http_proxy_to_wsgi

from kit.model_keystone import PATIENCE, ModelKeystone, ask, services_of

BAD_CONFIG = 78


@pytest.fixture(name="keystone")
def fixture_keystone():
    with ModelKeystone() as keystone:
        yield keystone


@pytest.fixture(name="services")
def fixture_services(keystone):
    with services_of(keystone) as services:
        yield services


# ---- tokens of callers ---------------------------------------------------------------------------

def real_middleware(services, application, around=lambda application: application):
    """keystonemiddleware and what the Python service has before and behind it, with the same
    file; `around` puts something directly before it."""
    cfg.CONF([], project="none", default_config_files=[], default_config_dirs=[])
    conf = cfg.ConfigOpts()
    conf([], project="masakari", default_config_files=[str(services.config_file())],
         default_config_dirs=[])
    urlmap = masakari_urlmap.URLMap()
    urlmap["/v1"] = around(auth_token.AuthProtocol(
        masakari_auth.MasakariKeystoneContext(webob.dec.wsgify(application)),
        {"oslo_config_config": conf}))
    return urlmap


def nothing_there(_request):
    """An application that knows no path."""
    return webob.Response(status=404)


def answer_of(middleware, path, headers, method="GET"):
    """(status, WWW-Authenticate, Content-Type, body)"""
    request = webob.Request.blank("/", method=method, headers=headers)
    request.environ["PATH_INFO"] = urllib.parse.unquote(path, "latin-1")
    answer = request.get_response(middleware)
    return (answer.status_int, answer.headers.get("WWW-Authenticate"),
            answer.headers.get("Content-Type"), answer.body)


def answer_of_ours(services, path, headers, method="GET"):
    """The same of our API."""
    status, found, body = ask(services, path, headers, method)
    return status, found.get("WWW-Authenticate"), found.get("Content-Type"), body


def same(ours, theirs):
    """What the application behind says of a path is not compared, nor blanks in JSON."""
    if theirs[0] == 404:
        return ours[0] == 404
    if ours[:3] != theirs[:3]:
        return False
    if "json" in (theirs[2] or ""):
        return json.loads(ours[3]) == json.loads(theirs[3])
    return ours[3] == theirs[3]


ANSWERS = {
    "bad": (400, b"{}"), "denied": (401, b"{}"),
    "forbidden": (403, b'{"error": {"code": 403}}'), "unknown": (404, b""),
    "not allowed": (405, b"x"), "conflict": (409, b"{}"), "gone": (410, b"{}"),
    "too large": (413, b"{}"), "too many": (429, b"{}"), "broken": (500, b"<html>"),
    "gateway": (502, b""), "away": (503, b"{}"), "slow": (504, b"{}"),
}
URLS = ("", "/", "/v3", "/v3/")


@pytest.mark.parametrize("delayed", [False, True])
def test_whatever_keystone_answers(keystone, services, delayed):
    services.options["keystone_authtoken"]["delay_auth_decision"] = delayed
    middleware = real_middleware(services, nothing_there)
    services.api()
    for name, (status, data) in ANSWERS.items():
        keystone.says(name.replace(" ", "-"), status, data)
    keystone.knows("good")
    wrong = []
    for name, accept in itertools.product([*ANSWERS, "good", "never heard of"],
                                          ("application/json", "text/html")):
        headers = {"X-Auth-Token": name.replace(" ", "-"), "Accept": accept}
        theirs = answer_of(middleware, "/v1/nothing", headers)
        ours = answer_of_ours(services, "/v1/nothing", headers)
        if not same(ours, theirs):
            wrong.append((headers, ours, theirs))
    assert not wrong


@pytest.mark.parametrize("more", [{}, {"auth_uri": "http://old/"},
                                  {"www_authenticate_uri": "http://new/v3", "auth_uri": "x"},
                                  {"www_authenticate_uri": "", "auth_uri": ""},
                                  {"www_authenticate_uri": "", "auth_uri": "http://old/"}])
def test_where_clients_are_sent(keystone, services, more):
    base = services.options["keystone_authtoken"]
    for path in URLS if not more else URLS[:1]:
        services.options["keystone_authtoken"] = {**base, **more, "auth_url": keystone.base + path}
        theirs = answer_of(real_middleware(services, nothing_there), "/v1/nothing", {})
        api = services.api()
        assert answer_of_ours(services, "/v1/nothing", {})[:2] == theirs[:2], path
        assert api.stop() == 0


class ManyEndpoints(ModelKeystone):
    """Each interface in each region has a path of its own; `seen` is that of the last question."""
    seen = None

    def catalog(self):
        return [{"type": "identity", "name": "keystone", "id": "s1", "endpoints": [
            {"id": kind, "interface": kind, "region": region, "region_id": region,
             "url": f"{self.base}/{kind}/{region}/v3"}
            for region in ("R1", "R2") for kind in ("public", "internal", "admin")]}]

    def answer(self, method, path, headers, body):
        plain = path.partition("?")[0].rstrip("/")
        if method == "GET" and plain.endswith("/auth/tokens"):
            self.seen = plain
            path = path.replace(plain, "/v3/auth/tokens")
        elif plain.endswith("/v3"):
            path = "/v3"
        return super().answer(method, path, headers, body)


@pytest.mark.parametrize("options", [
    {}, {"interface": ""}, {"interface": "public"}, {"interface": "internalURL"},
    {"interface": "adminURL", "region_name": "R2"}, {"region_name": "R2"}, {"region_name": ""}])
def test_where_tokens_are_validated(services, options):
    with ManyEndpoints() as keystone:
        services.options["keystone_authtoken"].update(auth_url=keystone.base, **options)
        keystone.knows("t")
        headers = {"X-Auth-Token": "t"}
        assert answer_of(real_middleware(services, nothing_there), "/v1/nothing", headers)[0] == 404
        expected, keystone.seen = keystone.seen, None
        services.api()
        assert answer_of_ours(services, "/v1/nothing", headers)[0] == 404
        assert keystone.seen == expected
        assert expected.count("/") == 5


# ---- what the policy sees ------------------------------------------------------------------------

NOWHERE = "a1b2c3d4-0000-4000-8000-000000000000"
RULES = {
    "segments:index": "/v1/segments", "segments:detail": f"/v1/segments/{NOWHERE}",
    "os-hosts:index": f"/v1/segments/{NOWHERE}/hosts",
    "os-hosts:detail": f"/v1/segments/{NOWHERE}/hosts/{NOWHERE}",
    "notifications:index": "/v1/notifications",
    "notifications:detail": f"/v1/notifications/{NOWHERE}",
    "extensions:index": "/v1/extensions", "extensions:detail": "/v1/extensions/segments",
}
CHECKS = [
    "@", "user_id:u1", "user_id:%(user_id)s", "project_id:p1", "project_id:None",
    "project_id:%(project_id)s", "role:admin", "role:READER", "roles:reader", "roles:READER",
    "is_admin:True", "not is_admin:True", "rule:admin_or_owner", "rule:admin_api", "rule:nothing",
    "role:heat stack owner".replace(" ", "_"), "role:\u00c4rzte", "user:u1", "tenant:p1",
    "is_admin_project:True", "user_name:user", "token:x", "None:%(project_id)s",
    "role:reader and not role:admin",
]
DOMAIN = {"domain": {"id": "d1", "name": "Domain"}}
TOKENS = {
    "admin": {}, "reader": {"roles": ["reader"]}, "several": {"roles": ["reader", "admin"]},
    "no-roles": {"roles": []}, "upper": {"roles": ["READER", "ADMIN"]},
    "other": {"roles": ["\u00c4rzte", "heat_stack_owner"]},
    "unscoped": {"scope": {}, "roles": []}, "of-a-domain": {"scope": DOMAIN},
    "of-the-system": {"scope": {"system": {"all": True}}},
    "reader-of-the-system": {"scope": {"system": {"all": True}}, "roles": ["reader"]},
    "of-another": {"scope": {"project": {"id": "p2", "name": "p1", "domain": DOMAIN["domain"]}}},
    "of-a-trust": {"OS-TRUST:trust": {"id": "t", "impersonation": True,
                                      "trustor_user": {"id": "u2"}, "trustee_user": {"id": "u1"}}},
    "of-a-credential": {"application_credential": {"id": "c", "name": "c", "restricted": True}},
    "of-a-federation": {"user": {"id": "u9", "name": "f@example.org", "domain": {
        "id": "Federated", "name": "Federated"}, "OS-FEDERATION": {
            "groups": [], "identity_provider": {"id": "i"}, "protocol": {"id": "saml2"}}}},
    "without-microseconds": {"expires_at": "2120-01-01T00:00:00Z"},
    "over": {"expires_at": "2020-01-01T00:00:00.000000Z"},
    "with-much-more": {"is_domain": False, "catalog": [], "methods": ["token", "password"],
                       "audit_ids": ["a", "b"], "nonsense": {"a": [1, None, True]}},
}


def policies():
    """{rule: check} of file after file, until each check was asked."""
    for start in range(0, len(CHECKS), len(RULES)):
        yield dict(zip(RULES, CHECKS[start:start + len(RULES)], strict=False))


@pytest.mark.filterwarnings("ignore:Policy enforcement is depending")
def test_the_policy_sees_the_same_caller(keystone, services):
    for name, description in TOKENS.items():
        keystone.knows(name, **description)
    asked = []

    def may(request):
        asked.append(1)
        rule = "os_masakari_api:" + request.headers["X-Rule"]
        allowed = request.environ["masakari.context"].can(rule, fatal=False)
        return webob.Response(status=200 if allowed else 403)
    middleware = real_middleware(services, may)
    path = services.dir / "policy.yaml"
    wrong = []
    for rules in policies():
        path.write_text(json.dumps({"os_masakari_api:" + rule: check
                                    for rule, check in rules.items()}), encoding="utf-8")
        masakari_policy.reset()
        cfg.CONF.set_override("policy_file", str(path), group="oslo_policy")
        cfg.CONF.set_override("policy_dirs", [], group="oslo_policy")
        api = services.api()
        for token, (rule, check) in itertools.product(TOKENS, rules.items()):
            headers = {"X-Auth-Token": token, "X-Rule": rule}
            theirs = answer_of(middleware, "/v1/nothing", headers)[0]
            ours = answer_of_ours(services, RULES[rule], headers)[0]
            if (ours in (200, 404)) != (theirs == 200) or (ours == 401) != (theirs == 401):
                wrong.append((token, check, ours, theirs))
        assert api.stop() == 0
    masakari_policy.reset()
    cfg.CONF.clear_override("policy_file", group="oslo_policy")
    cfg.CONF.clear_override("policy_dirs", group="oslo_policy")
    assert not wrong
    assert len(asked) > 300


# ---- two tokens side by side ---------------------------------------------------------------------

REQUIRED, DELAYED = {"service_token_roles_required": "true"}, {"delay_auth_decision": "true"}
TWO_TOKENS = [{}, REQUIRED, DELAYED, {**REQUIRED, **DELAYED},
              {**REQUIRED, "service_token_roles": "nobody, reader"},
              {**REQUIRED, "service_token_roles": ""}]


def sent_tokens():
    """The headers of a user, or none, for whom a service, or none, asks."""
    users = [{}, {"X-Auth-Token": ""}, {"X-Auth-Token": " good "}, {"X-Auth-Token": "over"},
             {"X-Auth-Token": "forged"}, {"X-Auth-Token": "away"}, {"X-Storage-Token": "good"},
             {"X-Auth-Token": "", "X-Storage-Token": "good"},
             {"X-Auth-Token": "good", "X-Storage-Token": "forged"}]
    services = [{}, *({"X-Service-Token": token} for token in (
        "", "service", "reader", " service", "forged", "over", "away", "over-service"))]
    for user, service in itertools.product(users, services):
        yield {**user, **service}


def refused_services(options):
    """The tokens of services that are refused without a look at the user's."""
    if "delay_auth_decision" in options:
        return set()
    refused = {"forged", "over", "over-service"}
    if "service_token_roles_required" in options:
        roles = options.get("service_token_roles", "service").split(", ")
        refused |= {name for name in ("service", " service", "reader") if name.strip() not in roles}
    return refused


@pytest.mark.parametrize("options", TWO_TOKENS)
def test_two_tokens(keystone, services, options):
    services.options["keystone_authtoken"].update(options)
    middleware = real_middleware(services, nothing_there)
    services.api()
    keystone.knows("good")
    keystone.knows("service", roles=["service"])
    keystone.knows("reader", roles=["reader"])
    keystone.knows("over", expires_at="2020-01-01T00:00:00.000000Z")
    keystone.knows("over-service", roles=["service"], expires_at="2020-01-01T00:00:00.000000Z")
    keystone.says("away", 503, b"{}")
    wrong = []
    for headers in sent_tokens():
        theirs = answer_of(middleware, "/v1/nothing", headers)
        ours = answer_of_ours(services, "/v1/nothing", headers)
        # Of a service that is refused anyway, we do not ask for the user.
        is_listed = (headers.get("X-Auth-Token") == "away" and (ours[0], theirs[0]) == (401, 503)
                     and headers.get("X-Service-Token") in refused_services(options))
        if not same(ours, theirs) and not is_listed:
            wrong.append((headers, ours[0], theirs[0]))
    assert not wrong


# ---- access rules of application credentials -----------------------------------------------------

PARTS = ["segments", "hosts", "a-b_c~d", "{id}", "*", "**", "a b", "\u00e9", "%20", "x'y", "",
         "{a/b}", "***", "!&,;=:@"]
PATHS = ["segments", "hosts", "a-b_c~d", NOWHERE, "a%20b", "%C3%A9", "a%2Fb", "%7E", "x'y", "",
         "%7Bid%7D", "%2520", "!$&,;=:@", "a%0Ab"]


def generated_rules(chance):
    """One to three access rules."""
    return [{"id": "r", "service": chance.choice(["instance-ha"] * 3 + ["compute"]),
             "method": chance.choice(["GET", "GET", "DELETE", "PUT"]),
             "path": "/v1/" + "/".join(chance.choices(PARTS, k=chance.randint(1, 3)))}
            for _ in range(chance.randint(1, 3))]


def spelled(chance, path):
    """The path, and headers, that lead to the same in another way."""
    how = chance.choice(["plain"] * 6 + ["slashes", "absolute", "header", "header"])
    if how == "slashes":
        return path.replace("/", chance.choice(["//", "///"]), chance.randint(1, 3)), {}
    if how == "absolute":
        return "http://elsewhere" + path, {}
    if how == "header":
        while "//" in path:  # listed: the real one takes these as they are
            path = path.replace("//", "/")
        return path[len("/v1"):], {chance.choice(["Accept", "Content-Type"]):
                                   "application/json;version=1"}
    return path, {}


def behind_a_proxy(application):
    """The application with what tells it its path in front."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    conf.register_opts(http_proxy_to_wsgi.OPTS, group="oslo_middleware")
    conf.set_override("enable_proxy_headers_parsing", True, group="oslo_middleware")
    return http_proxy_to_wsgi.HTTPProxyToWSGI(application, conf)


@pytest.mark.parametrize("options", [{}, {"service_type": "instance-ha"},
                                     {"service_type": "compute"}])
def test_access_rules(keystone, services, options):
    chance = random.Random(6)
    services.options["keystone_authtoken"].update(options)
    services.options["oslo_middleware"] = {"enable_proxy_headers_parsing": "true"}
    middleware = real_middleware(services, nothing_there)
    services.api()
    keystone.knows("service", roles=["service"])
    wrong, allowed = [], 0
    for number in range(250 if options else 20):
        rules = chance.choice([generated_rules(chance)] * 8 + [[], None])
        keystone.knows(f"t{number}", application_credential={"id": "c", "access_rules": rules})
        path = "/v1/" + "/".join(chance.choices(PATHS, k=chance.randint(1, 3)))
        if rules and chance.random() < 0.5:  # one that could fit
            path = rules[0]["path"]
            for pattern in ("{id}", "{a/b}", "***", "**", "*"):
                path = path.replace(pattern, chance.choice(PATHS))
            path = path.replace("{", "%7B").replace("a b", "a%20b").replace("\u00e9", "%C3%A9")
        path, headers = spelled(chance, path)
        headers["X-Auth-Token"] = f"t{number}"
        if chance.random() < 0.1:
            headers["X-Service-Token"] = "service"
        if chance.random() < 0.2:
            headers["X-Forwarded-Prefix"] = "/ha"
        method = chance.choice(["GET", "GET", "GET", "DELETE"])
        theirs = answer_of(middleware, path, headers, method)
        ours = answer_of_ours(services, path, headers, method)
        allowed += theirs[0] != 401
        if (ours[0] == 401) != (theirs[0] == 401):
            wrong.append((rules, method, path, headers, ours[0], theirs[0]))
    assert not wrong, (len(wrong), wrong[:3])
    assert allowed > (25 if options == {"service_type": "instance-ha"} else 0)


# ---- what docs/user/differences.md lists ---------------------------------------------------------

def test_access_rules_that_only_we_refuse(keystone, services):
    services.options["keystone_authtoken"].update(
        {"service_type": "instance-ha", "delay_auth_decision": "true"})
    middleware = real_middleware(services, nothing_there)
    services.api()
    keystone.knows("t", application_credential={"id": "c", "access_rules": [
        {"id": "r", "service": "instance-ha", "method": "GET", "path": path}
        for path in ("/v1/a.b", "/v1/c{", "/v1/}d")]})
    for path, more, theirs in (("/v1/axb", {}, 404), ("/v1/c", {}, 404), ("/v1/d", {}, 404),
                               ("/v1/a", {"X-Service-Token": "forged"}, 404),
                               ("/v1/a", {}, 401)):
        headers = {"X-Auth-Token": "t", **more}
        assert answer_of(middleware, path, headers)[0] == theirs, path
        assert answer_of_ours(services, path, headers)[0] == 401, path
    assert answer_of_ours(services, "/v1/a.b", {"X-Auth-Token": "t"})[0] == 404


def ways_to(place):
    """(path, headers) of the same place."""
    for path in (f"/v1/{place}", f"//v1/{place}", f"/v1//{place}", f"http://elsewhere/v1/{place}",
                 f"http://elsewhere//v1/{place}?name=a", f"/v1/%{ord(place[0]):x}{place[1:]}"):
        yield path, {}
    for header in ("Accept", "Content-Type"):
        yield f"/{place}", {header: "application/json;version=1"}


def test_access_rules_are_for_what_is_routed(keystone, services):
    services.options["keystone_authtoken"]["service_type"] = "instance-ha"
    middleware = real_middleware(services, nothing_there)
    services.api()
    keystone.knows("t", application_credential={"id": "c", "access_rules": [
        {"id": "r", "service": "instance-ha", "method": "GET", "path": path}
        for path in ("/v1/segments", "//**", "/extensions", "http**")]})
    for place, real, status in (("segments", 404, 200), ("extensions", 401, 401)):
        for path, more in ways_to(place):
            headers = {"X-Auth-Token": "t", **more}
            assert answer_of(middleware, path.partition("?")[0], headers)[0] == real, path
            assert answer_of_ours(services, path, headers)[0] == status, path


def test_access_rules_that_look_at_what_the_client_wrote(keystone, services):
    """Where a header adds to the path or chooses the version, the real one sees another path
    than the one that is routed."""
    services.options["keystone_authtoken"]["service_type"] = "instance-ha"
    services.options["oslo_middleware"] = {"enable_proxy_headers_parsing": "true"}
    middleware = real_middleware(services, nothing_there, behind_a_proxy)
    services.api()
    chosen = {"Accept": "application/json;version=1"}
    for rule, path, more in (("/ha/v1/segments", "/v1/segments", {"X-Forwarded-Prefix": "/ha"}),
                             ("/v1//segments", "//segments", chosen),
                             ("/v1http://elsewhere/segments", "http://elsewhere/segments",
                              chosen)):
        keystone.knows("t", application_credential={"id": "c", "access_rules": [
            {"id": "r", "service": "instance-ha", "method": "GET", "path": rule}]})
        keystone.knows("u", application_credential={"id": "c", "access_rules": [
            {"id": "r", "service": "instance-ha", "method": "GET", "path": "/v1/segments"}]})
        for token, theirs, ours in (("t", 404, 401), ("u", 401, 200)):
            headers = {"X-Auth-Token": token, **more}
            assert answer_of(middleware, path, headers)[0] == theirs, (rule, token)
            assert answer_of_ours(services, path, headers)[0] == ours, (rule, token)


def test_tokens_that_do_not_switch_access_rules_off(keystone, services):
    """Any good token does with the real one, even the one with the rules itself."""
    services.options["keystone_authtoken"]["service_type"] = "instance-ha"
    middleware = real_middleware(services, nothing_there)
    services.api()
    restricted = {"id": "c", "access_rules": [
        {"id": "r", "service": "instance-ha", "method": "GET", "path": "/v1/a"}]}
    keystone.knows("t", application_credential=restricted)
    keystone.knows("t-of-a-service", application_credential=restricted, roles=["service"])
    keystone.knows("reader", roles=["reader"])
    keystone.knows("service", roles=["service"])
    for user, service, ours in (("t", "t", 401), ("t", "reader", 401),
                                ("t-of-a-service", "t-of-a-service", 401), ("t", "service", 404)):
        headers = {"X-Auth-Token": user, "X-Service-Token": service}
        assert answer_of(middleware, "/v1/b", headers)[0] == 404, headers
        assert answer_of_ours(services, "/v1/b", headers)[0] == ours, headers
        assert answer_of_ours(services, "/v1/a", headers)[0] == 404, headers


def test_a_service_token_that_nobody_can_judge(keystone, services):
    """With delay_auth_decision it counts as none, whatever the reason."""
    services.options["keystone_authtoken"]["delay_auth_decision"] = "true"
    middleware = real_middleware(services, nothing_there)
    api = services.api()
    keystone.knows("t")
    keystone.says("s", 503, b"{}")
    for headers in ({"X-Auth-Token": "t", "X-Service-Token": "s"},
                    {"X-Auth-Token": "s", "X-Service-Token": "t"}):
        theirs = answer_of(middleware, "/v1/nothing", headers)
        assert same(answer_of_ours(services, "/v1/nothing", headers), theirs), headers
    told = [line for line in api.log.read_text(encoding="utf-8").splitlines()
            if "X-Service-Token is passed over" in line]
    assert len(told) == 1
    assert " WARNING " in told[0]


def test_a_service_token_that_is_no_good_is_no_warning(keystone, services):
    """Anybody can send one."""
    services.options["keystone_authtoken"]["delay_auth_decision"] = "true"
    api = services.api()
    keystone.knows("t")
    headers = {"X-Auth-Token": "t", "X-Service-Token": "forged"}
    assert answer_of_ours(services, "/v1/nothing", headers)[0] == 404
    told = [line for line in api.log.read_text(encoding="utf-8").splitlines()
            if "X-Service-Token is passed over" in line]
    assert len(told) == 1
    assert " INFO " in told[0]


@pytest.mark.parametrize("mode", ["required", "kerberos"])
def test_tokens_that_would_have_to_be_bound(keystone, services, mode):
    """No token of today would do; the real one refuses each, we refuse the option."""
    services.options["keystone_authtoken"]["enforce_token_bind"] = mode
    keystone.knows("t")
    middleware = real_middleware(services, nothing_there)
    assert answer_of(middleware, "/v1/nothing", {"X-Auth-Token": "t"})[0] == 401
    api = services.start("masakari-api", ready=False)
    assert api.popen.wait(PATIENCE) == BAD_CONFIG
    assert "enforce_token_bind" in api.log.read_text(encoding="utf-8")


OWN_CHECKS = {"system_scope:all": "of-the-system", "domain_id:d1": "of-a-domain",
              "user_domain_id:ud1": "admin", "project_domain_id:pd1": "admin",
              "is_admin_project:False": "of-no-admin-project", "role:a,b": "with-a-comma"}


def test_what_only_our_policy_sees(keystone, services):
    for name in ("of-the-system", "of-a-domain", "admin"):
        keystone.knows(name, **TOKENS[name])
    keystone.knows("of-no-admin-project", is_admin_project=False)
    keystone.knows("with-a-comma", roles=["a,b"])
    (services.dir / "policy.yaml").write_text(
        json.dumps({"os_masakari_api:" + rule: check for rule, check in zip(
            RULES, OWN_CHECKS, strict=False)}), encoding="utf-8")
    seen = []

    def look(request):
        seen.append(request.environ["masakari.context"].to_policy_values())
        return webob.Response()
    middleware = real_middleware(services, look)
    services.api()
    for rule, token in zip(RULES, OWN_CHECKS.values(), strict=False):
        headers = {"X-Auth-Token": token}
        assert answer_of(middleware, "/v1/nothing", headers)[0] == 200
        assert answer_of_ours(services, RULES[rule], headers)[0] in (200, 404), rule
    unknown = ("system_scope", "domain_id", "user_domain_id", "project_domain_id",
               "service_user_id")
    assert {values[name] for values in seen for name in unknown} == {None}
    assert {values["is_admin_project"] for values in seen} == {True}
    assert seen[-1]["roles"] == ["a", "b"]
