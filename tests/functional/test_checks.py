# SPDX-License-Identifier: Apache-2.0
"""The front door: what make offers, what it installs, and that the runner of checks can fail."""
import importlib.util
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

import pytest

from kit.host import ROOT

pytestmark = pytest.mark.plain_build


@pytest.fixture
def checks(tmp_path, monkeypatch):
    """tools/run-checks.py as a module, with a log directory of its own."""
    spec = importlib.util.spec_from_file_location("run_checks", ROOT / "tools" / "run-checks.py")
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "run_checks", module)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "LOGS", tmp_path)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    return module


def counted(counts):
    return counts.passed, counts.failed, counts.skipped


@pytest.mark.parametrize("stdout, result, expected", [
    ("TAP version 13\nok 1 /a\nok 2 /b\n1..2\n", "OK", (2, 0, 0)),
    ("ok 1 /a\nnot ok 2 /b - why\n", "FAIL", (1, 1, 0)),
    ("ok 1 /a # SKIP no root\nok 2 /b\n", "OK", (1, 0, 1)),
    ("ok 1 /a\nok 2 /b\n", "ERROR", (2, 1, 0)),
    ("", "TIMEOUT", (0, 1, 0)),
    ("", "OK", (0, 1, 0)),
    (None, "SKIP", (0, 0, 1)),
    ("ok 1 /a # SKIP no root\n", "SKIP", (0, 0, 1)),
    (None, "FAIL", (0, 1, 0)),
    ("# ok 1 in a comment\nbook 2\nok 3 /c\n", "OK", (1, 0, 0)),
])
def test_tap_is_counted(checks, stdout, result, expected):
    counts = checks.Counts()
    checks.count_meson_test({"name": "t", "stdout": stdout, "result": result}, counts)
    assert counted(counts) == expected
    assert len(counts.failures) == expected[1]


@pytest.mark.parametrize("inside, expected", [
    ("", (1, 0, 0)), ("<failure/>", (0, 1, 0)), ("<error/>", (0, 1, 0)), ("<skipped/>", (0, 0, 1)),
    ("<system-out>x</system-out>", (1, 0, 0)),
])
def test_pytest_cases_are_counted(checks, inside, expected):
    counts = checks.Counts()
    case = ElementTree.fromstring(f'<testcase classname="c" name="n">{inside}</testcase>')
    checks.count_pytest_case(case, counts)
    assert counted(counts) == expected


def run_stages(checks, monkeypatch, capsys, stages):
    """Runs made-up stages; returns the exit status and the last line."""
    monkeypatch.setattr(checks, "STAGES", stages)
    monkeypatch.setattr(sys, "argv", ["run-checks.py", "all"])
    status = checks.main()
    return status, capsys.readouterr().out.splitlines()[-1]


def test_the_last_line_adds_up(checks, monkeypatch, capsys):
    def some(stage, counts):
        counts.passed += 2

    def more(stage, counts):
        counts.passed += 3
        counts.skipped += 1

    assert run_stages(checks, monkeypatch, capsys, {"a": (some, 9), "b": (more, 9)}) == \
        (0, "5 passed, 0 failed, 1 skipped")


def test_lint_that_says_nothing_is_a_failure(checks, monkeypatch, capsys):
    def meson(stage, build, suite, counts):
        counts.passed += 1

    monkeypatch.setattr(checks.Stage, "build", lambda *_: "build")
    monkeypatch.setattr(checks.Stage, "meson", meson)
    monkeypatch.setattr(checks.Stage, "run", lambda *_: 0)
    assert run_stages(checks, monkeypatch, capsys, {"lint": (checks.lint, 9)}) == \
        (1, "1 passed, 1 failed, 0 skipped")


def test_a_stage_that_cannot_run_is_a_failure(checks, monkeypatch, capsys):
    def passes(stage, counts):
        counts.passed += 1

    def breaks(stage, counts):
        stage.must(["sh", "-c", "exit 3"])

    def absent(stage, counts):
        stage.must(["no-such-program"])

    def empty(stage, counts):
        pass

    def hangs(stage, counts):
        stage.run(["sleep", "100"])

    stages = {"passes": (passes, 9), "breaks": (breaks, 9), "absent": (absent, 9),
              "empty": (empty, 9), "hangs": (hangs, 0.3)}
    assert run_stages(checks, monkeypatch, capsys, stages) == (1, "1 passed, 4 failed, 0 skipped")


def test_help_lists_every_target():
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = text.partition(".PHONY:")[2].replace("\\\n", " ").partition("\n")[0].split()
    shown = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in phony:
        assert f"\n  {target} " in shown.stdout, target


def test_an_unknown_package_set_is_refused():
    result = subprocess.run(["tools/install-packages.sh", "nosuch"], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "no package set 'nosuch'" in result.stderr


def test_packages_that_are_there_need_no_word():
    result = subprocess.run(["tools/install-packages.sh", "build"], cwd=ROOT, text=True,
                            capture_output=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_an_alternative_is_found_in_any_language(tmp_path):
    programs = {
        "apt-cache": """
            [ "$LC_ALL" = C ] && word=Candidate || word=Installationskandidat
            [ "$2" = pkgconf ] && version="(none)" || version=1.0
            echo "  $word: $version" """,
        "dpkg-query": "exit 1",
        "id": "echo 1000",
    }
    for name, text in programs.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
        path.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LC_ALL": "de_DE.UTF-8"}
    result = subprocess.run(["tools/install-packages.sh", "build"], cwd=ROOT, env=env, text=True,
                            capture_output=True, check=False)
    assert result.returncode == 1
    assert " pkg-config " in result.stdout and "pkgconf" not in result.stdout


def test_install_puts_programs_and_samples_in_place(tmp_path):
    env = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    below = os.path.relpath(tmp_path, ROOT)
    subprocess.run(["make", "install", f"DESTDIR={below}", "PREFIX=/opt/m", "SYSCONFDIR=/etc"],
                   cwd=ROOT, env=env, check=True, capture_output=True, timeout=300)
    for name in ("masakari-api", "masakari-engine", "masakari-instancemonitor", "masakari-manage",
                 "masakari-status"):
        program = tmp_path / "opt/m/bin" / name
        shown = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        assert shown.stdout.strip().endswith("0.1.0")
    samples = sorted(path.name for path in (tmp_path / "etc").rglob("*.conf*"))
    assert "masakari.conf.sample" in samples and "masakarimonitors.conf.sample" in samples
