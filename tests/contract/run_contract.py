# SPDX-License-Identifier: Apache-2.0
"""Asks an API the recorded requests and compares its answers with the recorded ones.

rest/requests.json and rest/responses.json are what the Python service was asked, in this order on
an empty database, and what it answered; parts that differ in every run are replaced by marks:
<name> is an identifier captured from an earlier answer, <uuidN> another one, <int> a row's id,
<ts> a time of the database, <base> the URL of the service, <reqid> a request id.

    requests[i] = {"id", "method", "path", ["token"], ["headers"], ["mv"], ["capture"],
                   ["json" | "raw" | "raw_b64" | "pad"], ["wait"], ["sleep"], ["quirk"]}
    responses[i] = {"id", "status", "headers", ["json" | "text"]}

With `tokens`, {"admin": (token, project id), "member": …, "reader": …}, an API with
auth_strategy = keystone is asked. Under noauth2 there are no tokens: the project of a caller goes
into X-Project-Id, its role into X-Roles, and a policy file asks for the role that makes an
administrator elsewhere. There is no engine either: what the Python service's engine left in the
database is read off the recorded answers and put there (RecordedEngine), so that the answers about
it can be compared.

As a program:  run_contract.py [--verbose]   starts masakari-api from $MSK_BUILD and compares.
"""
import base64
import contextlib
import http.client
import json
import pathlib
import re
import sqlite3
import sys
import uuid

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from kit.services import Services

UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
CHOSEN_BY_TESTS = ("5e5e0000", "00000000", "ffffffff", "deadbeef", "12345678", "c0ffee00")
HEX32 = re.compile(r"\b[0-9a-f]{32}\b")
REQUEST_ID = re.compile(r"\breq-[0-9a-f-]{36}\b")
DATABASE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}")
MARKER = re.compile(r"\bMarker \d+\b")
TIME_KEYS = {"created_at", "updated_at", "deleted_at", "start_time", "end_time", "timestamp"}
COMPARED_HEADERS = (
    "content-type", "location", "openstack-api-version", "vary", "www-authenticate", "allow",
    "retry-after", "x-openstack-request-id", "x-openstack-masakari-api-version",
    "x-compute-request-id", "transfer-encoding", "access-control-allow-origin")
PROJECTS = {"admin": "project", "member": "demo", "reader": "demo"}
KNOWN_HOSTS = [f"cmp{n}" for n in range(1, 12)]


def load(name):
    """A recorded file."""
    return json.loads((HERE / "rest" / name).read_text(encoding="utf-8"))


def fill_in(value, names):
    """Replaces ${name} in all strings of a value."""
    if isinstance(value, str):
        return re.sub(r"\$\{([\w.]+)\}", lambda m: str(names.get(m[1], f"<unset:{m[1]}>")), value)
    if isinstance(value, list):
        return [fill_in(item, names) for item in value]
    if isinstance(value, dict):
        return {fill_in(key, names): fill_in(item, names) for key, item in value.items()}
    return value


class Marks:
    """Puts marks in the place of what differs between two runs, for one answer."""

    def __init__(self, base, names):
        self.base = base
        self.known = {value: f"<{name}>" for name, value in names.items()
                      if isinstance(value, str) and len(value) >= 32}
        self.seen = {}

    def _uuid(self, match):
        text = match[0]
        if text.startswith(CHOSEN_BY_TESTS):
            return text
        return self.seen.setdefault(text, f"<uuid{len(self.seen) + 1}>")

    def text(self, text):
        """Marks in a string."""
        text = text.replace(self.base, "<base>")
        for value, mark in self.known.items():
            text = text.replace(value, mark)
        return HEX32.sub("<hex32>", UUID.sub(self._uuid, REQUEST_ID.sub("<reqid>", text)))

    def value(self, value, key=None):
        """Marks in all of a JSON value."""
        if isinstance(value, dict):
            return {self.text(name): self.value(item, name) for name, item in value.items()}
        if isinstance(value, list):
            return [self.value(item, key) for item in value]
        if isinstance(value, str):
            if key not in TIME_KEYS:
                return self.text(value)
            return "<ts>" if DATABASE_TIME.fullmatch(value) else (
                f"<ts:{re.sub('[0-9]', 'd', value)}>")
        if key == "id" and isinstance(value, int) and not isinstance(value, bool):
            return "<int>"
        return value


@contextlib.contextmanager
def sqlite_rows(path):
    """A transaction on a file: execute(sql, values). MariaDb.rows() is the same on a server."""
    database = sqlite3.connect(path)
    with database:
        yield database.execute
    database.close()


