# SPDX-License-Identifier: Apache-2.0
"""A Nova of its own, with Placement, and as many compute hosts as wanted in one process.

    nova = Nova(directory, mariadb, rabbitmq, keystone, hosts=["cmp1", "cmp2", "cmp3"])
    nova.prepare(); nova.launch(); nova.wait_ready()
    server = nova.boot("vm1", "cmp1")          # an ACTIVE guest on cmp1
    nova.kill_host("cmp1"); nova.start_host("cmp1")

Everything is Debian's: nova-api, nova-conductor, nova-scheduler, placement-api. The guests are
those of Nova's fake driver; Neutron and Glance are openstack_stubs.py.
"""
import concurrent.futures
import contextlib
import json
import pathlib
import socket
import urllib.error
import urllib.request

from kit.daemon import Daemon, answers_http, answers_tcp, run, uwsgi
from kit.host import KitError, wait_until
from kit.keystone import PASSWORD, REGION
from kit.openstack_stubs import IMAGE_ID
from kit.services import free_port, write_config

HERE = pathlib.Path(__file__).resolve().parent
DATABASES = {"nova": "nova", "nova_api": "nova", "nova_cell0": "nova", "placement": "placement"}
FLAVOR_ID = "1"
# -P: the folder of the script is not searched, so that Nova's `nova` is not this file.
PYTHON = ("/usr/bin/python3", "-P")


