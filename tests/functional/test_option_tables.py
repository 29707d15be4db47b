# SPDX-License-Identifier: Apache-2.0
"""Every option of the Python services exists here, with the same type, default and secrecy, or
docs/user/differences.md names it. tests/data/options-*.json is what the Python services list."""
import json
import os
import pathlib
import re
import subprocess

import pytest

pytestmark = pytest.mark.one_thread

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build"))
PROJECTS = ("masakari", "masakarimonitors")
TYPES = {"String": "string", "Integer": "integer", "Boolean": "boolean", "Float": "number",
         "List": "list", "MultiString": "multi", "HostAddress": "host", "URI": "URI",
         "Dict": "flow", "type": "string"}
DIFFERENCES = (ROOT / "docs/user/differences.md").read_text()


def recorded(project):
    groups = json.loads((ROOT / f"tests/data/options-{project}.json").read_text())
    return {(group, name.replace("-", "_")): option
            for group, options in groups.items() for name, option in options.items()}


def dump(project):
    done = subprocess.run([BUILD / "tests/tools/schema-dump", project], capture_output=True,
                          check=True, timeout=60)
    return json.loads(done.stdout)


def ours(project):
    return {(option["group"], option["name"]): option for option in dump(project)["options"]}


def as_written(option):
    """The default of an option of the Python services as a file would have it."""
    value = option.get("default")
    if option.get("sample_default") == "<HOSTNAME>":
        return "<HOSTNAME>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ("\n" if option["type"] == "MultiString" else ",").join(value)
    if isinstance(value, dict):
        return ", ".join(f"{stage}: {value.get(stage, [])}" for stage in ("pre", "main", "post"))
    return None if value is None else str(value)


def same_default(option, mine):
    theirs = as_written(option)
    default = mine["default"]
    if option["type"] == "Boolean" and default is not None:
        default = default.lower()
    if option["type"] == "Float" and default is not None:
        return float(default) == float(theirs)
    if option["type"] in ("List", "MultiString"):
        return (default or None) == (theirs or None)
    return default == theirs


def is_listed(group, name):
    return re.search(rf"`\[{group}\] {name}`", DIFFERENCES) is not None


def difference(option, mine):
    if mine is None:
        return "is missing"
    if mine["type"] != TYPES[option["type"]]:
        return f"is of type {mine['type']}, not {option['type']}"
    if not same_default(option, mine):
        return f"has the default {mine['default']!r}, not {as_written(option)!r}"
    return None


@pytest.mark.parametrize("project", PROJECTS)
def test_every_option_is_there_and_equal(project):
    mine = ours(project)
    wrong = []
    for (group, name), option in recorded(project).items():
        found = difference(option, mine.get((group, name)))
        if found and not is_listed(group, name):
            wrong.append(f"[{group}] {name} {found}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("project", PROJECTS)
def test_listed_differences_are_real(project):
    """What differences.md says about the type or default of an option is still so."""
    section = DIFFERENCES.split("## Configuration", 1)[1].split("\n## ", 1)[0]
    mine, theirs = ours(project), recorded(project)
    for group, name in re.findall(r"^\| `\[(\w+)\] (\w+)` \|", section, re.M):
        if (group, name) in theirs:
            assert difference(theirs[group, name], mine.get((group, name))), f"[{group}] {name}"


@pytest.mark.parametrize("project", PROJECTS)
def test_secrets_stay_secret_and_mutable_options_mutable(project):
    mine = ours(project)
    for key, option in recorded(project).items():
        if option.get("secret"):
            assert mine[key]["secret"], key
        if option.get("mutable") and not mine[key]["accepted_only"] and not is_listed(*key):
            assert mine[key]["mutable"], key


@pytest.mark.parametrize("project", PROJECTS)
def test_old_names_are_known(project):
    mine = ours(project)
    for (group, name), option in recorded(project).items():
        for old in option.get("deprecated_names", []):
            old_group, old_name = old.split("/", 1)
            old_group = old_group if old_group == "DEFAULT" else old_group.lower()
            old_name = name if old_name == "None" else old_name
            if (old_group, old_name) not in mine:
                assert f"{old_group}.{old_name}" in mine[group, name]["deprecated"], (group, name)


@pytest.mark.parametrize("project", PROJECTS)
def test_choices_are_the_same(project):
    mine = ours(project)
    for key, option in recorded(project).items():
        if "choices" in option and mine[key]["choices"]:
            assert mine[key]["choices"] == option["choices"], key


@pytest.mark.parametrize("project", PROJECTS)
def test_our_own_options_are_marked(project):
    known = recorded(project)
    for key, option in ours(project).items():
        if key not in known and key[0] not in ("api", "keystone_authtoken"):
            # Options of keystoneauth plugins (auth_type) are in no listing of Python's.
            assert option["own"], f"{key} is no option of the Python services: set .own"
        if key in known:
            assert not option["own"], key


@pytest.mark.parametrize("project", PROJECTS)
def test_every_option_has_its_help(project):
    for key, option in ours(project).items():
        assert option["help"] and option["help"].endswith("."), key


@pytest.mark.parametrize("project", PROJECTS)
def test_an_option_with_an_effect_is_not_listed_as_without(project):
    assert dump(project)["stale"] == []


def test_choices_in_another_case():
    """Where the Python libraries do not mind it; the recorded listings do not say so."""
    opts = pytest.importorskip("keystonemiddleware.auth_token._opts",
                               reason="needs the package python3-keystonemiddleware")
    lenient = {option.name for _, options in opts.list_opts() for option in options
               if getattr(option.type, "ignore_case", False)}
    mine = {name for (group, name), option in ours("masakari").items()
            if option["ignore_case"] and group == "keystone_authtoken"}
    assert mine == lenient
    assert mine
