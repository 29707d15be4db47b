# SPDX-License-Identifier: Apache-2.0
"""Requests that nobody should send: every field of every body removed, of another type, too long,
in hostile Unicode; and the same for query parameters and identifiers in paths.

make_mutations.py asks the Python service for its answers, test_mutations.py ours. Both begin with
an empty database, make the same objects (Mutations.prepare()) and ask everything in the same
order; what a mutation has made or changed by being accepted is undone before the next, except
notifications, which come last.
"""
import copy
import hashlib
import json
import urllib.parse

VERSION = "1.2"  # the newest that the Python service of Debian 12 knows
HOST = "cmp1"  # a host that the compute driver knows
GUEST = "11111111-2222-3333-4444-555555555555"
NOBODY = "99999999-2222-3333-4444-555555555555"
GONE = object()
LONGEST = 160  # of a text that is kept as it is

WRONG_TYPES = [None, True, 0, -1, 1.5, 10**30, "", [], ["x"], {}, {"x": "y"}]
OVERSIZED = ["x" * 256, "x" * 70000, "\u4e2d" * 256]
HOSTILE = ["\0", "a\0b", "\ud800", "a\ud83d", "\udc00\ud800", "\u202eabc", "\u200b", "\ufeffx",
           "e\u0301" * 3, "\U0001f525", "\u2028", "\x7f", "\x1b[31m", "a\nb", " ", " x ", "%s%n",
           "'; DROP TABLE hosts; --", "../../etc/passwd", "\u0130", "\uff21\uff55\uff54\uff4f",
           "\u0661", "1e3", "0x10", "NaN", "null", "true"]

SEGMENT = {"segment": {"name": "mutated", "description": "text", "recovery_method": "auto",
                       "service_type": "COMPUTE", "enabled": True}}
HOSTS = {"host": {"name": HOST, "type": "KVM", "control_attributes": "SSH", "reserved": False,
                  "on_maintenance": False}}
NOTIFICATIONS = {
    "VM": {"event": "LIFECYCLE", "instance_uuid": GUEST, "vir_domain_event": "STOPPED_FAILED"},
    "PROCESS": {"event": "STOPPED", "process_name": "nova-compute"},
    "COMPUTE_HOST": {"event": "STOPPED", "cluster_status": "OFFLINE", "host_status": "NORMAL"},
}
QUERIES = {
    "/segments": ["limit", "marker", "sort_key", "sort_dir", "recovery_method", "service_type",
                  "enabled", "unknown"],
    "/segments/{segment}/hosts": ["limit", "marker", "sort_key", "sort_dir", "type", "reserved",
                                  "on_maintenance", "unknown"],
    "/notifications": ["limit", "marker", "sort_key", "sort_dir", "source_host_uuid", "type",
                       "status", "generated-since", "unknown"],
}
PATHS = [("GET", "/segments/{}"), ("PUT", "/segments/{}"), ("DELETE", "/segments/{}"),
         ("GET", "/segments/{}/hosts"), ("POST", "/segments/{}/hosts"),
         ("GET", "/segments/{{segment}}/hosts/{}"), ("PUT", "/segments/{{segment}}/hosts/{}"),
         ("DELETE", "/segments/{{segment}}/hosts/{}"), ("GET", "/notifications/{}"),
         ("PUT", "/notifications/{}"), ("DELETE", "/notifications/{}")]
IDENTIFIERS = [NOBODY, NOBODY.upper(), "0", "-1", "detail", "\0", "\u4e2d", "\ud800", "x" * 300,
               "a b", "..", "'", "{" + NOBODY + "}", NOBODY.replace("-", "")]
