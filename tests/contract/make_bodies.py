# SPDX-License-Identifier: Apache-2.0
"""Makes bodies/cases.json: request bodies and what python-jsonschema says about them.

Run with Debian 12's python3-jsonschema (4.10.3), whose texts clients of the Python service know:

    /usr/bin/python3 tests/contract/make_bodies.py

The schemas are those of the Python service; bodies are made from a fixed seed. A case is
{"what": schema, "body": text, "message": text or null}.
"""
import copy
import json
import pathlib
import random
import re
import unicodedata
import uuid

import jsonschema

CASES = 1500
WORDS = ["", "a", "seg", " a", "a ", "a b", "a\tb", "abc\n", "\n", "é", "中", "😀", "it's", 'say "x"',
         "it's \"x\"", "a\\b", "\u200b", "\u3000x", "x\u00a0y", "\u0000", "\u007f", "\ud800",
         "x" * 255,
         "x" * 256, "é" * 255, "True", "true", "tRue", "on", "OFF", "1", "0", "y", "auto", "AUTO",
         "rh_priority", "COMPUTE_HOST", "VM", "PROCESS", "STARTED", "STOPPED", "started", "NORMAL",
         "ONLINE", "cmp-1.a_b", "a/b", "key:.- _", "2026-01-01T00:00:00", "2026-1-4", "2026-13-01",
         "2026-01-01T24:00:00", "00000000-0000-4000-8000-000000000000",
         "{00000000-0000-4000-8000-000000000000}", "urn:uuid:00000000-0000-4000-8000-000000000000",
         "0000000000004000800000000000000a", "0000000000004000800000000000000g",
         "00000000-0000-4000-8000-00000000000"]
OTHERS = [None, True, False, 0, 1, -1, 2, 10**30, 0.0, 1.0, 1.5, -0.0, 1e16, 1e15,
          123456789012345680.0, 1e-4, 1e-5, 1.1e-7, 5e-324, 1.7976931348623157e308, 0.1, 1 / 3,
          float("inf"),
          float("-inf"),
          float("nan"), [], {}, ["a", 1, None], {"a": {"b": [True]}}, [[]]]


def is_printable(char):
    """As the Python service has it for names."""
    category = unicodedata.category(char)
    return not category.startswith("C") and (not category.startswith("Z") or category == "Zs")


def char_ranges(wanted):
    """Ranges of a regular expression for all of plane 0 that is wanted."""
    found, start = [], None
    for code in range(0x10000):
        if code < 0xFFFF and wanted(chr(code)):
            start = code if start is None else start
        elif start is not None:
            end = re.escape(chr(code - 1))
            found.append(re.escape(chr(start)) + ("" if code - 1 == start else "-" + end))
            start = None
    return "".join(found)


PRINTABLE = char_ranges(is_printable)
NO_SIGN = char_ranges(lambda c: not is_printable(c) or unicodedata.category(c) == "Zs")
NAME = re.compile(f"^(?![{NO_SIGN}])[{PRINTABLE}]*(?<![{NO_SIGN}])$")
NAME_REFUSED = ("An invalid 'name' value was provided. The name must be: printable characters. Can"
                " not start or end with whitespace.")


class NameRefused(Exception):
    """The format "name" words its refusal itself."""


CHECKER = jsonschema.FormatChecker()


@CHECKER.checks("name", NameRefused)
def check_name(value):
    """The format of names."""
    if not NAME.search(value):
        raise NameRefused
    return True


@CHECKER.checks("uuid")
def check_uuid(value):
    """The format of UUIDs, as oslo.utils has it."""
    plain = value.replace("urn:", "").replace("uuid:", "").strip("{}").replace("-", "").lower()
    try:
        return uuid.UUID(value).hex == plain
    except ValueError:
        return False


@CHECKER.checks("date-time")
def check_date(value):
    """Of the dates above these are the valid ones; test-datetime.c looks closer."""
    return value in ("2026-01-01T00:00:00", "2026-1-4")


TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
NAME_SCHEMA = {**TEXT, "format": "name"}
DESCRIPTION = {"type": ["string", "null"], "minLength": 0, "pattern": f"^[\n{PRINTABLE}]*$"}
BOOLEAN = {"type": ["boolean", "string"], "enum": [
    True, "True", "TRUE", "true", "1", "ON", "On", "on", "YES", "Yes", "yes",
    False, "False", "FALSE", "false", "0", "OFF", "Off", "off", "NO", "No", "no"]}
EVENT = {"enum": ("STARTED", "STOPPED"), "type": "string"}


def whole(name, properties, ordered_rest):
    """The schema of a body with one object."""
    inner = {"type": "object", "properties": properties, **ordered_rest}
    return {"type": "object", "properties": {name: inner}, "required": [name],
            "additionalProperties": False}


def any_of(names):
    """At least one member."""
    return {"additionalProperties": False, "anyOf": [{"required": [name]} for name in names]}


SEGMENT = {"name": NAME_SCHEMA, "description": DESCRIPTION, "recovery_method": {
    "type": "string", "enum": ["auto", "reserved_host", "auto_priority", "rh_priority"]},
    "service_type": NAME_SCHEMA}
SEGMENT_12 = {**SEGMENT, "enabled": BOOLEAN}
HOST = {"name": NAME_SCHEMA, "type": {"type": ["string", "null"], "minLength": 0, "maxLength": 255,
                                      "pattern": "^[a-zA-Z0-9]*$"},
        "control_attributes": DESCRIPTION, "reserved": BOOLEAN, "on_maintenance": BOOLEAN}
