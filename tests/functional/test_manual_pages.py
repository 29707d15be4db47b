# SPDX-License-Identifier: Apache-2.0
"""The manual pages: one for each program and configuration file, and troff has no complaint."""
import os
import pathlib
import subprocess

import pytest

pytestmark = pytest.mark.one_thread

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build"))


@pytest.fixture(scope="module", name="pages")
def fixture_pages(tmp_path_factory):
    """The folder that they are written to."""
    folder = tmp_path_factory.mktemp("man")
    subprocess.run([ROOT / "tools/gen-man", folder], check=True, timeout=600,
                   env={**os.environ, "MSK_BUILD": str(BUILD), "MESON_BUILD_ROOT": ""})
    return folder


def test_every_program_and_file_has_one(pages):
    programs = {path.name for path in (BUILD / "src/cmd").glob("masakari-*") if path.is_file()}
    assert len(programs) >= 4
    assert {path.name for path in pages.glob("*/*")} == {
        *(f"{name}.8" for name in programs), "masakari-manage-policy.8", "masakari.conf.5",
        "masakarimonitors.conf.5"}


def test_troff_takes_them(pages):
    for page in sorted(pages.glob("*/*")):
        done = subprocess.run(
            ["groff", "-man", "-ww", "-Tutf8", "-K", "utf8", "-rLL=200n", "-P-cbou", page],
            capture_output=True, text=True, timeout=120, check=True)
        assert done.stderr == "", done.stderr
        assert "NAME\n" in done.stdout and "DESCRIPTION\n" in done.stdout, page


def test_they_say_what_the_programs_say(pages):
    api = (pages / "man8/masakari-api.8").read_text(encoding="utf-8")
    assert "\\-\\-config\\-file=PATH" in api and ".SH EXIT STATUS" in api
    assert "policy sample" in (pages / "man8/masakari-manage-policy.8").read_text(encoding="utf-8")
    options = (pages / "man5/masakari.conf.5").read_text(encoding="utf-8")
    assert ".SH [DEFAULT]" in options and ".B duplicate_notification_detection_interval" in options