JSON, VENDOR = "application/json", "application/vnd.openstack.masakari+json"
HEADERS = {
    "Accept": [
        "", ",", "*/*", "*", "nonsense", "a/b/c", "text/plain", "text/html", "TEXT/HTML", JSON,
        f"{JSON};", f"{JSON};x", f"{JSON};x=1", f"{JSON};q=1.000", f"{JSON};q=1.0000",
        f"{JSON};q=0.0001", f"{JSON};q=1e0", f"{JSON};q=0x1", f'{JSON};q="0.5"',
        f"{JSON};q=1;q=0", f"{JSON};q=0;q=1", f"{JSON};q=0.5;x=1", f"{JSON};q=0.5 ; x",
        f"{JSON};Q=0.1, */*;q=0.2", "*/*;x=1", "application/*;x=1", "text/*;q=0.2, */*;q=0.1",
        f", {JSON}", f",, {JSON},", f"{JSON} text/html", f'"{JSON}"', f'{JSON};x="a,b"',
        f'{JSON};x="a', "t\xe9xt/x", "text/html;q=0, */*", "image/png, */*;q=0"],
    "Content-Type": [
        JSON, VENDOR, JSON.upper(), f"{JSON} ", f"{JSON};charset=utf-16", f"{JSON},{JSON}",
        f"{JSON}x", "text/plain", "text/html", "", "*/*", "application/xml",
        "application/x-www-form-urlencoded", "t\xe9xt/x"],
    "OpenStack-API-Version": [
        "", ",", "instance-ha", "instance-ha ", "instance-ha  1.1", "1.1", "instance-ha\t1.1",
        "instance-ha\xa01.1\x85", "instance-ha 1.1\xa0x", "instance-ha 1.\xb2", "INSTANCE-HA 1.1",
        "masakari 1.1", "compute 2.1", "instance-ha 1.1, compute 2.1",
        "instance-ha 1, instance-ha 1.1", "instance-ha 1.1, instance-ha 1", "instance-ha 01.1",
        "instance-ha 1.01", "instance-ha 1.1.1", "instance-ha 0.0", "instance-ha -1.1",
        "instance-ha 1.1e1", "instance-ha %s", "instance-ha <b>"],
}
WRITTEN = [
    "", "&", "=", "limit", "limit=", "limit==1", "limit=x&limit=1", "limit=1&limit=x", "Limit=x",
    "limit=x;limit=1", "limit=1;limit=x", "limit=1%3Blimit=x", "limit=1%26limit=x", "%6Cimit=x",
    "limit%3Dx", "limit=%", "limit=+1", "limit=%2B1", "limit=0x1", "limit=%1C1", "limit=%0B1",
    "limit=%C2%A01", "limit=%1C%C2%A01", f"limit={'9' * 4300}", f"limit={'9' * 4301}",
    f"page_size={'0' * 4301}", "marker=0x1", "marker=inf", "marker=nan", "marker=1",
    "marker=%20x1", "sort_key=no&sort_dir=no", "sort_key=no&marker=0", "sort_dir=no&marker=0",
    "sort_dir=no&limit=0", "sort_key=id&sort_dir=asc&sort_dir=desc", "sort_key=id;sort_key=no",
    "page_size=x&limit=x"]


def values():
    """(name, value) of everything that is put in a field's place."""
    yield "gone", GONE
    for name, group in (("type", WRONG_TYPES), ("long", OVERSIZED), ("text", HOSTILE)):
        for number, value in enumerate(group):
            yield f"{name}{number}", value


def places(body, path=()):
    """The path of every field of a body, its own wrapping one included."""
    for key, value in body.items():
        yield (*path, key)
        if isinstance(value, dict):
            yield from places(value, (*path, key))


def changed(body, path, value):
    """The body with another value, or none, at a path."""
    body = copy.deepcopy(body)
    inner = body
    for key in path[:-1]:
        inner = inner[key]
    if value is GONE:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return body