class Nova:
    """One Nova. `url` is its endpoint."""

    def __init__(self, directory, database, broker, keystone, hosts, heartbeat_s=10, down_s=180):
        self.dir = pathlib.Path(directory)
        self.database = database
        self.broker = broker
        self.keystone = keystone
        self.hosts = list(hosts)
        self.heartbeat_s = heartbeat_s
        self.down_s = down_s
        self.port, self.placement_port, self.stubs_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}/v2.1"
        self.placement_url = f"http://127.0.0.1:{self.placement_port}"
        self.socket = self.dir / "computes.socket"
        self.config = self.dir / "nova.conf"
        self._token = None
        self.daemons = {daemon.name: daemon for daemon in self._daemons()}

    def _daemons(self):
        conf = ["--config-file", self.config]
        stubs = self.stubs_port
        yield Daemon("openstack-stubs", [*PYTHON, HERE / "openstack_stubs.py", stubs],
                     self.dir, lambda: answers_http(stubs, "/v2.0/networks"))
        yield Daemon("placement", uwsgi(self.placement_port, "/usr/bin/placement-api"), self.dir,
                     lambda: answers_http(self.placement_port),
                     {"OS_PLACEMENT_CONFIG_DIR": str(self.dir)})
        for name in ("nova-conductor", "nova-scheduler"):
            yield Daemon(name, [f"/usr/bin/{name}", *conf], self.dir, lambda: True)
        yield Daemon("nova-api", ["/usr/bin/nova-api", *conf], self.dir,
                     lambda: answers_tcp(self.port))
        yield Daemon("nova-computes", [*PYTHON, HERE / "nova_computes.py", self.socket,
                                       *self.hosts, "--", *conf], self.dir, self._hosts_are_up)

    # -- life

    def prepare_databases(self):
        """Makes Nova's and Placement's databases, side by side; needs MariaDB alone."""
        for name, user in DATABASES.items():
            self.database.create(name, user, PASSWORD)
        self._write_config()
        cell0 = self.database.url("nova_cell0", "nova", PASSWORD)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            jobs = [
                pool.submit(run, ["/usr/bin/placement-manage", "--config-file",
                                  self.dir / "placement.conf", "db", "sync"],
                            self.dir, "placement-manage"),
                pool.submit(run, [*PYTHON, HERE / "nova_schema.py", cell0,
                                  "--config-file", self.config], self.dir, "nova-schema")]
            for job in jobs:
                job.result()

    def register(self):
        """Tells Keystone of the users and endpoints."""
        self.keystone.register("nova", "compute", self.url)
        self.keystone.register("placement", "placement", self.placement_url)
        for name, kind in (("glance", "image"), ("neutron", "network")):
            self.keystone.register(name, kind, f"http://127.0.0.1:{self.stubs_port}")

    def launch(self):
        """Starts all programs at once."""
        for daemon in self.daemons.values():
            daemon.launch()

    def wait_ready(self):
        """Waits until every host takes guests."""
        for daemon in self.daemons.values():
            daemon.wait_ready()
        self.call("POST", "/flavors", {"flavor": {
            "name": "tiny", "ram": 64, "vcpus": 1, "disk": 1, "id": FLAVOR_ID}}, ok=(409,))

    @contextlib.contextmanager
    def api_with_short_pages(self, limit):
        """One more nova-api, whose lists have pages of `limit` entries; gives its region."""
        port = free_port()
        region = f"pages-of-{limit}"
        config = write_config(self.dir / f"{region}.conf", {
            "DEFAULT": {"osapi_compute_listen_port": port}, "api": {"max_limit": limit}})
        api = Daemon(f"nova-api-{region}", ["/usr/bin/nova-api", "--config-file", self.config,
                                            "--config-file", config],
                     self.dir, lambda: answers_tcp(port))
        try:
            api.start()
            self.keystone.register("nova", "compute", f"http://127.0.0.1:{port}/v2.1", region)
            yield region
        finally:
            api.kill()

    def close(self):
        """Ends all programs."""
        for daemon in self.daemons.values():
            daemon.kill()

    def _hosts_are_up(self, *names):
        if not answers_tcp(self.port):
            return False
        states = {name: entry["state"] for name, entry in self.services().items()}
        mapped = {entry["hypervisor_hostname"]
                  for entry in self.call("GET", "/os-hypervisors")["hypervisors"]}
        return all(name in mapped and states.get(name) == "up" for name in names or self.hosts)

    def _order(self, *words):
        with socket.socket(socket.AF_UNIX) as orders:
            orders.settimeout(120)
            orders.connect(str(self.socket))
            orders.sendall(f"{' '.join(words)}\n".encode())
            return orders.makefile().readline().strip()

    def kill_host(self, name):
        """The power cord of a compute host."""
        if (said := self._order("kill", name)) != "ok":
            raise KitError(f"nova-compute of {name}: {said}")

    def start_host(self, name):
        """Starts a compute host (again)."""
        if (said := self._order("start", name)) not in ("ok", "runs already"):
            raise KitError(f"nova-compute of {name}: {said}")

    def add_host(self, name):
        """One more compute host; returns once it takes guests."""
        self.start_host(name)
        wait_until(lambda: self._hosts_are_up(name), 120, f"{name} to take guests", 0.3)

    # -- use

    def call(self, method, path, body=None, ok=(), version="2.53"):
        """The body of a call as the administrator."""
        if self._token is None:
            self._token = self.keystone.token()
        request = urllib.request.Request(
            self.url + path, method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-Auth-Token": self._token,
                     "OpenStack-API-Version": f"compute {version}"})
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as response:
                raw = response.read()
                return json.loads(raw) if raw else None
        except urllib.error.HTTPError as error:
            if error.code in ok:
                return None
            raise KitError(f"Nova answered {method} {path} with {error.code}:"
                           f" {error.read()[:500]!r}") from error

    def services(self):
        """{host: entry of os-services} of the nova-computes."""
        return {entry["host"]: entry
                for entry in self.call("GET", "/os-services?binary=nova-compute")["services"]}

    def force_down(self, host, down=True):
        """Tells Nova that a host is dead, as fencing does."""
        entry = self.services()[host]
        self.call("PUT", f"/os-services/{entry['id']}", {"forced_down": down})

    def enable(self, host, enabled=True):
        """Whether the scheduler may put guests on a host."""
        entry = self.services()[host]
        self.call("PUT", f"/os-services/{entry['id']}",
                  {"status": "enabled" if enabled else "disabled"})

    def revive(self, host):
        """Starts a dead host and makes it take guests again: Nova lifts forced-down only once the
        restarted nova-compute has dealt with what was evacuated."""
        self.start_host(host)
        entry = self.services()[host]

        def lifted():
            self.call("PUT", f"/os-services/{entry['id']}",
                      {"forced_down": False, "status": "enabled"}, ok=(400,))
            seen = self.services()[host]
            return seen["state"] == "up" and not seen["forced_down"]

        wait_until(lifted, 120, f"{host} to be up again", 0.5)

    def server(self, server_id):
        """A server, as GET shows it."""
        return self.call("GET", f"/servers/{server_id}")["server"]

    def boot(self, name, host, metadata=None):
        """Starts a guest on a host and returns its id once it is ACTIVE."""
        made = self.call("POST", "/servers", {"server": {
            "name": name, "flavorRef": FLAVOR_ID, "imageRef": IMAGE_ID, "networks": "none",
            "availability_zone": f"nova:{host}", "metadata": metadata or {}}})["server"]["id"]

        def active():
            seen = self.server(made)
            if seen["status"] == "ERROR":
                raise KitError(f"Nova could not start {name}: {seen.get('fault')}")
            return seen["status"] == "ACTIVE"

        wait_until(active, 120, f"the guest {name} to be ACTIVE", 0.3)
        return made

    def boot_many(self, name, host, count, metadata=None):
        """Starts guests side by side and returns their ids once all are ACTIVE."""
        self.call("POST", "/servers", {"server": {
            "name": name, "flavorRef": FLAVOR_ID, "imageRef": IMAGE_ID, "networks": "none",
            "availability_zone": f"nova:{host}", "metadata": metadata or {},
            "min_count": count, "max_count": count}})

        def active():
            seen = self.call("GET", f"/servers/detail?all_tenants=True&name={name}")["servers"]
            if any(entry["status"] == "ERROR" for entry in seen):
                raise KitError(f"Nova could not start the guests {name}: {seen}")
            ready = [entry["id"] for entry in seen if entry["status"] == "ACTIVE"]
            return ready if len(ready) == count else None

        return wait_until(active, 120 + 10 * count, f"{count} guests {name} to be ACTIVE", 0.5)

    def act(self, server_id, action, values=None):
        """One of the actions of POST /servers/{id}/action."""
        self.call("POST", f"/servers/{server_id}/action", {action: values})

    def evacuations(self, server_id, host):
        """The states of the records of a guest's evacuations from a host, the oldest first."""
        found = self.call("GET", "/os-migrations?migration_type=evacuation"
                          f"&source_compute={host}&instance_uuid={server_id}", version="2.59")
        return [entry["status"] for entry in reversed(found["migrations"])]

    def delete(self, *server_ids):
        """Deletes guests and waits until they are gone."""
        for server_id in server_ids:
            self.call("DELETE", f"/servers/{server_id}", ok=(404,))
        for server_id in server_ids:
            wait_until(lambda one=server_id: self.call("GET", f"/servers/{one}",
                                                       ok=(404,)) is None,
                       120, f"the guest {server_id} to be gone", 0.3)

    def boot_and_delete(self, host):
        """Whether a host takes a guest now."""
        guest = self.boot("trial", host)
        found = self.server(guest)["OS-EXT-SRV-ATTR:host"]
        self.delete(guest)
        return found == host

    # -- configuration

    def _client(self, user, **more):
        return {"auth_type": "password", "auth_url": self.keystone.base, "username": user,
                "password": PASSWORD, "project_name": "service", "user_domain_id": "default",
                "project_domain_id": "default", "region_name": REGION, **more}

    def _write_config(self):
        for name in ("state", "locks", "empty"):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        stubs = f"http://127.0.0.1:{self.stubs_port}"
        ratio = {f"{what}_allocation_ratio": 16 for what in ("cpu", "ram", "disk")}
        write_config(self.dir / "nova.conf", {
            "DEFAULT": {
                "transport_url": self.broker.url(), "state_path": self.dir / "state",
                "instances_path": self.dir / "state", "my_ip": "127.0.0.1",
                "enabled_apis": "osapi_compute", "osapi_compute_listen": "127.0.0.1",
                "osapi_compute_listen_port": self.port, "osapi_compute_workers": 1,
                "compute_driver": "fake.FakeDriver", "report_interval": self.heartbeat_s,
                "service_down_time": self.down_s, "periodic_fuzzy_delay": 0,
                "shelved_offload_time": -1,
                "vif_plugging_is_fatal": "false", "vif_plugging_timeout": 0,
                "heal_instance_info_cache_interval": -1, "update_resources_interval": 0, **ratio,
                **{f"initial_{name}": value for name, value in ratio.items()}},
            "wsgi": {"api_paste_config": "/etc/nova/api-paste.ini"},
            "api_database": {"connection": self.database.url("nova_api", "nova", PASSWORD)},
            "database": {"connection": self.database.url("nova", "nova", PASSWORD)},
            "conductor": {"workers": 1},
            "scheduler": {"workers": 1, "discover_hosts_in_cells_interval": 2},
            "quota": {name: -1 for name in ("instances", "cores", "ram")},
            "keystone_authtoken": self._client("nova", www_authenticate_uri=self.keystone.base),
            "placement": self._client("placement", endpoint_override=self.placement_url),
            "glance": {"endpoint_override": stubs},
            "neutron": self._client("neutron", endpoint_override=stubs),
            "oslo_concurrency": {"lock_path": self.dir / "locks"},
            "oslo_policy": {"policy_dirs": self.dir / "empty"},
            "vnc": {"enabled": "false"},
        })
        write_config(self.dir / "placement.conf", {
            "DEFAULT": {"tempdir": self.dir / "state"},
            "keystone_authtoken": self._client("placement",
                                               www_authenticate_uri=self.keystone.base),
            "placement_database": {
                "connection": self.database.url("placement", password=PASSWORD)},
            "oslo_policy": {"policy_dirs": self.dir / "empty"},
        })
