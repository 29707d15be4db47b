# SPDX-License-Identifier: Apache-2.0
"""The files of Kolla-Ansible, OpenStack-Ansible and the charms (tests/data/deployments) are read,
and every option in them, and every one that is not, means what oslo.config says.

oslo.config is given the options that the Python services list (tests/data/options-*.json).
"""
import json
import os
import pathlib
import re
import subprocess

import pytest

pytestmark = pytest.mark.one_thread

cfg = pytest.importorskip("oslo_config.cfg", reason="needs the package python3-oslo.config")
types = pytest.importorskip("oslo_config.types")

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build"))
FILES = sorted((ROOT / "tests/data/deployments").glob("*.conf"))
FLOW = types.Dict(value_type=types.List(bounds=True, item_type=types.String(quotes=True)))
# Options of keystoneauth that no listing of the Python monitors has.
OF_KEYSTONEAUTH = [cfg.StrOpt("auth_type", default="password"), cfg.StrOpt("cafile"),
                   cfg.StrOpt("certfile"), cfg.StrOpt("keyfile"), cfg.IntOpt("timeout"),
                   cfg.BoolOpt("insecure", default=False)]
# What is no option of the Python services either: they ignore it, and so do we, with a warning.
NO_OPTION = {
    "osa-masakarimonitors.conf": ["[api] www_authenticate_uri"],
    "osa-masakari.conf": ["[DEFAULT] enabled_apis"],
    "charm-masakari.conf": ["[DEFAULT] enabled_apis", "[keystone_authtoken] signing_dir"],
    "kolla-masakari.conf": ["[DEFAULT] enabled_apis", "[oslo_concurrency] lock_path"],
}


def project_of(path):
    return path.stem.split("-", 1)[1]


def option_of(name, listed):
    """The oslo.config option of one entry of a listing."""
    kinds = {"String": cfg.StrOpt, "Integer": cfg.IntOpt, "Boolean": cfg.BoolOpt,
             "Float": cfg.FloatOpt, "List": cfg.ListOpt, "MultiString": cfg.MultiStrOpt,
             "HostAddress": cfg.HostAddressOpt, "URI": cfg.URIOpt, "type": cfg.StrOpt}
    old = [cfg.DeprecatedOpt(*reversed(entry.split("/", 1)))
           for entry in listed.get("deprecated_names", []) if not entry.endswith("/None")]
    more = {"default": listed.get("default"), "deprecated_opts": old}
    if listed["type"] == "Dict":
        return cfg.Opt(name, type=FLOW, **more)
    return kinds[listed["type"]](name, **more)


def of_the_library(project, path):
    """{"group.name": value} as oslo.config has it."""
    conf = cfg.ConfigOpts()
    groups = json.loads((ROOT / f"tests/data/options-{project}.json").read_text())
    names = []
    for group, options in groups.items():
        for name, listed in options.items():
            conf.register_opt(option_of(name, listed), None if group == "DEFAULT" else group)
            names.append((group, name.replace("-", "_")))
    if project == "masakarimonitors":
        conf.register_opts(OF_KEYSTONEAUTH, "api")
        names += [("api", option.name) for option in OF_KEYSTONEAUTH]
    conf([], default_config_files=[str(path)], default_config_dirs=[])
    return {f"{group}.{name}": conf[name] if group == "DEFAULT" else conf[group][name]
            for group, name in names}


def of_ours(project, path):
    done = subprocess.run([BUILD / "tests/tools/schema-dump", project, path], capture_output=True,
                          check=True, timeout=60)
    return json.loads(done.stdout)


def in_the_file(path):
    """The names that a file sets."""
    group, names = "DEFAULT", set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            group = line.strip("[]")
        elif line and not line.startswith("#"):
            names.add(f"{group}.{line.split('=', 1)[0].strip()}")
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_option_means_the_same(path, tmp_path):
    project = project_of(path)
    empty = tmp_path / "empty.conf"
    empty.write_text("", encoding="utf-8")
    ours, theirs = of_ours(project, path), of_the_library(project, path)
    assert "error" not in ours, ours
    # Another default is test_option_tables.py's matter; what the file changes is this test's.
    ours_before, theirs_before = of_ours(project, empty), of_the_library(project, empty)
    changed = {name for name, value in theirs.items()
               if value != theirs_before[name] or ours["values"][name]
               != ours_before["values"][name]}
    assert {name: (ours["values"][name], theirs[name]) for name in changed
            if ours["values"][name] != theirs[name]} == {}
    assert len(changed) > 5  # the comparison is one
    # Names that the file has, with the Python service's default as their value, are known as well.
    known = set(ours["values"]) | {"DEFAULT.host"}
    strange = [f"[{name.split('.', 1)[0]}] {name.split('.', 1)[1]}"
               for name in sorted(in_the_file(path) - known)]
    assert strange == NO_OPTION.get(path.name, [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_programs_take_it(path, tmp_path):
    """Each program is content with it and goes on until it needs what cannot be."""
    text = path.read_text(encoding="utf-8")
    for name in ("/var/log/kolla/masakari", "/var/log/masakari", "/var/lib/masakari"):
        text = text.replace(name, str(tmp_path))
    text = text.replace("use_journal", "use_stderr").replace("ca-certificates.crt", "").replace(
        "192.0.2.", "127.0.0.")
    copy = tmp_path / path.name
    copy.write_text(f"{text}\n[DEFAULT]\nstate_path = /proc/no\n[database]\n"
                    "connection = sqlite:////proc/no/masakari.sqlite\n", encoding="utf-8")
    monitors = project_of(path) == "masakarimonitors"
    for name in ["masakari-instancemonitor"] if monitors else ["masakari-engine", "masakari-api"]:
        if name == "masakari-api":  # it can do without what OpenStack-Ansible leaves out
            copy.write_text(re.sub("(?m)^os_privileged_user.*$", "", copy.read_text("utf-8")),
                            encoding="utf-8")
        done = subprocess.run([BUILD / "src/cmd" / name, "--config-file", copy],
                              capture_output=True, text=True, timeout=120, check=False)
        said = done.stderr + "".join(file.read_text() for file in tmp_path.glob("*.log"))
        assert done.returncode > 0 and "/proc/no" in said, (name, done.returncode, said)
        assert "sesame" not in said