def mutated(name, method, path, body):
    """(name, method, path, body) of all mutations of one request."""
    yield name, method, path, json.dumps(body)
    for place in places(body):
        for what, value in values():
            yield (f"{name} {'.'.join(place)} {what}", method, path,
                   json.dumps(changed(body, place, value)))
    for place in [(), *(place for place in places(body)
                        if isinstance(dict_at(body, place), dict))]:
        yield (f"{name} {'.'.join((*place, '+'))}", method, path,
               json.dumps(changed(body, (*place, "no_such_field"), "x")))
        several = copy.deepcopy(body)
        dict_at(several, place).update(
            {"z": 1, "e'\u0301": 2, "\uffff": 3, "\U0001f525": 4, "e": 5})
        yield f"{name} {'.'.join((*place, '++'))}", method, path, json.dumps(several)
    text = json.dumps(body)
    for what, raw in (("empty", ""), ("half", text[:len(text) // 2]), ("list", f"[{text}]"),
                      ("twice", text + text), ("string", json.dumps(text)), ("null", "null"),
                      ("deep", "[" * 1000 + "]" * 1000), ("bom", "\ufeff" + text),
                      ("comma", text[:-1] + ",}"), ("quotes", text.replace('"', "'"))):
        yield f"{name} raw {what}", method, path, raw


def dict_at(body, path):
    """What is at a path."""
    for key in path:
        body = body[key]
    return body


def escaped(value):
    """A value in a URL; a lone surrogate in the three bytes that its code point would have."""
    return urllib.parse.quote(value.encode("utf-8", "surrogatepass"), safe="")


def queries():
    """Lists with hostile parameters."""
    texts = ["", "0", "-1", "1.5", "1e3", "9" * 40, "x", "name", "asc", "True", NOBODY, GUEST,
             "2026-01-01", "x" * 300, *HOSTILE]
    for path, names in QUERIES.items():
        for name in names:
            for number, text in enumerate(texts):
                yield (f"GET {path} {name} {number}", "GET", f"{path}?{name}={escaped(text)}", None)
            yield f"GET {path} {name} twice", "GET", f"{path}?{name}=1&{name}=x", None
            yield f"GET {path} {name} bytes", "GET", f"{path}?{name}=%ff%fe", None


def written():
    """Queries with their own ideas of separators, escapes and numbers."""
    for path in QUERIES:
        for number, text in enumerate(WRITTEN):
            yield f"GET {path} written {number}", "GET", f"{path}?{text}", None


def headers():
    """Headers with what their grammars allow, and with what they do not."""
    for name, texts in HEADERS.items():
        for number, text in enumerate(texts):
            for path in ("/nothing", "/segments/x"):
                yield f"GET {path} {name} {number}", "GET", path, None, {name: text}
            yield (f"POST {name} {number}", "POST", "/segments", json.dumps({"segment": {}}),
                   {name: text})


def paths():
    """Identifiers that are none."""
    for method, path in PATHS:
        body = None
        if method in ("PUT", "POST"):
            body = json.dumps(HOSTS if "hosts" in path else SEGMENT)
        for number, identifier in enumerate(IDENTIFIERS):
            yield f"{method} {path} {number}", method, path.format(escaped(identifier)), body


def notification(kind, payload):
    """A body."""
    return {"notification": {"type": kind, "hostname": HOST, "payload": payload,
                             "generated_time": "2026-01-01T00:00:00.000000"}}


def short(text):
    """A text, or what stands for a long one."""
    if len(text) <= LONGEST:
        return text
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    return f"{text[:60]}... ({len(text)}, {digest})"


def message(text):
    """The error text of an answer, or the answer itself."""
    try:
        (fault,) = json.loads(text).values()
        return fault["message"]
    except (ValueError, AttributeError, TypeError, KeyError):
        return text


def packed(answers, normal):
    """The answers as they are kept."""
    texts, kept = {}, {}
    for name, (status, text) in answers.items():
        index = -1
        if status >= 400:
            said = short(normal(message(text)))
            index = texts.setdefault(said, len(texts))
        kept[name] = [status, index]
    return {"texts": list(texts), "answers": kept}


class Mutations:
    """All of them against one service. `ask(method, path, body, headers)` gives (status, text);
    headers may be left out."""

    def __init__(self, ask):
        self.ask = ask
        self.names = {}
        self.kept = changed(SEGMENT, ("segment", "name"), "kept")

    def _made(self, path, body):
        status, text = self.ask("POST", path, json.dumps(body))
        assert status == 201, (path, status, text)
        (record,) = json.loads(text).values()
        return record["uuid"]

    def prepare(self):
        """The objects that mutations are about."""
        self.names["segment"] = self._made("/segments", self.kept)
        other = changed(SEGMENT, ("segment", "name"), "other")
        self.names["other"] = self._made("/segments", other)
        self.names["host"] = self._made(f"/segments/{self.names['segment']}/hosts", HOSTS)

    def requests(self):
        """(name, method, path, body) in their order, and headers where they are not the usual."""
        yield from mutated("POST segment", "POST", "/segments", SEGMENT)
        yield from mutated("PUT segment", "PUT", "/segments/{other}", SEGMENT)
        created = changed(HOSTS, ("host", "name"), "cmp2")
        yield from mutated("POST host", "POST", "/segments/{segment}/hosts", created)
        yield from mutated("PUT host", "PUT", "/segments/{segment}/hosts/{host}", HOSTS)
        yield from queries()
        yield from written()
        yield from headers()
        yield from paths()
        for kind, payload in NOTIFICATIONS.items():
            yield from mutated(f"POST {kind}", "POST", "/notifications",
                               notification(kind, payload))

    def run(self):
        """{name: (status, text)} of all."""
        self.prepare()
        answers = {}
        for name, method, path, body, *more in self.requests():
            for key, uuid in self.names.items():
                path = path.replace(f"{{{key}}}", uuid)
            assert name not in answers, name
            status, text = answers[name] = self.ask(method, path, body, *more)
            if status == 201 and method == "POST":
                (record,) = json.loads(text).values()
                assert self.ask("DELETE", f"{path}/{record['uuid']}", None)[0] == 204, name
            elif status == 200 and method == "PUT":
                self._restore(name, path)
        return answers

    def _restore(self, name, path):
        body = HOSTS if "/hosts/" in path else changed(SEGMENT, ("segment", "name"), "other")
        status, text = self.ask("PUT", path, json.dumps(body))
        assert status == 200, (name, status, text)

    def normal(self, text):
        """A text without what differs in every run."""
        for key, uuid in self.names.items():
            text = text.replace(uuid, f"<{key}>")
        return text