NOTIFICATION = {
    "type": {"type": "string", "enum": ("COMPUTE_HOST", "VM", "PROCESS")},
    "hostname": {**TEXT, "pattern": "^[a-zA-Z0-9-._]*$"},
    "generated_time": {"type": "string", "format": "date-time"},
    "payload": {"type": "object", "patternProperties": {
        "^[a-zA-Z0-9-_:. ]{1,255}$": {"type": "string", "maxLength": 255}},
        "additionalProperties": False}}
SEGMENT_NEEDS = {"additionalProperties": False,
                 "required": ["name", "recovery_method", "service_type"]}
SCHEMAS = {
    "segment_create": whole("segment", SEGMENT, SEGMENT_NEEDS),
    "segment_create_v12": whole("segment", SEGMENT_12, SEGMENT_NEEDS),
    "segment_update": whole("segment", SEGMENT, any_of(
        ["name", "description", "recovery_method", "service_type"])),
    "segment_update_v12": whole("segment", SEGMENT_12, any_of(
        ["name", "description", "recovery_method", "service_type", "enabled"])),
    "host_create": whole("host", HOST, {
        "additionalProperties": False, "required": ["name", "type", "control_attributes"]}),
    "host_update": whole("host", HOST, any_of(list(HOST))),
    "notification_create": whole("notification", NOTIFICATION, {
        "required": ["type", "hostname", "generated_time", "payload"],
        "additionalProperties": False}),
    "payload_compute_host": {
        "type": "object", "properties": {
            "host_status": {"enum": ("NORMAL", "UNKNOWN"), "type": "string"},
            "cluster_status": {"enum": ("ONLINE", "OFFLINE"), "type": "string"}, "event": EVENT},
        "required": ["event"], "additionalProperties": False},
    "payload_process": {
        "type": "object", "properties": {
            "process_name": {"type": "string", "minLength": 1, "maxLength": 4096}, "event": EVENT},
        "required": ["process_name", "event"], "additionalProperties": False},
    "payload_vm": {
        "type": "object", "properties": {
            "instance_uuid": {"type": "string", "format": "uuid"}, "vir_domain_event": TEXT,
            "event": TEXT},
        "required": ["instance_uuid", "vir_domain_event", "event"], "additionalProperties": False},
}
GOOD = {
    "segment": {"name": "s", "recovery_method": "auto", "service_type": "c"},
    "host": {"name": "h", "type": "c", "control_attributes": "ssh"},
    "notification": {"type": "VM", "hostname": "h", "generated_time": "2026-1-4",
                     "payload": {"event": "x"}},
    "payload_compute_host": {"event": "STARTED"},
    "payload_process": {"process_name": "p", "event": "STOPPED"},
    "payload_vm": {"instance_uuid": WORDS[54], "vir_domain_event": "e", "event": "e"},
}


def change(chance, target, names):
    """Spoils an object in one or two places."""
    for _ in range(chance.choice((1, 1, 1, 2))):
        what = chance.random()
        if what < 0.1 and target:
            del target[chance.choice(list(target))]
        elif what < 0.2:
            target[chance.choice(WORDS)] = chance.choice(WORDS + OTHERS)
        else:
            target[chance.choice(names)] = chance.choice(WORDS * 2 + OTHERS)


def make_body(chance, what):
    """A body that is nearly right."""
    kind = what.split("_")[0] if not what.startswith("payload") else what
    if chance.random() < 0.04:
        return chance.choice(WORDS + OTHERS)
    inner = copy.deepcopy(GOOD[kind])
    schema = SCHEMAS[what]
    if kind == what:
        change(chance, inner, list(schema["properties"]))
        return inner
    properties = schema["properties"][kind]["properties"]
    if kind == "notification" and chance.random() < 0.4:
        change(chance, inner["payload"], ["event", "a b", "é"])
    else:
        change(chance, inner, list(properties))
    body = {kind: inner}
    if chance.random() < 0.1:
        change(chance, body, [kind, "x"])
    return body


def message_of(what, body):
    """What the Python service tells the client."""
    validator = jsonschema.Draft4Validator(SCHEMAS[what], format_checker=CHECKER)
    error = next(validator.iter_errors(body), None)
    if error is None:
        return None
    if isinstance(error.cause, NameRefused):
        return NAME_REFUSED
    if error.path:
        return (f"Invalid input for field/attribute {error.path[-1]}. Value: {error.instance}."
                f" {error.message}")
    return error.message


def main():
    """Writes the cases."""
    chance = random.Random(20260101)
    cases, seen = [], set()
    pattern = repr(DESCRIPTION["pattern"])
    while len(cases) < CASES:
        what = chance.choice(list(SCHEMAS))
        body = make_body(chance, what)
        text = json.dumps(body, ensure_ascii=chance.random() < 0.5 or "\ud800" in repr(body)
                          or "\\ud800" in repr(body))
        if (what, text) in seen:
            continue
        seen.add((what, text))
        message = message_of(what, body)
        if message is not None and " were unexpected" in message:
            continue  # in an order that differs from run to run
        cases.append({"what": what, "body": text,
                      "message": message and message.replace(pattern, "<pattern>")})
    path = pathlib.Path(__file__).parent / "bodies" / "cases.json"
    lines = ",\n".join(json.dumps(case) for case in cases)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
