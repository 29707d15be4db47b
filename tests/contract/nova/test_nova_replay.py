# SPDX-License-Identifier: Apache-2.0
"""The recorded calls of Nova: our driver asks for nothing else, and understands every answer."""
import calendar
import collections
import json
import pathlib
import re
import time

import pytest

from fakes.fault_server import Answer
from fakes.nova import ModelNova
from kit.nova_driver import Driver

HERE = pathlib.Path(__file__).parent
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
FLOOR = 53
ACTION = "/action"

# What no call of the driver leads to.
NOT_OURS = {
    "GET_os-services_host_mv2.1": "before 2.53",
    "GET_servers_detail_host_mv2.1": "before 2.53",
    "POST_action_evacuate_400_mv2.1_schema": "before 2.53",
    "POST_action_evacuate_400_mv2.68_force": "`force` is never asked for",
    "POST_action_os-resetState_400_bad": "active and error are the only states asked for",
    "PUT_os-services_400_empty": "a change of nothing is not sent",
}

VM_STATES = {"active", "stopped", "paused", "suspended", "error", "rescued", "resized"}
CODES = {400: "invalid", 401: "denied", 404: "not found", 406: "invalid", 409: "conflict"}


def load(name):
    """One of the files beside this one."""
    return json.loads((HERE / name).read_text(encoding="utf-8"))


CALLS = load("calls.json")
ANSWERED = sorted(set(CALLS) - set(NOT_OURS))


# -- requests

def shape_of_body(value):
    """A body without what differs from one call to the next."""
    if isinstance(value, dict):
        return {name: shape_of_body(inner) for name, inner in value.items()}
    return value if isinstance(value, bool) or value is None else type(value).__name__


def shape(method, path, query, body):
    """What a request looks like."""
    path = re.sub(r"(?<=os-aggregates/)\d+", "{id}", UUID.sub("{id}", path))
    return json.dumps([method, path, sorted(query), shape_of_body(body)], sort_keys=True)


def recorded_shapes():
    """All that Nova is known to take."""
    known = {shape(call["request"]["method"], call["request"]["path"], call["request"]["query"],
                   call["request"]["body"])
             for call in CALLS.values() if call["answer"]["status"] < 400}
    known |= {json.dumps([entry["method"], entry["path"], entry["query"], entry["body"]],
                         sort_keys=True)
              for entry in load("python_engine.json") if entry["service"] == "nova"}
    return known


def own_shapes():
    """What our driver adds."""
    return {json.dumps([entry["method"], entry["path"], entry["query"], entry["body"]],
                       sort_keys=True) for entry in load("own_shapes.json")}


class Replay(ModelNova):
    """A Nova that says what a test has laid ready, and keeps what it was asked."""

    def __init__(self):
        super().__init__()
        self.ready = collections.deque()
        self.asked = []
        self.newest = None  # the microversion that it tells, if not the recorded one

    def _dispatch(self, request, path, query, minor):
        body = request.json() if request.body else None
        self.asked.append((request, path, query, minor, body))
        if path == "/v2.1":
            told = CALLS["GET_version_v2.1"]["answer"]["body"]["version"]
            return Answer(200, {"version": {**told, "version": self.newest or told["version"]}})
        said = self.ready.popleft()
        return Answer(said["status"], said["body"])

    def shapes(self):
        """What was asked since the last time, but for the version."""
        asked, self.asked = self.asked, []
        for request, path, _, minor, body in asked:
            assert FLOOR <= minor, path
            assert request.headers["x-openstack-nova-api-version"] == f"2.{minor}"
            assert request.headers["accept"] == "application/json"
            assert (request.headers.get("content-type") == "application/json") == (
                body is not None), request.headers
        return [shape(request.method, path, query, body)
                for request, path, query, _, body in asked if path != "/v2.1"]


@pytest.fixture(scope="module", name="nova")
def fixture_nova():
    with Replay() as made:
        yield made


# -- answers

def action_words(request):
    """The driver's call for an order to a server or an aggregate."""
    number = request["path"].split("/")[-2]
    (verb, values), = request["body"].items()
    host = (values or {}).get("host", "")
    return {"evacuate": f"evacuate {number} {host}", "lock": f"lock {number}",
            "unlock": f"unlock {number}", "os-start": f"start {number}",
            "os-stop": f"stop {number}", "add_host": f"join {number} {host}",
            "remove_host": f"part {number} {host}",
            "os-resetState": f"reset {number} {(values or {}).get('state')}"}[verb].strip()


def change_words(body):
    """The driver's call for a change of a service."""
    if "forced_down" in body:
        return "force-down cmp1" if body["forced_down"] else "unforce cmp1"
    if body["status"] == "enabled":
        return "enable cmp1"
    return f"disable cmp1 {body.get('disabled_reason', '').split(' ')[0]}".strip()


