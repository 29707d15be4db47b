# SPDX-License-Identifier: Apache-2.0
"""A model of Nova, and of as much Keystone as leads to it, for faults and for many VMs.

    with ModelNova(hosts=["cmp1", "cmp2"]) as nova:
        guest = nova.boot("cmp1")
        nova.kill_host("cmp1")
        nova.fault("evacuate", "cut_after")     # see fault_server.py
        …                                       # nova.options() for whoever is to ask it
        assert nova.evacuations(guest) == ["done"]

It behaves as Nova 26 (Zed) was seen to, in what a recovery can notice: an evacuation is refused
while the host counts as up; its record is there before the answer; "no valid host" is a 200 and an
ERROR later; a second evacuation of a VM that is on its way is answered 200, too, and breaks the VM
for good; forced_down is not taken back before the host has restarted; lists have pages.

Labels of requests: token, version, servers (a list), server, services, service (a change),
migrations, aggregates, aggregate (a change), and the name of an order, such as evacuate.
"""
import calendar
import dataclasses
import itertools
import re
import time
import urllib.parse
import uuid as uuids

from fakes.fault_server import Answer, FaultServer

FAULT_NAMES = {400: "badRequest", 404: "itemNotFound", 409: "conflictingRequest"}
STATUS_OF = {"active": "ACTIVE", "stopped": "SHUTOFF", "error": "ERROR", "deleted": "DELETED"}
EVACUATED = ("active", "stopped", "error")
POWER_ON, POWER_OFF = 1, 4
MINOR = 93
NO_HOST = "No valid host was found. There are not enough hosts available."


class Refusal(Exception):
    """An answer that is none of the good ones."""

    def __init__(self, status, message):
        super().__init__(message)
        self.answer = Answer(status, {
            FAULT_NAMES.get(status, "computeFault"): {"code": status, "message": message}})


@dataclasses.dataclass
class Host:
    """A compute host and its nova-compute."""
    name: str
    number: str
    died_at: float = None
    forced_down: bool = False
    enabled: bool = True
    reason: str = None


@dataclasses.dataclass
class Server:
    """A VM."""
    uuid: str
    name: str
    host: str
    order: int
    vm_state: str = "active"
    task_state: str = None
    power_state: int = POWER_ON
    locked: bool = False
    metadata: dict = dataclasses.field(default_factory=dict)
    ram: int = 64
    fault: str = None
    updated: float = 0.0
    wedged: bool = False


@dataclasses.dataclass
class Migration:
    """The record of an evacuation."""
    number: int
    uuid: str
    server: str
    source: str
    created: float
    target: str = None
    dest: str = None
    status: str = "accepted"
    updated: float = None
    spoiled: bool = False


def rest_time(seconds, form="%Y-%m-%dT%H:%M:%SZ"):
    """A time as Nova writes it: whole seconds, UTC."""
    return time.strftime(form, time.gmtime(seconds))


def database_time(seconds):
    """A time as Nova's newer parts write it; None stays None."""
    return None if seconds is None else rest_time(seconds, "%Y-%m-%dT%H:%M:%S.000000")


def parse_time(text):
    """The seconds of "2026-01-02T03:04:05Z"."""
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


