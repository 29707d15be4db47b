# SPDX-License-Identifier: Apache-2.0
"""The committed reference pages, samples and example configurations fit the programs."""
import os
import pathlib
import re
import subprocess

import pytest

pytestmark = pytest.mark.one_thread

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build")).resolve()
SAMPLES = {"masakari.conf.sample": "masakari-api",
           "masakarimonitors.conf.sample": "masakari-instancemonitor"}
EXAMPLES = {"masakari/masakari-embedded.conf": "masakari-manage",
            "masakarimonitors/masakarimonitors-embedded.conf": "masakari-instancemonitor"}


def test_pages_and_samples_are_up_to_date():
    done = subprocess.run([ROOT / "tools/gen-config-docs", "--check"], capture_output=True,
                          text=True, timeout=60, check=False,
                          env={**os.environ, "MSK_BUILD": str(BUILD)})
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


@pytest.mark.parametrize("project", ["masakari", "masakarimonitors"])
def test_programs_of_a_project_know_the_same_options(project):
    programs = {"masakari": ["masakari-api", "masakari-engine", "masakari-manage"],
                "masakarimonitors": ["masakari-instancemonitor"]}[project]
    samples = {subprocess.run([BUILD / "src/cmd" / program, "--sample-config"], timeout=30,
                              capture_output=True, check=True).stdout for program in programs}
    assert len(samples) == 1


def uncommented(path):
    """Each option of a sample set to the default that it shows."""
    return "".join(line[1:] if re.match(r"#\w+ = (?!<unset>|<HOSTNAME>)", line) else line
                   for line in path.read_text().splitlines(keepends=True))


def unknown_options(program, path, tmp_path):
    """Starts @program on the file without what it needs, and returns the names it did not know."""
    log = tmp_path / "log"
    home = {**os.environ, "HOME": str(tmp_path), "OS_MASAKARI_CONFIG_DIR": str(tmp_path)}
    command = [BUILD / "src/cmd" / program, "--config-file", path, "--log-file", log, "--debug"]
    if program == "masakari-manage":
        command += ["nothing"]
    done = subprocess.run(command, env=home, capture_output=True, text=True, timeout=60,
                          check=False)
    assert "must be" not in done.stderr
    return re.findall(r"\[\w+\] (\w+) is no option", log.read_text())


@pytest.mark.parametrize("sample", SAMPLES)
def test_samples_are_read(sample, tmp_path):
    path = tmp_path / "sample.conf"
    path.write_text(uncommented(ROOT / "etc" / sample) + "[DEFAULT]\nno_such_option = 1\n"
                    # so that the monitor, which would run, stops: it has no such way to the API
                    + ("[api]\nauth_type = v3password\n" if "monitors" in sample else ""))
    program = "masakari-manage" if SAMPLES[sample] == "masakari-api" else SAMPLES[sample]
    assert unknown_options(program, path, tmp_path) == ["no_such_option"]


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_are_read(example, tmp_path):
    path = tmp_path / "example.conf"
    path.write_text((ROOT / "etc" / example).read_text() + "\n[DEFAULT]\nno_such_option = 1\n"
                    + ("[api]\nauth_type = v3password\n" if "monitors" in example else ""))
    assert unknown_options(EXAMPLES[example], path, tmp_path) == ["no_such_option"]
