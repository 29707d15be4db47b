# SPDX-License-Identifier: Apache-2.0
"""A Keystone of its own: Debian's package under uwsgi, on a MariaDB that the caller has.

    with MariaDb() as server, Keystone(server) as keystone:
        keystone.register("masakari", "instance-ha", "http://127.0.0.1:15868/v1")
        token = keystone.token()                        # admin in project admin
        options["keystone_authtoken"] = keystone.auth("masakari")
"""
import base64
import json
import os
import pathlib
import shutil
import urllib.error
import urllib.request

from kit import host as kit_host
from kit.daemon import Daemon, answers_http, run, uwsgi
from kit.host import KitError
from kit.services import free_port, write_config

PASSWORD = "pw"
REGION = "RegionOne"


class Keystone(Daemon):
    """One Keystone. `url` ends in /v3, `base` does not."""

    def __init__(self, database, directory=None, processes=1, threads=4):
        self._own_dir = directory is None
        self.dir = pathlib.Path(directory or kit_host.short_directory("keystone")).resolve()
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.url = f"{self.base}/v3"
        self.database = database
        self.config = self.dir / "keystone.conf"
        self._token = None
        super().__init__(
            "keystone", uwsgi(self.port, "/usr/bin/keystone-wsgi-public", processes, threads),
            self.dir, lambda: answers_http(self.port, "/v3"),
            {"OS_KEYSTONE_CONFIG_FILES": str(self.config)})

    def __enter__(self):
        try:
            self.prepare()
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends it, and removes the directory if it is ours."""
        self.kill()
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def prepare(self):
        """Writes its configuration and makes its database."""
        keys = self.dir / "keys"
        keys.mkdir(parents=True, mode=0o700)
        (self.dir / "empty").mkdir()
        for name in ("0", "1"):
            (keys / name).write_bytes(base64.urlsafe_b64encode(os.urandom(32)))
        self.database.create("keystone", password=PASSWORD)
        write_config(self.config, {
            "DEFAULT": {"log_file": self.dir / "log" / "keystone-service.log"},
            "database": {"connection": self.database.url("keystone", password=PASSWORD)},
            "token": {"provider": "fernet", "expiration": 86400},
            "fernet_tokens": {"key_repository": keys},
            "fernet_receipts": {"key_repository": keys},
            "identity": {"password_hash_rounds": 4},
            "oslo_policy": {"policy_dirs": self.dir / "empty"},
        })
        manage = ["/usr/bin/keystone-manage", "--config-file", self.config]
        run([*manage, "db_sync"], self.dir, "keystone-manage")
        run([*manage, "bootstrap", "--bootstrap-password", PASSWORD,
             "--bootstrap-region-id", REGION,
             *(word for kind in ("admin", "internal", "public")
               for word in (f"--bootstrap-{kind}-url", self.url))], self.dir, "keystone-manage")

    def over_tls(self, cert, key, client_ca, client):
        """The same Keystone once more, on a port with TLS and for clients with a certificate of an
        authority: (daemon to be killed, its URL). client: (certificate, key) of one of them."""
        port = free_port()
        daemon = Daemon(
            "keystone-tls", uwsgi(port, "/usr/bin/keystone-wsgi-public", 1, 4,
                                  (cert, key, "HIGH", f"!{client_ca}")),
            self.dir, lambda: answers_http(port, "/v3", tls=client),
            {"OS_KEYSTONE_CONFIG_FILES": str(self.config)})
        return daemon.start(), f"https://127.0.0.1:{port}"

    # -- use

    def call(self, method, path, body=None, token=None, ok=()):
        """(headers, body) of a call below /v3; a status of `ok` gives (None, None)."""
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json",
                     **({"X-Auth-Token": token} if token else {})})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=60) as response:
                raw = response.read()
                return response.headers, json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            if error.code in ok:
                return None, None
            raise KitError(f"Keystone answered {method} {path} with {error.code}:"
                           f" {error.read()[:300]!r}") from error

    def token(self, user="admin", project="admin", password=PASSWORD):
        """A new token of a user of the default domain, scoped to a project."""
        domain = {"id": "default"}
        headers, _ = self.call("POST", "/auth/tokens", {"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": user, "domain": domain, "password": password}}},
            "scope": {"project": {"name": project, "domain": domain}}}})
        return headers["X-Subject-Token"]

    def admin(self, method, path, body=None, ok=()):
        """The body of a call as the administrator."""
        if self._token is None:
            self._token = self.token()
        return self.call(method, path, body, self._token, ok)[1]

    def _made(self, kind, name, **values):
        """The id of the `kind` of that name, made if need be."""
        for found in self.admin("GET", f"/{kind}s?name={name}")[f"{kind}s"]:
            return found["id"]
        body = {kind: {"name": name, **values}}
        return self.admin("POST", f"/{kind}s", body)[kind]["id"]

    def user(self, name, project, *roles):
        """A user with roles in a project; all are made if they are not there."""
        project_id = self._made("project", project, domain_id="default")
        user_id = self._made("user", name, password=PASSWORD, domain_id="default",
                             default_project_id=project_id)
        for role in roles:
            role_id = self._made("role", role)
            self.admin("PUT", f"/projects/{project_id}/users/{user_id}/roles/{role_id}")

    def register(self, name, kind, url, region=REGION):
        """A service with its user (project service, roles admin and service) and endpoints; those
        of an earlier call are moved."""
        self.user(name, "service", "admin", "service")
        service = self._made("service", name, type=kind)
        self.admin("PUT", f"/regions/{region}", {"region": {}}, ok=(409,))
        there = {entry["interface"]: entry["id"] for entry in self.admin(
            "GET", f"/endpoints?service_id={service}&region_id={region}")["endpoints"]}
        for interface in ("public", "internal", "admin"):
            body = {"endpoint": {"service_id": service, "interface": interface, "url": url,
                                 "region_id": region}}
            if interface in there:
                self.admin("PATCH", f"/endpoints/{there[interface]}", body)
            else:
                self.admin("POST", "/endpoints", body)

    def auth(self, user):
        """The options of a [keystone_authtoken] section for a registered service."""
        return {"auth_type": "password", "auth_url": self.base, "www_authenticate_uri": self.base,
                "username": user, "password": PASSWORD, "project_name": "service",
                "user_domain_id": "default", "project_domain_id": "default",
                "region_name": REGION}

    def openrc(self):
        """The environment of the administrator's command-line clients."""
        return {"OS_AUTH_URL": self.url, "OS_USERNAME": "admin", "OS_PASSWORD": PASSWORD,
                "OS_PROJECT_NAME": "admin", "OS_USER_DOMAIN_ID": "default",
                "OS_PROJECT_DOMAIN_ID": "default", "OS_IDENTITY_API_VERSION": "3",
                "OS_REGION_NAME": REGION}