class ModelNova(FaultServer):
    """One Nova. `evacuation_s` is how long an evacuation takes from its order to its end, for some
    up to `spread_s` more, and `at_rest_s` how long its VM then looks as if nothing had been done
    to it."""

    def __init__(self, hosts=("cmp1", "cmp2", "cmp3"), evacuation_s=0.2, max_limit=1000,
                 heartbeat_s=10, down_s=60, token_s=3600, at_rest_s=0.05, spread_s=0.0):
        super().__init__()
        self.at_rest_s = at_rest_s
        self.evacuation_s = evacuation_s
        self.spread_s = spread_s
        self.max_limit = max_limit
        self.heartbeat_s = heartbeat_s
        self.down_s = down_s
        self.token_s = token_s
        self.hosts = {name: Host(name, str(uuids.uuid4())) for name in hosts}
        self.servers = {}
        self.migrations = []
        self.aggregates = {}
        self.orders = []  # (label, uuid of the VM) of each order that took effect
        self.tokens = set()
        self._counter = itertools.count(1)

    # -- what a test does

    @property
    def url(self):
        """Where it is: Keystone below /v3, Nova below /v2.1."""
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}"

    def options(self):
        """The [DEFAULT] options by which our driver asks it."""
        return {"os_privileged_user_name": "masakari", "os_privileged_user_password": "pw",
                "os_privileged_user_tenant": "service",
                "os_privileged_user_auth_url": f"{self.url}/v3",
                "os_user_domain_name": "Default", "os_project_domain_name": "Default",
                "os_region_name": "RegionOne", "nova_catalog_admin_info": "compute:nova:publicURL"}

    def boot(self, host, name="guest", **values):
        """A new VM on a host; returns its uuid."""
        with self.lock:
            order = next(self._counter)
            made = Server(str(uuids.uuid4()), name, host, order, updated=time.time(), **values)
            if made.vm_state == "stopped":
                made.power_state = POWER_OFF
            self.servers[made.uuid] = made
            return made.uuid

    def delete(self, server):
        """Deletes a VM, as its owner does."""
        with self.lock:
            self._change(self.servers[server], vm_state="deleted", task_state=None)

    def kill_host(self, name, ago_s=0.0):
        """The power cord of a host, some time ago."""
        with self.lock:
            self.hosts[name].died_at = time.time() - ago_s

    def start_host(self, name):
        """Starts a dead host: its nova-compute clears up after the evacuations away from it."""
        with self.lock:
            self.hosts[name].died_at = None
            for record in self.migrations:
                if record.source == name and record.status == "done":
                    self._mark(record, "completed")

    def aggregate(self, name, *hosts):
        """A new aggregate; returns its id."""
        with self.lock:
            number = next(self._counter)
            self.aggregates[number] = {"name": name, "hosts": list(hosts)}
            return number

    def revoke_tokens(self):
        """Every token ends now."""
        with self.lock:
            self.tokens.clear()

    def evacuations(self, server):
        """The states of the records of a VM, the oldest first."""
        with self.lock:
            return [record.status for record in self.migrations if record.server == server]

    def nova_calls(self):
        """How many requests Nova got."""
        with self.lock:
            return sum(self.calls.values()) - self.calls["token"]

    # -- requests

    def label(self, request):
        path = urllib.parse.urlsplit(request.target).path.rstrip("/")
        if path.startswith("/v3"):
            return "token"
        parts = path.split("/")[2:]
        if not parts:
            return "version"
        if parts[-1] == "action":
            return "aggregate" if parts[0] == "os-aggregates" else next(iter(request.json()))
        if parts[0] == "servers":
            return "servers" if parts[-1] == "detail" else "server"
        if parts[0] == "os-services":
            return "services" if request.method == "GET" else "service"
        return parts[0].removeprefix("os-")

    def answer(self, request):
        address = urllib.parse.urlsplit(request.target)
        query = dict(urllib.parse.parse_qsl(address.query))
        if address.path.startswith("/v3/"):
            return self._token()
        if request.headers.get("x-auth-token") not in self.tokens:
            return Answer(401, {"error": {
                "code": 401, "title": "Unauthorized",
                "message": "The request you have made requires authentication."}})
        minor = re.fullmatch(r"compute 2\.(\d+)",
                             request.headers.get("openstack-api-version", "compute 2.1"))
        try:
            if minor is None or int(minor[1]) > MINOR:
                raise Refusal(406, "Version is not supported by the API. Minimum is 2.1 and"
                                   f" maximum is 2.{MINOR}.")
            answer = self._dispatch(request, address.path.rstrip("/"), query, int(minor[1]))
        except Refusal as refusal:
            answer = refusal.answer
        answer.headers["Date"] = rest_time(time.time(), "%a, %d %b %Y %H:%M:%S GMT")
        return answer

    def _dispatch(self, request, path, query, minor):
        parts = path.split("/")[2:]
        match request.method, *parts:
            case "GET", :
                return Answer(200, {"version": {
                    "id": "v2.1", "status": "CURRENT", "version": f"2.{MINOR}",
                    "min_version": "2.1"}})
            case "GET", "servers", "detail":
                return self._list_servers(query)
            case "GET", "servers", server:
                return Answer(200, {"server": self._shown(self._server(server))})
            case "POST", "servers", server, "action":
                return self._act(self._server(server), request.json())
            case "GET", "os-services":
                return Answer(200, {"services": [
                    self._service(host) for host in self.hosts.values()
                    if query.get("host") in (None, host.name)]})
            case "PUT", "os-services", number:
                return self._change_service(number, request.json())
            case "GET", "os-migrations":
                return self._list_migrations(query, minor)
            case "GET", "os-aggregates":
                return Answer(200, {"aggregates": [
                    {"id": number, "availability_zone": None, "metadata": {}, **aggregate}
                    for number, aggregate in self.aggregates.items()]})
            case "POST", "os-aggregates", number, "action":
                return self._change_aggregate(int(number), request.json())
        raise Refusal(404, "The resource could not be found.")

    def _token(self):
        token = uuids.uuid4().hex
        self.tokens.add(token)
        endpoint = {"id": "e1", "region": "RegionOne", "region_id": "RegionOne",
                    "url": f"{self.url}/v2.1"}
        now = time.time()
        return Answer(201, {"token": {
            "methods": ["password"], "audit_ids": ["x"],
            "issued_at": database_time(now) + "Z",
            "expires_at": database_time(now + self.token_s) + "Z",
            "user": {"id": "u1", "name": "masakari", "domain": {"id": "default", "name": "Default"},
                     "password_expires_at": None},
            "project": {"id": "p1", "name": "service",
                        "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "r1", "name": "admin"}],
            "catalog": [{"id": "s1", "type": "compute", "name": "nova", "endpoints": [
                {**endpoint, "interface": kind} for kind in ("public", "internal", "admin")]}],
        }}, {"X-Subject-Token": token})

    # -- servers

    def _server(self, server):
        found = self.servers.get(server)
        if found is None or found.vm_state == "deleted":
            raise Refusal(404, f"Instance {server} could not be found.")
        return found

    @staticmethod
    def _change(server, **values):
        for name, value in values.items():
            setattr(server, name, value)
        server.updated = time.time()

    def _shown(self, server):
        host = self.hosts[server.host]
        status = STATUS_OF.get(server.vm_state, server.vm_state.upper())
        shown = {
            "id": server.uuid, "name": server.name, "tenant_id": "p2", "user_id": "u2",
            "status": "REBUILD" if server.task_state == "rebuilding" else status,
            "metadata": server.metadata, "created": "2026-01-01T00:00:00Z",
            "updated": rest_time(server.updated), "addresses": {}, "locked": server.locked,
            "flavor": {"vcpus": 1, "ram": server.ram, "disk": 1, "ephemeral": 0, "swap": 0,
                       "original_name": "m1.tiny", "extra_specs": {}},
            "OS-EXT-SRV-ATTR:host": server.host,
            "OS-EXT-SRV-ATTR:hypervisor_hostname": server.host,
            "OS-EXT-STS:task_state": server.task_state, "OS-EXT-STS:vm_state": server.vm_state,
            "OS-EXT-STS:power_state": server.power_state,
            "host_status": ("DOWN" if host.forced_down else "MAINTENANCE" if not host.enabled
                            else "UP" if self._beats(host) else "UNKNOWN")}
        if server.fault is not None:
            shown["fault"] = {"code": 500, "message": server.fault,
                              "created": rest_time(server.updated)}
        return shown

    def _page(self, entries, query, name):
        """(the page, its links): what follows the marker, up to the limit."""
        if "marker" in query:
            place = [entry.uuid for entry in entries]
            if query["marker"] not in place:
                raise Refusal(400, f"Marker {query['marker']} could not be found.")
            entries = entries[place.index(query["marker"]) + 1:]
        limit = min(int(query.get("limit", self.max_limit)), self.max_limit)
        page = entries[:limit]
        links = {}
        if len(page) == limit:
            links[f"{name}_links"] = [{"rel": "next", "href": f"…&marker={page[-1].uuid}"}]
        return page, links

    def _list_servers(self, query):
        since = parse_time(query["changes-since"]) if "changes-since" in query else None
        host = query.get("host")
        found = [server for server in self.servers.values()
                 if (host is None or server.host.lower() == host.lower())
                 and (since is None or int(server.updated) >= since)
                 and (since is not None or server.vm_state != "deleted")]
        found.sort(key=lambda server: -server.order)
        page, links = self._page(found, query, "servers")
        return Answer(200, {"servers": [self._shown(server) for server in page], **links})

    def _act(self, server, body):
        (order, values), = body.items()
        method = getattr(self, "_order_" + order.replace("-", "_"), None)
        if method is None:
            raise Refusal(400, f"There is no such action: {order}")
        answer = method(server, values or {})
        self.orders.append((order, server.uuid))
        return answer

    def _wanted_state(self, server, what, *states):
        if server.vm_state not in states:
            raise Refusal(409, f"Cannot '{what}' instance {server.uuid} while it is in vm_state"
                               f" {server.vm_state}")

    def _order_lock(self, server, _):
        self._change(server, locked=True)
        return Answer(202)

    def _order_unlock(self, server, _):
        self._change(server, locked=False)
        return Answer(202)

    def _order_os_resetState(self, server, values):
        self._change(server, vm_state=values["state"], task_state=None)
        return Answer(202)

    def _order_os_stop(self, server, _):
        self._wanted_state(server, "stop", "active", "error")
        if server.task_state is not None:
            raise Refusal(409, f"Cannot 'stop' instance {server.uuid} while it is in task_state"
                               f" {server.task_state}")
        self._power(server, "powering-off", "stopped", POWER_OFF)
        return Answer(202)

    def _order_os_start(self, server, _):
        self._wanted_state(server, "start", "stopped")
        self._power(server, "powering-on", "active", POWER_ON)
        return Answer(202)

    def _power(self, server, task_state, vm_state, power_state):
        """A dead host does nothing of what it is told."""
        def done():
            if server.task_state == task_state:
                self._change(server, task_state=None, vm_state=vm_state, power_state=power_state)

        self._change(server, task_state=task_state)
        if self.hosts[server.host].died_at is None:
            self.later(self.evacuation_s / 4, done)

    # -- evacuation

    def _order_evacuate(self, server, values):
        target = values.get("host")
        if server.vm_state == "shelved_offloaded" or target == server.host:
            raise Refusal(400, "The target host can't be the same one.")
        if target is not None and target not in self.hosts:
            raise Refusal(404, f"Compute host {target} not found.")
        self._wanted_state(server, "evacuate", *EVACUATED)
        if self._up(self.hosts[server.host]):
            raise Refusal(400, f"Compute service of {server.host} is still in use.")
        record = Migration(next(self._counter), str(uuids.uuid4()), server.uuid, server.host,
                           time.time(), target)
        self.migrations.append(record)
        if server.task_state == "rebuilding":
            self._wedge(server)
            return Answer(200)
        mine = next(entry for entry in self.migrations
                    if entry.server == server.uuid and entry.status == "accepted")
        # An evacuation that was broken leaves its record to the next one.
        mine.spoiled, mine.target = False, target
        stopped = server.vm_state == "stopped"
        self._change(server, task_state="rebuilding", fault=None, wedged=False)
        self.later(self._takes_s(server) / 4, self._schedule, server, mine, stopped)
        return Answer(200)

    def _takes_s(self, server):
        """How long the evacuation of a VM takes."""
        return self.evacuation_s + self.spread_s * (server.order * 7 % 10) / 10

    def _wedge(self, server):
        """What a second order does to an evacuation that is under way."""
        self._change(server, vm_state="error", wedged=True)
        for record in self.migrations:
            if record.server == server.uuid and record.status in ("accepted", "pre-migrating"):
                record.spoiled = True
                if record.dest is not None:
                    self._mark(record, "failed")

    @staticmethod
    def _mark(record, status, dest=None):
        record.status = status
        record.dest = dest or record.dest
        record.updated = time.time()

    def _is_spoiled(self, server, record):
        return record.spoiled or server.task_state != "rebuilding" or server.vm_state == "deleted"

    def _schedule(self, server, record, stopped):
        if self._is_spoiled(server, record):
            return
        taken = {name: 0 for name in self.hosts}
        for other in self.servers.values():
            taken[other.host] += 1
        usable = [name for name, host in self.hosts.items()
                  if name != server.host and host.enabled and self._up(host)
                  and record.target in (None, name)]
        if not usable:
            self._mark(record, "error")
            self._change(server, vm_state="error", task_state=None, fault=NO_HOST)
            return
        self._mark(record, "pre-migrating", min(usable, key=taken.get))
        self._change(server, power_state=0)
        self.later(self._takes_s(server) / 2, self._rebuilt, server, record, stopped)

    def _rebuilt(self, server, record, stopped):
        if self._is_spoiled(server, record) or self.hosts[record.dest].died_at is not None:
            return  # a host that died takes the order with it
        if stopped:
            self._change(server, vm_state="active", task_state="powering-off",
                         power_state=POWER_ON)
        self.later(self._takes_s(server) / 4, self._arrived, server, record, stopped)

    def _arrived(self, server, record, stopped):
        """At rest; for a moment still on the old host, unless it is stopped."""
        if record.spoiled or server.vm_state == "deleted":
            return
        self._change(server, task_state=None, vm_state="stopped" if stopped else "active",
                     power_state=POWER_OFF if stopped else POWER_ON)
        self.later(0 if stopped else self.at_rest_s, self._moved, server, record)

    def _moved(self, server, record):
        self._change(server, host=record.dest)
        self._mark(record, "done")

    def _list_migrations(self, query, minor):
        since = parse_time(query["changes-since"]) if "changes-since" in query else None
        source = query.get("source_compute")
        found = [record for record in reversed(self.migrations)
                 if (source is None or record.source.lower() == source.lower())
                 and (since is None or int(record.updated or record.created) >= since)]
        page, links = self._page(found, query, "migrations") if minor >= 59 else (found, {})
        entries = []
        for record in page:
            entries.append({
                "id": record.number, "source_compute": record.source, "dest_compute": record.dest,
                "source_node": record.source, "dest_node": record.dest, "dest_host": None,
                "instance_uuid": record.server, "status": record.status,
                "migration_type": "evacuation", "created_at": database_time(record.created),
                "updated_at": database_time(record.updated),
                **({"uuid": record.uuid} if minor >= 59 else {})})
        return Answer(200, {"migrations": entries, **links})

    # -- hosts and aggregates

    def _last_beat(self, host):
        now = time.time() if host.died_at is None else host.died_at
        return now - now % self.heartbeat_s

    def _beats(self, host):
        return time.time() - self._last_beat(host) <= self.down_s

    def _up(self, host):
        return self._beats(host) and not host.forced_down

    def _service(self, host):
        return {"id": host.number, "host": host.name, "binary": "nova-compute", "zone": "nova",
                "status": "enabled" if host.enabled else "disabled",
                "state": "up" if self._up(host) else "down", "forced_down": host.forced_down,
                "updated_at": database_time(self._last_beat(host)), "disabled_reason": host.reason}

    def _change_service(self, number, values):
        host = next((host for host in self.hosts.values() if host.number == number), None)
        if host is None:
            raise Refusal(404, f"Service {number} could not be found.")
        if not values:
            raise Refusal(400, "Missing required parameters in the request body.")
        if values.get("forced_down") is False and any(
                record.source == host.name and record.status == "done"
                for record in self.migrations):
            raise Refusal(400, f"Unable to force up host {host.name} as `done` evacuation"
                               " migration records remain associated with the host.")
        if "status" in values:
            host.enabled = values["status"] == "enabled"
            host.reason = values.get("disabled_reason") if not host.enabled else None
        host.forced_down = values.get("forced_down", host.forced_down)
        self.orders.append(("service", host.name))
        return Answer(200, {"service": self._service(host)})

    def _change_aggregate(self, number, body):
        (order, values), = body.items()
        if number not in self.aggregates:
            raise Refusal(404, f"Aggregate {number} could not be found.")
        hosts, host = self.aggregates[number]["hosts"], values["host"]
        if host not in self.hosts:
            raise Refusal(404, f"Compute host {host} could not be found.")
        if order == "add_host":
            if host in hosts:
                raise Refusal(409, f"Aggregate {number} already has host {host}.")
            hosts.append(host)
        elif host in hosts:
            hosts.remove(host)
        else:
            raise Refusal(404, f"Aggregate {number} has no host {host}.")
        return Answer(200, {"aggregate": {"id": number, **self.aggregates[number]}})
