# SPDX-License-Identifier: Apache-2.0
"""policy.yaml counts in masakari-api, and masakari-manage shows what it says."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from kit.host import wait_until
from kit.services import Services, program

ROOT = pathlib.Path(__file__).resolve().parents[2]
RULES = json.loads((ROOT / "tests/data/policies.json").read_text(encoding="utf-8"))
NOWHERE = "a1b2c3d4-0000-4000-8000-000000000000"
SEGMENT = {"segment": {"name": "s", "recovery_method": "auto", "service_type": "x"}}
BODIES = {
    "segments:create": SEGMENT,
    "segments:update": {"segment": {"name": "other"}},
    "os-hosts:create": {"host": {"name": "h1", "type": "t", "control_attributes": "c"}},
    "os-hosts:update": {"host": {"on_maintenance": True}},
    "notifications:create": {"notification": {
        "hostname": "h1", "type": "VM", "generated_time": "2026-11-23T10:00:00",
        "payload": {"event": "LIFECYCLE", "instance_uuid": NOWHERE,
                    "vir_domain_event": "STOPPED_FAILED"}}},
}


@pytest.fixture(name="services")
def fixture_services():
    with Services() as services:
        services.db_sync()
        yield services


def write_policy(services, text, name="policy.yaml"):
    """Replaces a policy file as editors and deployment tools do, in one step."""
    path = services.dir / name
    path.parent.mkdir(exist_ok=True)
    fresh = path.with_name("." + path.name + ".new")
    fresh.write_text(text if isinstance(text, str) else json.dumps(text), encoding="utf-8")
    os.replace(fresh, path)


def call(services, rule, **headers):
    """The operation that asks @rule; returns status and body."""
    row = next(row for row in RULES if row["name"] == "os_masakari_api:" + rule)
    operation = row["operations"][0]
    path = re.sub(r"\{[a-z_]+\}", NOWHERE, operation["path"])
    status, _, body = services.rest.call(operation["method"], path, BODIES.get(rule),
                                         headers=headers)
    return status, body


def wait_for_status(services, rule, status, **headers):
    """Waits until @rule is answered so."""
    wait_until(lambda: call(services, rule, **headers)[0] == status, 60,
               f"{rule} to be answered {status}")


def for_a_while(look):
    """Looks, longer than the time between two looks of the API at its files, whether something
    stays as it is; returns what the last look did."""
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline:
        seen = look()
        time.sleep(0.05)
    return seen


def log_lines(process, *parts):
    return [line for line in process.log.read_text(encoding="utf-8").splitlines()
            if all(part in line for part in parts)]


ASKED = [row["name"].removeprefix("os_masakari_api:") for row in RULES
         if row.get("operations") and row["name"] != "os_masakari_api:versions:index"]


def test_each_rule_is_asked(services):
    """A rule that nobody passes refuses its operation and no other."""
    write_policy(services, {})
    process = services.api()
    for rule in ASKED:
        write_policy(services, {"os_masakari_api:" + rule: "!"})
        process.signal(signal.SIGHUP)
        wait_for_status(services, rule, 403)
        assert call(services, rule)[1] == {"forbidden": {
            "code": 403,
            "message": f"Policy doesn't allow os_masakari_api:{rule} to be performed."}}
        others = [call(services, other)[0] for other in ASKED if other != rule]
        assert 403 not in others, (rule, others)


def test_refusals_look_like_the_python_service(services):
    write_policy(services, {"os_masakari_api:segments:index": "role:reader"})
    services.api()
    status, headers, body = services.rest.call("GET", "/segments")
    assert status == 403
    assert body["forbidden"]["code"] == 403
    assert headers["Content-Type"] == "application/json; charset=UTF-8"
    assert headers["OpenStack-API-Version"] == "instance-ha 1.3"
    assert headers["x-openstack-request-id"].startswith("req-")
    for roles, expected in [("reader", 200), ("a, READER ,b", 200), ("reade", 403), ("", 403)]:
        assert call(services, "segments:index", **{"X-Roles": roles})[0] == expected, roles


def test_the_target_is_the_caller(services):
    write_policy(services, {
        "os_masakari_api:segments:index": "project_id:%(project_id)s and user_id:%(user_id)s",
        "os_masakari_api:segments:detail": "project_id:p1 and not user_id:u2",
        "os_masakari_api:segments:delete": "system_scope:all or service_roles:service"})
    services.api()
    assert call(services, "segments:index")[0] == 200
    mine = {"X-Project-Id": "p1", "X-User-Id": "u1"}
    assert call(services, "segments:detail", **mine)[0] == 404
    assert call(services, "segments:detail", **{**mine, "X-User-Id": "u2"})[0] == 403
    assert call(services, "segments:detail", **{**mine, "X-Project-Id": "p2"})[0] == 403
    assert call(services, "segments:delete")[0] == 403
    assert call(services, "segments:delete", **{"OpenStack-System-Scope": "all"})[0] == 404
    assert call(services, "segments:delete", **{"X-Service-Roles": "service"})[0] == 404


CALLERS = [
    ("user_id:u1", {"X-User-Id": "u1", "X-User": "u2"}, True),
    ("user_id:u2", {"X-User": "u2"}, True),
    ("user_id:None", {}, True),
    ("project_id:p1", {"X-Project-Id": "p1", "X-Tenant-Id": "p2"}, True),
    ("project_id:p2", {"X-Tenant-Id": "p2", "X-Tenant": "p3"}, True),
    ("project_id:p3", {"X-Tenant": "p3"}, True),
    ("domain_id:d and user_domain_id:ud and project_domain_id:pd",
     {"X-Domain-Id": "d", "X-User-Domain-Id": "ud", "X-Project-Domain-Id": "pd"}, True),
    ("service_user_id:su and service_user_domain_id:sud and service_project_id:sp and"
     " service_project_domain_id:spd and service_roles:sr",
     {"X-Service-User-Id": "su", "X-Service-User-Domain-Id": "sud", "X-Service-Project-Id": "sp",
      "X-Service-Project-Domain-Id": "spd", "X-Service-Roles": "x,sr"}, True),
    ("is_admin_project:True", {}, True),
    ("is_admin_project:True", {"X-Is-Admin-Project": "TRUE"}, True),
    ("is_admin_project:True", {"X-Is-Admin-Project": "false"}, False),
    ("role:b", {"X-Roles": "a , b"}, True),
    ("role:b", {"X-Role": "b"}, True),
    ("role:b", {"X-Roles": "a", "X-Role": "b"}, False),
    ("role:b", {"X-Roles": "", "X-Role": "b"}, False),
    ("is_admin:True and not role:admin", {"X-Roles": "member"}, True),
]


def test_what_headers_say_of_the_caller(services):
    cases = dict(zip(ASKED, CALLERS, strict=False))
    assert len(cases) == len(CALLERS)
    write_policy(services, {"os_masakari_api:" + rule: check
                            for rule, (check, _, _) in cases.items()})
    services.api()
    for rule, (check, headers, allowed) in cases.items():
        status, body = call(services, rule, **headers)
        assert (status != 403) == allowed, (check, headers, body)


def test_what_is_checked_before_the_rule(services):
    write_policy(services, {"admin_api": "!"})
    services.api()
    rest = services.rest
    assert rest.call("POST", "/segments", {"segment": {}})[0] == 400, "the schema"
    assert rest.call("POST", "/segments", SEGMENT)[0] == 403
    assert rest.call("GET", f"/{NOWHERE}/segments")[0] == 400, "the project"
    assert rest.call("GET", "/segments", headers={"OpenStack-API-Version":
                                                  "instance-ha 9.9"})[0] == 406
    assert rest.call("GET", "/nothing")[0] == 404
    assert rest.call("PUT", f"/notifications/{NOWHERE}", {})[0] == 405
    assert rest.call("GET", "/")[0] == 200, "versions are open to all"


def test_extensions_that_are_not_to_be_found(services):
    write_policy(services, {"os_masakari_api:vmoves:discoverable": "!",
                            "os_masakari_api:segments:discoverable": "role:reader"})
    services.api()
    rest = services.rest
    found = [row["alias"] for row in rest.get("/extensions")["extensions"]]
    assert found == ["extensions", "notifications", "os-hosts", "versions"]
    assert rest.call("GET", "/extensions/vmoves")[0] == 404
    assert rest.call("GET", "/extensions/segments")[0] == 404
    assert rest.call("GET", "/extensions/segments", headers={"X-Roles": "reader"})[0] == 200


def test_files_are_read_again(services):
    rule = "segments:index"
    name = "os_masakari_api:" + rule
    process = services.api()
    assert call(services, rule)[0] == 200
    write_policy(services, {name: "!"})
    wait_for_status(services, rule, 403)
    write_policy(services, {name: "role:a"})
    wait_for_status(services, rule, 200, **{"X-Roles": "a"})
    write_policy(services, f"{name}: role:a\n{name}x: role\n")

    def stays():
        assert call(services, rule, **{"X-Roles": "a"})[0] == 200
        assert call(services, rule)[0] == 403
        return log_lines(process, " ERROR masakari.")

    wait_until(stays, 60, "the refusal of the file")
    errors = for_a_while(stays)
    assert len(errors) == 1, errors
    assert f"{services.dir}/policy.yaml:2: rule \"{name}x\"" in errors[0]
    write_policy(services, {name: "role:b"}, name="policy.d/own.yaml")
    write_policy(services, {name: "role:a"})
    wait_for_status(services, rule, 200, **{"X-Roles": "b"})
    assert call(services, rule, **{"X-Roles": "a"})[0] == 403
    (services.dir / "policy.d/own.yaml").unlink()
    wait_for_status(services, rule, 200, **{"X-Roles": "a"})
    process.must_live()


def test_a_file_that_vanishes_opens_nothing(services):
    rule = "segments:index"
    write_policy(services, {"os_masakari_api:" + rule: "!"})
    process = services.api()
    assert call(services, rule)[0] == 403
    (services.dir / "policy.yaml").unlink()

    def stays():
        assert call(services, rule)[0] == 403
        return log_lines(process, " ERROR masakari.", "has vanished")

    wait_until(stays, 60, "the file to be missed")
    assert len(for_a_while(stays)) == 1
    process.signal(signal.SIGHUP)
    wait_for_status(services, rule, 200)


def test_hangup_reads_them_at_once(services):
    rule = "segments:index"
    process = services.api()
    assert call(services, rule)[0] == 200
    write_policy(services, {"os_masakari_api:" + rule: "!"})
    process.signal(signal.SIGHUP)
    wait_for_status(services, rule, 403)
    assert log_lines(process, " INFO masakari.", "policy rules were read again")
    write_policy(services, "nonsense")
    process.signal(signal.SIGHUP)
    wait_until(lambda: log_lines(process, " ERROR masakari.", "rules stay as they were"), 60,
               "the refusal of the file")
    assert call(services, rule)[0] == 403
    process.must_live()


@pytest.mark.parametrize("text, says", [
    ("a: role:x\nb: nonsense\n", "policy.yaml:2: rule \"b\": column 1: \"nonsense\" is no check"),
    ("admin_api: !\n", "policy.yaml:1: an unquoted !"),
    ("a: rule:b\nb: rule:a\n", "policy.yaml:1: rules refer to one another in a circle"),
    ("a: https://check.example.org/\n", "policy.yaml:1: rule \"a\": column 1: https: checks"),
    ("{\"a\": \"role:x\"", "policy.yaml:2: this is no YAML"),
])
def test_a_bad_file_stops_the_start(services, text, says):
    write_policy(services, text)
    done = subprocess.run([program("masakari-api"), "--config-file", services.config_file()],
                          capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == os.EX_CONFIG
    assert says in done.stderr, done.stderr


def test_suspicious_rules_are_told(services):
    write_policy(services, {"os_masakari_api:segment:index": "role:reader",
                            "os_masakari_api:segments:index": "rule:readers"})
    process = services.api()
    assert log_lines(process, " WARNING masakari.", '"os_masakari_api:segment:index" has no effect')
    assert log_lines(process, " WARNING masakari.",
                     'refers to the rule "readers", which is not defined')


# ---- masakari-manage ----------------------------------------------------------------------

def test_the_sample_is_a_policy_file(services):
    policy = pytest.importorskip("oslo_policy.policy", reason="needs python3-oslo.policy")
    sample = services.manage("policy", "sample").stdout
    for row in RULES:
        assert f'\n#"{row["name"]}": "{row["check_str"]}"\n' in "\n" + sample
    assert policy.parse_file_contents(sample) == {}
    uncommented = re.sub(r'^#"', '"', sample, flags=re.MULTILINE)
    assert policy.parse_file_contents(uncommented) == {
        row["name"]: row["check_str"] for row in RULES}


def test_the_operations_of_the_rules(services):
    sample = services.manage("policy", "sample").stdout
    blocks = {re.search('^#"([^"]+)"', block, re.MULTILINE).group(1): block
              for block in sample.strip().split("\n\n")[1:]}
    assert list(blocks) == [row["name"] for row in RULES]
    for row in RULES:
        expected = [f"# {operation['method']}  {operation['path']}"
                    for operation in row.get("operations", [])]
        found = re.findall("^# [A-Z]+  /.*$", blocks[row["name"]], re.MULTILINE)
        assert found == expected, row["name"]


def test_what_is_in_force_is_shown(services):
    write_policy(services, 'own: [["role:a", "role:b"], ["role:c"]]\n'
                           "os_masakari_api:segments:index: rule:own\n")
    shown = services.manage("policy", "show").stdout
    assert shown.startswith('"own": [["role:a", "role:b"], ["role:c"]]\n'
                            '"os_masakari_api:segments:index": "rule:own"\n')
    assert shown.count("\n") == len(RULES) + 1
    write_policy(services, shown)
    assert services.manage("policy", "show").stdout == shown


def run_validate(services):
    return subprocess.run([program("masakari-manage"), "--config-file", services.config_file(),
                           "policy", "validate"], capture_output=True, text=True, timeout=60,
                          check=False)


def test_validate(services):
    write_policy(services, {"admin_api": "is_admin:True", "own": "role:x",
                            "os_masakari_api:segments:index": "rule:own"})
    done = run_validate(services)
    assert done.returncode == 0, done.stderr
    assert 'the policy rule "admin_api" says what its default says' in done.stdout
    assert done.stdout.endswith("28 rules in force, 3 of them from files, 0 wrong\n")
    write_policy(services, {"os_masakari_api:segments:indx": "rule:own"})
    done = run_validate(services)
    assert done.returncode != 0
    assert "has no effect" in done.stdout and "not defined" in done.stdout
    assert "2 policy rules are not what they seem" in done.stderr
    write_policy(services, "a: b")
    done = run_validate(services)
    assert done.returncode != 0
    assert "policy.yaml:1: rule \"a\"" in done.stderr


def test_the_page_of_the_documentation_is_fresh(services):
    table = services.manage("policy", "reference").stdout
    page = (ROOT / "docs/user/policy.md").read_text(encoding="utf-8")
    assert table in page, ("replace the table of docs/user/policy.md with the output of"
                           " masakari-manage policy reference")