def words_for(request):
    """The driver's call that the request of a recording belongs to."""
    path, query = request["path"], request["query"]
    if path.endswith(ACTION):
        return action_words(request)
    if request["method"] == "PUT":
        return change_words(request["body"])
    if path == "/v2.1/servers/detail":
        if "changes-since" in query:
            since = time.strptime(query["changes-since"], "%Y-%m-%dT%H:%M:%SZ")
            return f"changed {calendar.timegm(since) * 1000000}"
        return f"servers {query['host']}"
    if path.startswith("/v2.1/servers/"):
        return "server " + path.split("/")[-1]
    if path == "/v2.1/os-services":
        return f"service {query.get('host', 'cmp1')} nova-compute"
    return {"/v2.1/os-migrations": "migrations cmp1 0", "/v2.1/os-aggregates": "aggregates",
            "/v2.1/": "aggregates"}[path]


def answers_for(name):
    """What Nova says to that call, one answer after the other."""
    said = CALLS[name]["answer"]
    if CALLS[name]["request"]["method"] == "PUT":  # the driver looks for the service first
        return [CALLS["GET_os-services_host"]["answer"], said]
    if name == "GET_servers_detail_limit1":  # a page, and what its link leads to
        return [said, CALLS["GET_servers_detail_unknown_host"]["answer"]]
    if name == "GET_version_v2.1":
        return [CALLS["GET_os-aggregates"]["answer"]]
    return [said] * (2 if said["status"] == 401 else 1)  # once more with a new token


def server_as_told(server):
    """What the driver has to make of a server."""
    vm_state = server["OS-EXT-STS:vm_state"]
    return {"uuid": server["id"], "name": server["name"],
            "host": server["OS-EXT-SRV-ATTR:host"],
            "vm_state": vm_state if vm_state in VM_STATES else "other",
            "task_state": server["OS-EXT-STS:task_state"],
            "power_state": server["OS-EXT-STS:power_state"], "locked": server["locked"],
            "fault": server.get("fault", {}).get("message"), "metadata": server["metadata"]}


def check_service(answer, services, host):
    """The one of that host, or that there is none."""
    found = [service for service in services
             if (service["host"], service["binary"]) == (host, "nova-compute")]
    if not found:
        assert (answer["ok"], answer["code"]) == (False, "not found")
        return
    told = found[0]
    expected = {"id": told["id"], "up": told["state"] == "up",
                "enabled": told["status"] == "enabled", "forced_down": told["forced_down"],
                "disabled_reason": told["disabled_reason"]}
    assert {name: answer["result"][name] for name in expected} == expected


def check_look(answer, request, body):
    """The result of a look says what Nova said."""
    if "services" in body:
        check_service(answer, body["services"], request["query"].get("host", "cmp1"))
        return
    assert answer["ok"], answer
    result = answer["result"]
    if "server" in body:
        expected = server_as_told(body["server"])
        assert {name: result[name] for name in expected} == expected
    elif "servers" in body:
        wanted = request["query"].get("host")
        expected = [server_as_told(server) for server in body["servers"]
                    if wanted in (None, server["OS-EXT-SRV-ATTR:host"])]
        assert [{name: server[name] for name in server_as_told(body["servers"][0])}
                for server in result] == expected
    elif "migrations" in body:
        expected = [(entry["id"], entry["instance_uuid"], entry["status"], entry["dest_compute"])
                    for entry in sorted(body["migrations"], key=lambda entry: -entry["id"])
                    if entry["source_compute"] == "cmp1"]
        assert [(entry["id"], entry["instance_uuid"], entry["status"], entry["dest_host"])
                for entry in result] == expected
    else:
        assert [(entry["id"], entry["name"], entry["hosts"]) for entry in result] == [
            (entry["id"], entry["name"], entry["hosts"]) for entry in body["aggregates"]]


def expected_code(status, message, request):
    """What a caller has to decide on."""
    if "still in use" in message or request["body"] == {"forced_down": False}:
        return "conflict"
    return CODES[status]


def check_answer(answer, name):
    """The driver understood a recorded answer."""
    request, said = CALLS[name]["request"], CALLS[name]["answer"]
    if name == "GET_version_v2.1":
        request, said = (CALLS["GET_os-aggregates"][part] for part in ("request", "answer"))
    if said["status"] >= 400:
        message = next(iter(said["body"].values()))["message"]
        assert (answer["ok"], answer["status"], answer["unknown"]) == (
            False, said["status"], False), answer
        assert answer["code"] == expected_code(said["status"], message, request), answer
        assert message in answer["message"]
    elif request["method"] == "GET":
        check_look(answer, request, said["body"])
    else:
        assert answer["ok"], answer