class RecordedEngine:
    """Leaves in the database what the recorded answers say that the engine had left there."""

    def __init__(self, transaction, requests, responses):
        self.transaction = transaction
        self.requests = requests
        self.responses = {answer["id"]: answer for answer in responses}

    def _later(self, index, key, name):
        """Recorded objects below `key` or its plural after request `index`, with the method that
        they answered."""
        mark = f"<{name}>"
        for request in self.requests[index + 1:]:
            answer = self.responses[request["id"]].get("json")
            if not isinstance(answer, dict):
                continue
            one = answer.get(key)
            for item in [one] if isinstance(one, dict) else answer.get(key + "s") or []:
                if isinstance(item, dict) and mark in (
                        item.get("uuid"), item.get("notification_uuid")):
                    yield request["method"], item

    def work(self, index, name, names):
        """The notification `name` of request `index` is dealt with."""
        found = [item for _, item in self._later(index, "notification", name)]
        end = found[0] if found else {"status": "finished", "message": None}
        with self.transaction() as execute:
            execute(
                "UPDATE notifications SET status = ?, message = ?, updated_at = created_at"
                " WHERE notification_uuid = ?", (end["status"], end["message"], names[name]))
            details = [item["recovery_workflow_details"] for item in found
                       if item.get("recovery_workflow_details")]
            if details:
                self._add_progress(execute, names[name], details[0])
            self._add_moves(execute, index, name, names)
            if end["status"] in ("finished", "error") and (
                    self.requests[index]["json"]["notification"]["payload"]["event"] == "STOPPED"):
                self._change_hosts(execute, index, name)

    @staticmethod
    def _add_progress(execute, notification, tasks):
        flow = str(uuid.uuid4())
        execute("INSERT INTO logbooks (uuid, name, meta) VALUES (?, 'recovery', '{}')",
                (notification,))
        execute("INSERT INTO flowdetails (uuid, parent_uuid, name, meta, state) VALUES"
                " (?, ?, 'flow', '{}', 'SUCCESS')", (flow, notification))
        second = 0
        for task in tasks:
            lines = []
            for line in task["progress_details"]:
                second += 1
                lines.append({"at_progress": float(line["progress"]), "details": {
                    "timestamp": f"2026-01-01 00:{second // 60:02}:{second % 60:02}.000001",
                    "progress": line["progress"], "message": line["message"]}})
            meta = {"progress": task["progress"]}
            if lines:
                meta["progress_details"] = {
                    "at_progress": lines[-1]["at_progress"],
                    "details": {"progress_details": [line["details"] for line in lines]}}
            execute(
                "INSERT INTO atomdetails (uuid, parent_uuid, name, meta, state, atom_type)"
                " VALUES (?, ?, ?, ?, ?, 'TASK_DETAIL')",
                (str(uuid.uuid4()), flow, task["name"], json.dumps(meta), task["state"]))

    def _add_moves(self, execute, index, name, names):
        recorded = {}
        for _, move in self._later(index, "vmove", name):
            recorded.setdefault(move["instance_uuid"], move)
        for move in reversed(recorded.values()):  # lists show the newest first
            now = "2026-01-01 00:00:00.000000"
            execute(
                "INSERT INTO vmoves (uuid, notification_uuid, instance_uuid, instance_name,"
                " source_host, dest_host, start_time, end_time, type, status, message, created_at,"
                " updated_at, deleted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
                (str(uuid.uuid4()), names[name], move["instance_uuid"], move["instance_name"],
                 move["source_host"], move["dest_host"], move["start_time"] and now,
                 move["end_time"] and now, move["type"], move["status"], move["message"], now,
                 move["updated_at"] and now))

    def _change_hosts(self, execute, index, name):
        """The failed host is on maintenance afterwards and, unless only a process of it failed,
        in reserve no more, like one that took its VMs."""
        failed = self.requests[index]["json"]["notification"]
        execute("UPDATE hosts SET on_maintenance = 1, updated_at = created_at,"
                " reserved = reserved AND ? WHERE name = ? AND deleted = 0",
                (failed["type"] == "PROCESS", failed["hostname"]))
        for _, move in self._later(index, "vmove", name):
            execute("UPDATE hosts SET reserved = 0, updated_at = created_at"
                    " WHERE name = ? AND reserved", (move["dest_host"],))


