# SPDX-License-Identifier: Apache-2.0
"""CORS, proxy headers and /healthcheck answer as oslo.middleware does: the real classes answer the
same requests in this process, around an application that answers as our API did without them."""
import contextlib
import itertools
import json
import random

import pytest
import webob
from oslo_config import cfg
from oslo_middleware import cors, healthcheck, http_proxy_to_wsgi
from oslo_middleware.healthcheck import opts as health_opts

from kit.services import Services

SEED = 20260101
PATIENCE = 30
HORIZON, OTHER = "https://horizon.example.com", "http://127.0.0.1:8080"
MASAKARI_CORS = {
    "allow_headers": ["X-Auth-Token", "X-Openstack-Request-Id", "X-Identity-Status", "X-Roles",
                      "X-Service-Catalog", "X-User-Id", "X-Tenant-Id"],
    "expose_headers": ["X-Auth-Token", "X-Openstack-Request-Id", "X-Subject-Token",
                       "X-Service-Token"],
    "allow_methods": ["GET", "PUT", "POST", "DELETE", "PATCH"],
}


@contextlib.contextmanager
def serving(**options):
    """Services with these groups of options and a running API."""
    with Services(name="h1") as services:
        services.db_sync()
        for group, values in options.items():
            services.options.setdefault(group, {}).update(values)
        services.api()
        yield services


def wsgi_request(method, path, headers, port):
    """The request as a WSGI server on that port hands it to a pipeline."""
    request = webob.Request.blank(path, method=method, environ={
        "SERVER_PORT": str(port), "HTTP_HOST": f"127.0.0.1:{port}"})
    for name, value in headers.items():
        request.environ["HTTP_" + name.upper().replace("-", "_")] = value
    return request


# ---- CORS ----------------------------------------------------------------------------------------

CORS_CASES = {
    "off": {},
    "two origins": {"allowed_origin": [HORIZON, OTHER]},
    "all origins": {"allowed_origin": ["*"]},
    "own words": {"allowed_origin": [HORIZON], "allow_credentials": False, "max_age": 0,
                  "expose_headers": [], "allow_methods": ["GET", "OPTIONS"],
                  "allow_headers": ["X-Own"]},
}


def real_cors(options, answer):
    """The real middleware around an application that gives that answer."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    conf.register_opts(cors.CORS_OPTS, "cors")
    for name, value in {**MASAKARI_CORS, **options}.items():
        conf.set_override(name, value, group="cors")

    @webob.dec.wsgify
    def application(_request):
        return answer
    return cors.CORS(application, conf)


def cors_requests():
    """Methods, origins and preflight headers, in all their combinations."""
    origins = (None, HORIZON, OTHER, HORIZON + "/", "null", "*", "HTTPS://HORIZON.EXAMPLE.COM", "")
    for origin in origins:
        for method, path in (("GET", "/v1/segments"), ("GET", "/v1/nothing"),
                             ("GET", "/v1/segments/x"), ("POST", "/v1/segments"),
                             ("GET", "/"), ("GET", "/healthcheck")):
            yield method, path, {} if origin is None else {"Origin": origin}
        for wanted, named in itertools.product(
                (None, "GET", "get", "PATCH", "OPTIONS", "FOO", ""),
                (None, "", "x-auth-token", "X-Auth-Token, Accept", "X-Own", "X-Strange",
                 " , Content-Type ,,Pragma")):
            headers = {"Origin": origin, "Access-Control-Request-Method": wanted,
                       "Access-Control-Request-Headers": named}
            yield "OPTIONS", "/v1/segments", {n: v for n, v in headers.items() if v is not None}


def told(headers):
    """What a browser is told; the order of headers means nothing."""
    return {name.lower(): value for name, value in headers.items()
            if name.lower().startswith("access-control-") or name.lower() == "vary"}


@pytest.mark.parametrize("case", CORS_CASES)
def test_cors(case):
    options = CORS_CASES[case]
    written = {name: ",".join(value) if isinstance(value, list) else value
               for name, value in options.items()}
    wrong, asked = [], 0
    with serving(cors=written) as services:
        for method, path, headers in cors_requests():
            plain = {name: v for name, v in headers.items() if name != "Origin"}
            status, without, _ = services.rest.call(method, "/" + path, headers=plain)
            answer = webob.Response(status=status)
            if "Vary" in without:
                answer.headers["Vary"] = without["Vary"]
            expected = answer
            if path.startswith("/v1"):
                if method == "OPTIONS":
                    answer.status = 404  # what the application says behind the real one
                request = wsgi_request(method, path, headers, services.port)
                expected = request.get_response(real_cors(options, answer))
            status, found, _ = services.rest.call(method, "/" + path, headers=headers)
            asked += 1
            if (status, told(found)) != (expected.status_int, told(expected.headers)):
                wrong.append((method, path, headers, status, told(found), expected.status_int,
                              told(expected.headers)))
    assert not wrong
    assert asked > 400


# ---- proxies -------------------------------------------------------------------------------------

HOSTS = ("ha.example.org", "ha.example.org:80", "ha.example.org:443", "ha.example.org:8443", "h:",
         "[2001:db8::1]:9000")
PROXIES = ("proto=https", "proto=http;host=a", "host=b.example:8080;proto=https",
           "for=192.0.2.1;proto=https;host=c", " Proto = https ; HOST = d ", "for=1.2.3.4;by=x",
           "proto=;host=", "proto", "=", ";;", "", "host=e;host=f", ",proto=https",
           "proto=https, proto=http;host=g")


def proxy_headers(chance):
    """Headers of some proxy or other."""
    headers = {}
    if chance.random() < 0.5:
        headers["Forwarded"] = chance.choice(PROXIES)
    if chance.random() < 0.5:
        headers["X-Forwarded-Proto"] = chance.choice(("https", "http", ""))
    if chance.random() < 0.5:
        headers["X-Forwarded-Host"] = chance.choice(HOSTS)
    if chance.random() < 0.5:
        headers["X-Forwarded-Prefix"] = chance.choice(("/ha", "/a/b", "ha", ""))
    if chance.random() < 0.3:
        headers["X-Forwarded-For"] = "198.51.100.7"
    return headers


def real_base(enabled, scheme_header, headers, port):
    """What the real middleware makes the links in the list of versions begin with."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    conf.register_opts(http_proxy_to_wsgi.OPTS, group="oslo_middleware")
    conf.set_override("enable_proxy_headers_parsing", enabled, group="oslo_middleware")
    seen = []

    @webob.dec.wsgify
    def application(request):
        scheme = request.environ.get(scheme_header or "", "")
        if scheme:  # as the request class of masakari.api.wsgi does it
            request.environ["wsgi.url_scheme"] = scheme
        seen.append(request.host_url + request.script_name)
        return webob.Response()
    request = wsgi_request("GET", "/", headers, port)
    request.get_response(http_proxy_to_wsgi.HTTPProxyToWSGI(application, conf))
    return seen[0]


