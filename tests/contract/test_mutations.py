# SPDX-License-Identifier: Apache-2.0
"""Our answers to requests that nobody should send (mutations.py) beside those of the Python service
(mutations.json).

Whatever it says, ours never fails: no answer is a 5xx. Status and text are equal, or one line of
BETTER, with its reason, covers the case; a line that covers nothing any more fails as well.
"""
import contextlib
import http.client
import json
import pathlib
import re

import pytest

import mutations
import run_contract
from kit.mariadb import MariaDb
from kit.services import Services

RECORDED = json.loads((pathlib.Path(__file__).parent / "mutations.json").read_text(
    encoding="utf-8"))
# (why, pattern of names, status of the Python service, ours)
BETTER = [
    ("null is no value of a column that must have one", r" host\.(type|control_attributes) type0$",
     500, 400),
    ("nothing longer fits into MariaDB's columns", r"(description|control_attributes) long1$",
     200, 400),
    ("the same", r"(description|control_attributes) long1$", 201, 400),
    ("a query that cannot be decoded is the client's mistake", r"^GET .* (16|17|18|bytes)$",
     500, 400),
    ("a body that is nested too deeply is the client's mistake", r" raw deep$", 500, 400),
    ("no VM, process or event has such a name", r" notification\.payload\.\w+ text[0-4]$",
     202, 400),
    ("what was recorded had no HTTP server, which takes blanks behind a value off",
     r"^POST Content-Type 3$", 415, 400),
    ("the same", r"^GET .* Content-Type 3$", 415, 404),
]


@pytest.fixture(scope="module", name="answers", params=["sqlite", "mariadb"])
def fixture_answers(request):
    """{name: (status, text as it is kept, or None)} of ours, on each kind of database."""
    with contextlib.ExitStack() as stack:
        services = stack.enter_context(Services())
        if request.param == "mariadb":
            server = stack.enter_context(MariaDb())
            server.create("masakari")
            services.options["database"]["connection"] = server.url("masakari")
        services.options["libvirt"]["host_uris"] = ",".join(
            f"{host}:test:///default" for host in run_contract.KNOWN_HOSTS)
        services.options["DEFAULT"]["debug"] = "false"
        services.db_sync()
        services.api()

        connection = http.client.HTTPConnection("127.0.0.1", services.port, timeout=300)

        def ask(method, path, body, more=()):
            data = None if body is None else body.encode("utf-8", "surrogatepass")
            headers = {"X-Auth-Token": "admin:admin", "Accept": "application/json",
                       "OpenStack-API-Version": f"instance-ha {mutations.VERSION}"}
            if data is not None:
                headers["Content-Type"] = "application/json"
            headers.update(more)
            connection.request(method, "/v1" + path, data, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode("utf-8", "replace")

        asked = mutations.Mutations(ask)
        packed = mutations.packed(asked.run(), asked.normal)
        connection.close()
        assert services.started[-1].stop() == 0
    return unpacked(packed)


def unpacked(kept):
    """{name: (status, text or None)}"""
    return {name: (status, kept["texts"][index] if index >= 0 else None)
            for name, (status, index) in kept["answers"].items()}


def better(name, theirs, ours):
    """The lines of BETTER for a case."""
    return [line for line in BETTER
            if re.search(line[1], name) and (theirs[0], ours[0]) == line[2:4]]


def test_nothing_is_a_server_error(answers):
    assert {name: said for name, said in answers.items() if said[0] >= 500} == {}


def test_answers_are_those_of_the_python_service(answers):
    theirs = unpacked(RECORDED)
    assert list(theirs) == list(answers)
    different = {name: (theirs[name], said) for name, said in answers.items()
                 if said != theirs[name] and not better(name, theirs[name], said)}
    assert different == {}


def test_each_listed_difference_is_there(answers):
    theirs = unpacked(RECORDED)
    for line in BETTER:
        assert any(line in better(name, theirs[name], said) for name, said in answers.items()), line
