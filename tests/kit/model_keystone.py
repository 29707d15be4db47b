# SPDX-License-Identifier: Apache-2.0
"""A Keystone that says what a test tells it to, in the test's own process.

    with ModelKeystone() as keystone:
        keystone.knows("t1", roles=["admin"])          # a good token of project p1
        keystone.says("t2", 503, b"no")                # any answer to the question for t2
        keystone.asked         # (path, body) of those who wanted a token of their own
        with services_of(keystone) as services:        # ours, which ask it
            services.api()
            ask(services, "/v1/segments", {"X-Auth-Token": "t1"})
"""
import contextlib
import http.client
import http.server
import json
import threading

from kit.services import Services

PATIENCE = 60
USER = {"id": "u1", "name": "user", "domain": {"id": "ud1", "name": "Users"}}
PROJECT = {"id": "p1", "name": "project", "domain": {"id": "pd1", "name": "Projects"}}
TIMES = {"issued_at": "2020-01-01T00:00:00.000000Z", "expires_at": "2120-01-01T00:00:00.000000Z"}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        status, headers, data = self.server.model.answer(
            self.command, self.path, self.headers, body)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if status != 204:
            self.wfile.write(data)

    do_GET = do_POST = _answer

    def log_message(self, *_):
        """Nothing: tests look at what was asked."""


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


class ModelKeystone:
    """`base` is its URL without a version, `url` with /v3."""

    def __init__(self):
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.model = self
        self.base = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.base}/v3"
        self._tokens = {}
        self.asked = []
        self.headers_asked = []

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()

    # -- what it says

    def catalog(self):
        """Of every token."""
        return [{"type": "identity", "name": "keystone", "id": "s1", "endpoints": [
                    {"id": kind, "interface": kind, "region": "R", "region_id": "R",
                     "url": self.url} for kind in ("public", "internal", "admin")]},
                {"type": "instance-ha", "name": "masakari", "id": "s2", "endpoints": []}]

    def token(self, roles=("admin",), scope=None, **more):
        """The body of a good token; `scope` is of project p1 when there is none."""
        scope = {"project": PROJECT} if scope is None else scope
        return {"token": {"user": USER, **TIMES, "methods": ["password"], "audit_ids": ["a"],
                          "roles": [{"id": f"r{number}", "name": name}
                                    for number, name in enumerate(roles)],
                          **scope, **more}}

    def says(self, token, status, data, **headers):
        """Whoever asks for this token is answered so."""
        headers.setdefault("Content-Type", "application/json")
        self._tokens[token] = status, headers, data

    def knows(self, token, **description):
        """This token is good: see token()."""
        self.says(token, 200, json.dumps(self.token(**description)).encode())

    def answer(self, method, path, headers, body):
        """(status, headers, data) for a request."""
        plain, _, query = path.partition("?")
        if method == "POST":
            self.asked.append((plain, json.loads(body)))
            own = self.token(catalog=self.catalog())
            return 201, {"Content-Type": "application/json",
                         "X-Subject-Token": "own"}, json.dumps(own).encode()
        if plain != "/v3/auth/tokens":
            return self._versions(plain)
        self.headers_asked.append((query, dict(headers)))
        status, more, data = self._tokens.get(headers.get("X-Subject-Token"), (
            404, {}, b'{"error": {"code": 404, "message": "no such token"}}'))
        if status == 200 and "nocatalog" not in query:
            try:
                whole = json.loads(data)
                whole["token"].setdefault("catalog", self.catalog())
                data = json.dumps(whole).encode()
            except (ValueError, TypeError, KeyError, AttributeError):
                pass  # it was meant to be no token
        return status, more, data

    def _versions(self, path):
        version = {"id": "v3.14", "status": "stable", "updated": "2020-04-07T00:00:00Z",
                   "media-types": [{"base": "application/json",
                                    "type": "application/vnd.openstack.identity-v3+json"}],
                   "links": [{"rel": "self", "href": f"{self.url}/"}]}
        if path.rstrip("/") == "/v3":
            status, found = 200, {"version": version}
        elif path in ("", "/"):
            status, found = 300, {"versions": {"values": [version]}}
        else:
            status, found = 404, {}
        return status, {"Content-Type": "application/json"}, json.dumps(found).encode()


@contextlib.contextmanager
def services_of(keystone):
    """Services whose API asks this model, and remembers no token."""
    with Services(name="h1") as services:
        services.options["DEFAULT"]["auth_strategy"] = "keystone"
        services.options["keystone_authtoken"] = {
            "auth_type": "password", "auth_url": keystone.base, "username": "masakari",
            "password": "pw", "user_domain_id": "default", "project_name": "service",
            "project_domain_id": "default", "token_cache_time": -1,
            "http_request_max_retries": 0, "http_connect_timeout": 60}
        services.db_sync()
        yield services


def ask(services, path, headers, method="GET"):
    """(status, headers, body)"""
    connection = http.client.HTTPConnection("127.0.0.1", services.port, timeout=PATIENCE)
    try:
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()