# -- tests

def test_every_recording_is_used_or_set_aside_with_a_reason():
    assert set(NOT_OURS) <= set(CALLS)
    assert all(NOT_OURS.values())
    for name in ANSWERED:
        assert words_for(CALLS[name]["request"]), name


def test_every_answer_is_understood_and_every_request_known(nova):
    driver = Driver(nova.options())
    for name in ANSWERED:
        nova.ready.extend(answers_for(name))
    answers = driver.many([words_for(CALLS[name]["request"]) for name in ANSWERED])
    assert not nova.ready
    sent = set(nova.shapes())
    for name, answer in zip(ANSWERED, answers):
        check_answer(answer, name)
    nova.ready.extend([CALLS["GET_os-services_host"]["answer"],
                       CALLS["PUT_os-services_disable_reason"]["answer"],
                       CALLS["GET_os-migrations_changes-since"]["answer"]])
    assert all(answer["ok"] for answer in driver.many(
        ["fence cmp1 reason", "migrations cmp1 1700000000000000"]))
    sent |= set(nova.shapes())
    assert sent <= recorded_shapes() | own_shapes(), sent - recorded_shapes() - own_shapes()
    assert own_shapes() <= sent, "take it off own_shapes.json"


@pytest.mark.parametrize("name", sorted({name.split("_")[2]: name for name in CALLS
                                         if name.startswith(("POST_action", "PUT_"))}.values()))
def test_a_request_that_differs_is_no_known_one(name):
    request = CALLS[name]["request"]
    known = recorded_shapes() | own_shapes()
    body = request["body"]
    changed = [{**body, "more": 1}, {}, [body], {key: [value] for key, value in body.items()}]
    for other in changed:
        assert shape(request["method"], request["path"], request["query"], other) not in known
    assert shape("DELETE", request["path"], request["query"], body) not in known
    assert shape(request["method"], request["path"] + "/x", request["query"], body) not in known
    assert shape(request["method"], request["path"], {"x": 1}, body) not in known


def test_the_same_call_is_the_same_request(nova):
    """An order's request is the recorded one to the letter, not only its shape."""
    driver = Driver(nova.options())
    orders = [name for name in ANSWERED if CALLS[name]["request"]["path"].endswith(ACTION)]
    nova.ready.extend(CALLS[name]["answer"] for name in orders)
    driver.many([words_for(CALLS[name]["request"]) for name in orders])
    asked = [(request.method, path, body) for request, path, _, _, body in nova.asked
             if path != "/v2.1"]
    nova.asked.clear()
    assert asked == [(CALLS[name]["request"]["method"], CALLS[name]["request"]["path"],
                      CALLS[name]["request"]["body"]) for name in orders]


@pytest.mark.parametrize("newest", ["2.53", "2.58", "2.80", "2.96", "2.500"])
def test_requests_keep_to_what_nova_has(nova, newest):
    """The floor is asked for, and more only where it is needed and Nova has it."""
    nova.newest = newest
    nova.ready.extend(CALLS[name]["answer"] for name in (
        "GET_os-services_host", "GET_os-migrations"))
    answers = Driver(nova.options()).many(["service cmp1 nova-compute", "migrations cmp1 1"])
    asked = {path: (minor, query) for _, path, query, minor, _ in nova.asked}
    nova.asked.clear()
    nova.newest = None
    assert [answer["ok"] for answer in answers] == [True, True]
    assert asked["/v2.1/os-services"][0] == FLOOR
    minor, query = asked["/v2.1/os-migrations"]
    assert FLOOR <= minor <= int(newest.split(".")[1])
    assert ("changes-since" in query) == (minor >= 59)


def test_a_nova_below_the_floor_is_refused_with_its_version(nova):
    nova.newest = "2.52"
    answer = Driver(nova.options())("service cmp1 nova-compute")
    nova.asked.clear()
    nova.newest = None
    assert (answer["ok"], answer["code"]) == (False, "invalid")
    assert "2.52" in answer["message"] and "2.53" in answer["message"]


def test_a_nova_that_was_exchanged_is_asked_for_its_version_again(nova):
    driver = Driver(nova.options())
    nova.ready.extend([CALLS["GET_406_bad_microversion"]["answer"],
                       CALLS["GET_os-services_host"]["answer"]])
    answers = driver.many(["service cmp1 nova-compute"] * 2)
    versions = [path for _, path, _, _, _ in nova.asked if path == "/v2.1"]
    nova.asked.clear()
    assert [answer["ok"] for answer in answers] == [False, True]
    assert len(versions) == 2