@pytest.mark.parametrize("enabled, scheme_header", [
    (False, None), (True, None), (False, "HTTP_X_FORWARDED_PROTO"), (True, "HTTP_X_OTHER")])
def test_proxy_headers(enabled, scheme_header):
    chance = random.Random(SEED)
    wrong, changed = [], 0
    wsgi = {"secure_proxy_ssl_header": scheme_header} if scheme_header else {}
    with serving(oslo_middleware={"enable_proxy_headers_parsing": enabled}, wsgi=wsgi) as services:
        for _ in range(400):
            headers = proxy_headers(chance)
            if scheme_header == "HTTP_X_OTHER":
                headers["X-Other"] = chance.choice(("https", ""))
            expected = real_base(enabled, scheme_header, headers, services.port) + "/v1/"
            _, _, body = services.rest.call("GET", "//", headers=headers)
            found = body["versions"][0]["links"][0]["href"]
            changed += found != f"http://127.0.0.1:{services.port}/v1/"
            if found != expected:
                wrong.append((headers, found, expected))
    assert not wrong
    assert changed > 50 if enabled or scheme_header else changed == 0


def test_a_prefix_is_a_path_in_links():
    """In the list of versions without its slash at the end, and escaped."""
    cases = {"/p/": "/p/v1/", "/a/b//": "/a/b/v1/", "/a b": "/a%20b/v1/", "/%41": "/%2541/v1/",
             "/": "/v1/", "/\xe9": "/%E9/v1/"}
    with serving(oslo_middleware={"enable_proxy_headers_parsing": True}) as services:
        base = f"http://127.0.0.1:{services.port}"
        for prefix, path in cases.items():
            _, _, body = services.rest.call("GET", "//", headers={"X-Forwarded-Prefix": prefix})
            assert body["versions"][0]["links"][0]["href"] == base + path, prefix
        _, _, body = services.rest.call("GET", "//", headers={"Host": "\xe9\xff:80"})
        assert body["versions"][0]["links"][0]["href"] == "http://\xe9\xff/v1/"


def test_the_log_shows_the_client_of_the_proxy():
    with serving(oslo_middleware={"enable_proxy_headers_parsing": True}) as services:
        services.rest.call("GET", "//", headers={"Forwarded": 'for="[2001:db8::7]:99";proto=https'})
        services.rest.call("GET", "//", headers={"X-Forwarded-For": "198.51.100.9"})
        log = services.started[0].log.read_text(encoding="utf-8")
    assert '[2001:db8::7]:99 "GET /' in log and '198.51.100.9 "GET /' in log


