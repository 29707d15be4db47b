# SPDX-License-Identifier: Apache-2.0
"""The recorded REST contract: every answer equals the Python service's, or is listed with a reason.

expected_differences.json is {group: {"why": text, "ids": [request id]}}. It can only shrink: an
answer that differs and is not listed fails, and so does a listed one that no longer differs.
"""
import json
import pathlib

import pytest

import run_contract

LISTED = json.loads((pathlib.Path(__file__).parent / "expected_differences.json").read_text(
    encoding="utf-8"))
EXPECTED = {name for group in LISTED.values() for name in group["ids"]}
IDS = [request["id"] for request in run_contract.load("requests.json")]


@pytest.fixture(scope="module", name="differences")
def ask_everything():
    """The answers that differ, of one run over all requests."""
    return run_contract.run()


def test_the_list_names_each_request_once_and_says_why():
    names = [name for group in LISTED.values() for name in group["ids"]]
    assert len(names) == len(set(names))
    assert EXPECTED <= set(IDS)
    assert all(len(group["why"]) > 20 for group in LISTED.values())


@pytest.mark.parametrize("name", [name for name in IDS if name not in EXPECTED])
def test_answers_as_recorded(differences, name):
    assert differences.get(name) is None


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_listed_answers_still_differ(differences, name):
    assert name in differences, f"{name} matches now: take it off expected_differences.json"
