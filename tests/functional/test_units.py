# SPDX-License-Identifier: Apache-2.0
"""The systemd units: systemd understands every line, and they leave little to an intruder."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build"))
SERVICES = ("masakari-api", "masakari-engine", "masakari-instancemonitor")
EXPOSURE = 2.0  # of 10


@pytest.fixture(name="units")
def units_with_built_programs(tmp_path):
    """The units in a directory, starting the programs of the build."""
    for name in SERVICES:
        text = (BUILD / "packaging/systemd" / f"{name}.service").read_text(encoding="utf-8")
        text = re.sub(r"(?m)^ExecStart=.*$", f"ExecStart={BUILD / 'src/cmd' / name}", text)
        (tmp_path / f"{name}.service").write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "packaging/systemd/masakari-api.socket", tmp_path)
    return tmp_path


def analyze(*args):
    """Runs systemd-analyze. Returns its output."""
    done = subprocess.run(["systemd-analyze", *map(str, args)], capture_output=True, text=True,
                          timeout=60, check=False)
    return done.stdout + done.stderr


def test_systemd_understands_the_units(units):
    said = analyze("verify", *sorted(units.iterdir()))
    assert not [line for line in said.splitlines() if "masakari" in line]


def test_a_mistake_would_be_seen(units):
    with open(units / "masakari-api.service", "a", encoding="utf-8") as unit:
        unit.write("[Service]\nNoSuchThing=yes\n")
    assert "NoSuchThing" in analyze("verify", units / "masakari-api.service")


@pytest.mark.parametrize("name", SERVICES)
def test_units_are_confined(units, name):
    said = analyze("security", "--offline=true", units / f"{name}.service")
    level = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert level and float(level[1]) < EXPOSURE, said