def test_what_is_no_scheme_is_not_believed():
    with serving(oslo_middleware={"enable_proxy_headers_parsing": True}) as services:
        for scheme in ("javascript:alert(1)//", "ht tp", '"', "1"):
            for headers in ({"X-Forwarded-Proto": scheme}, {"Forwarded": f"proto={scheme}"}):
                _, _, body = services.rest.call("GET", "//", headers=headers)
                href = body["versions"][0]["links"][0]["href"]
                assert href == f"http://127.0.0.1:{services.port}/v1/", headers


# ---- health check --------------------------------------------------------------------------------

ACCEPTS = (None, "*/*", "text/plain", "text/html", "application/json", "text/*", "image/png",
           "application/json;q=0.5, text/html;q=0.9", "text/html;q=0", "nonsense", "",
           "application/json;q=1.0, */*;q=0.1", "TEXT/HTML", "application/*, text/plain;q=0.2")


def health_options(services, backends, detailed):
    """The options of a case, with files that tests make and remove."""
    paths = f"1:/nowhere,{services.port}:{services.dir}/off-port"
    return {"backends": ",".join(backends), "detailed": str(detailed),
            "disable_by_file_path": f"{services.dir}/off<&\"'>", "disable_by_file_paths": paths}


def real_health(options, method, accept, port):
    """What the real application answers."""
    conf = cfg.ConfigOpts()
    conf([], default_config_files=[])
    conf.register_opts(health_opts.HEALTHCHECK_OPTS + health_opts.DISABLE_BY_FILE_OPTS
                       + health_opts.DISABLE_BY_FILES_OPTS, "healthcheck")
    for name, value in options.items():
        is_list = name in ("backends", "disable_by_file_paths")
        conf.set_override(name, value.split(",") if is_list else value, group="healthcheck")
    application = healthcheck.Healthcheck(None, conf)
    application._ignore_path = True  # pylint: disable=protected-access
    headers = {} if accept is None else {"Accept": accept}
    return wsgi_request(method, "/healthcheck", headers, port).get_response(application)


def comparable(body, detailed):
    """The part of a page that does not tell of Python's inside or the time."""
    if not detailed:
        return body
    if body.startswith("{"):
        return json.loads(body)["reasons"]
    if body.startswith("<HTML>"):
        return body[body.index("<H2>Result"):body.index("</TABLE>")]
    return body


@pytest.mark.parametrize("detailed", [False, True])
@pytest.mark.parametrize("backends", [["disable_by_file"], ["disable_by_files_ports"],
                                      ["disable_by_file", "disable_by_files_ports"]])
def test_healthcheck(backends, detailed):
    wrong = []
    with Services(name="h1") as services:
        services.db_sync()
        options = health_options(services, backends, detailed)
        services.options["healthcheck"] = options
        services.api()
        files = [services.dir / "off<&\"'>", services.dir / "off-port"]
        for there in itertools.product((False, True), repeat=2):
            for path, is_there in zip(files, there):
                path.unlink(missing_ok=True)
                if is_there:
                    path.touch()
            for method, accept in itertools.product(("GET", "HEAD", "POST", "DELETE"), ACCEPTS):
                expected = real_health(options, method, accept, services.port)
                headers = {"Accept": accept} if accept is not None else {}
                status, found, body = raw_call(services, method, headers)
                same = (status == expected.status_int
                        and found.get("Content-Type") == expected.headers.get("Content-Type")
                        and comparable(body, detailed) == comparable(expected.text, detailed))
                if not same:
                    wrong.append((there, method, accept, status, found.items(), body,
                                  expected.status_int, expected.headers.items(), expected.text))
    assert not wrong, wrong[0]


def raw_call(services, method, headers):
    """A request with these headers alone, and the answer's text."""
    connection = services.rest.connection(PATIENCE)
    try:
        connection.request(method, "/healthcheck", headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize("name, value, words", [
    ("backends", "disable_by_file,my_plugin", "'my_plugin'"),
    ("disable_by_file_paths", "/etc/off", "port:path"),
    ("disable_by_file_paths", "99999:/etc/off", "99999:/etc/off")])
def test_a_bad_health_option_is_named_at_start(name, value, words):
    with Services(name="h1") as services:
        services.db_sync()
        services.options["healthcheck"] = {name: value}
        process = services.start("masakari-api", ready=False)
        assert process.popen.wait(PATIENCE) == 78
        assert words in process.log.read_text(encoding="utf-8")