class Runner:
    """Asks one API all requests in their order."""

    def __init__(self, port, transaction, tokens=None):
        self.port = port
        self.tokens = tokens
        self.base = f"http://127.0.0.1:{port}"
        self.requests = load("requests.json")
        self.responses = load("responses.json")
        self.engine = RecordedEngine(transaction, self.requests, self.responses)
        self.names = {"project": uuid.uuid4().hex, "demo": uuid.uuid4().hex}
        if tokens is not None:
            self.names = {"project": tokens["admin"][1], "demo": tokens["member"][1]}

    def _body(self, request):
        """Returns (bytes or None, content type or None)."""
        if "json" in request:
            text = json.dumps(fill_in(request["json"], self.names),
                              ensure_ascii=bool(request.get("ascii", True)))
            return text.encode(), "application/json"
        if "raw" in request:
            return fill_in(request["raw"], self.names).encode(), None
        if "raw_b64" in request:
            return base64.b64decode(request["raw_b64"]), None
        if "pad" in request:
            pad = request["pad"]
            start, end = pad["pre"].encode(), pad["post"].encode()
            return start + b"a" * (pad["size"] - len(start) - len(end)) + end, "application/json"
        return None, None

    def _caller(self, name):
        """The headers that say who asks."""
        project = PROJECTS.get(name)
        if self.tokens is None:
            return {} if project is None else {"X-Project-Id": self.names[project],
                                               "X-Roles": name}
        if project is not None:
            return {"X-Auth-Token": self.tokens[name][0]}
        return {"invalid": {"X-Auth-Token": "gAAAAABinvalidinvalidinvalid"},
                "empty": {"X-Auth-Token": ""}}.get(name, {})

    def _headers(self, request, body, content_type):
        headers = {name: fill_in(value, self.names)
                   for name, value in (request.get("headers") or {}).items()}
        if content_type is not None:
            headers.setdefault("Content-Type", content_type)
        headers = {name: value for name, value in headers.items() if value is not None}
        headers.update(self._caller(request.get("token", "admin")))
        if "mv" in request:
            headers["OpenStack-API-Version"] = "instance-ha " + request["mv"]
        if "Content-Length" not in headers:
            if body is not None:
                headers["Content-Length"] = str(len(body))
            elif request["method"] in ("POST", "PUT", "PATCH"):
                headers["Content-Length"] = "0"
        return headers

    def ask(self, request):
        """Returns (status, {lower-case header: value}, body)."""
        body, content_type = self._body(request)
        headers = self._headers(request, body, content_type)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(request["method"], fill_in(request["path"], self.names) or "/",
                                  skip_host="Host" in headers, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value.encode("latin-1", "replace"))
            connection.endheaders(body)
            response = connection.getresponse()
            data = response.read()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, data
        finally:
            connection.close()

    def _capture(self, request, answer):
        for name, path in (request.get("capture") or {}).items():
            value = answer
            try:
                for part in path.split("."):
                    value = value[int(part) if isinstance(value, list) else part]
            except (KeyError, IndexError, TypeError):
                continue  # the comparison of this answer tells
            self.names[name] = value

    def answer(self, index):
        """Asks request `index`. Returns the answer with marks."""
        request = self.requests[index]
        status, headers, data = self.ask(request)
        try:
            parsed = json.loads(data) if data else None
        except ValueError:
            parsed = None
        self._capture(request, parsed)
        marks = Marks(self.base, self.names)
        got = {"status": status,
               "headers": {name: marks.text(headers[name]) for name in COMPARED_HEADERS
                           if name in headers}}
        got["headers"]["content-length?"] = "content-length" in headers
        if parsed is not None:
            got["json"] = marks.value(parsed)
        elif data:
            got["text"] = marks.text(data.decode("utf-8", "replace"))
        if status == 201 and self.responses[index]["status"] >= 400:
            self._undo(parsed)
        if request.get("wait") and status < 300:
            name = re.fullmatch(r".*\$\{(\w+)\}", request["wait"]["path"])[1]
            self.engine.work(index, name, self.names)
        return got

    def _undo(self, created):
        """What should have been refused must not show in later answers."""
        table = {"segment": "failover_segments", "host": "hosts"}
        with self.engine.transaction() as execute:
            for kind, record in created.items():
                execute(f"DELETE FROM {table[kind]} WHERE id = ?", (record["id"],))

    def differences(self):
        """Returns {id: [(what, expected, got)]} of the answers that differ."""
        found = {}
        for index, expected in enumerate(self.responses):
            got = self.answer(index)
            if "_id}" in self.requests[index]["path"]:
                # Numbers of rows have gaps where MariaDB refused an insert.
                expected, got = ({**each, "json": json.loads(MARKER.sub(
                    "Marker <int>", json.dumps(each.get("json"))))} for each in (expected, got))
            parts = [(part, expected.get(part), got.get(part))
                     for part in ("status", "headers", "json", "text")
                     if expected.get(part) != got.get(part)]
            if parts:
                found[expected["id"]] = parts
        return found


def run():
    """Starts an API on an empty database and asks it everything. Returns the differences."""
    with Services(name="cmp1") as services:
        services.options["libvirt"]["host_uris"] = ",".join(
            f"{host}:test:///default" for host in KNOWN_HOSTS)
        services.options["DEFAULT"]["debug"] = "false"
        (services.dir / "policy.yaml").write_text('"admin_api": "rule:context_is_admin"\n')
        services.db_sync()
        services.api()
        path = services.dir / "masakari.sqlite"
        return Runner(services.port, lambda: sqlite_rows(path)).differences()


def main():
    """Prints the ids that differ, with --verbose also how."""
    found = run()
    for name, parts in found.items():
        print(name, ", ".join(part for part, _, _ in parts))
        if "--verbose" in sys.argv:
            for part, expected, got in parts:
                print(f"    {part}\n      expected {expected}\n      got      {got}")
    print(f"{len(found)} of {len(load('responses.json'))} differ")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
