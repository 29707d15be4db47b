# SPDX-License-Identifier: Apache-2.0
"""`make demo` passes, fails loudly when something does not work, and never leaves anything."""
import ctypes
import glob
import importlib
import os
import pathlib
import re
import signal
import subprocess
import sys

import pytest

from kit.host import BUILD, ROOT, wait_until

# One after the other: they share the build's demo directory, and each looks for what is left.
pytestmark = [pytest.mark.plain_build, pytest.mark.xdist_group("demo")]
HOST_MOUNT = re.compile(r"/(run|etc|var|tmp|dev/shm|proc|sys)(/|$)|.*/msk-demo-")
OTHER_TEST = re.compile(r"/tmp/(msk-(?!demo-)|pytest-)")
PR_SET_CHILD_SUBREAPER = 36
PROGRAMS = ("masakari-api", "masakari-engine", "masakari-instancemonitor", "masakari-manage")


def mounts():
    """The mounts of this machine where a host puts its own; other programs may mount elsewhere."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    found = [line.split(" ", 6)[4] for line in lines]
    return sorted(point for point in found
                  if HOST_MOUNT.match(point) and not OTHER_TEST.match(point))


def children():
    """The children of this process that still run."""
    found = []
    for task in os.listdir("/proc/self/task"):
        text = pathlib.Path(f"/proc/self/task/{task}/children").read_text(encoding="ascii")
        found += map(int, text.split())
    return found


def reap(known):
    """Takes the dead among the adopted; returns those that live."""
    living = []
    for pid in set(children()) - known:
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            living.append(pid)
    return living


@pytest.fixture
def nothing_left():
    """Adopts whatever the demo leaves behind, and fails if that is anything."""
    libc = ctypes.CDLL(None)
    assert libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
    known, before, directories = set(children()), mounts(), set(glob.glob("/tmp/msk-demo-*"))
    yield
    wait_until(lambda: not reap(known), what="the end of every process of the demo")
    libc.prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)
    assert mounts() == before
    assert set(glob.glob("/tmp/msk-demo-*")) <= directories


def demo(build=BUILD, **kwargs):
    """Starts the demo as the Makefile does."""
    env = {**os.environ, "MSK_BUILD": str(build), "PYTHONPATH": str(ROOT / "tests"),
           "PYTHONIOENCODING": "utf-8"}
    return subprocess.Popen([sys.executable, str(ROOT / "demo" / "demo.py")], env=env, cwd=ROOT,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            encoding="utf-8", **kwargs)


def test_the_demo_passes(nothing_left):
    process = demo()
    output, _ = process.communicate(timeout=500)  # a quiet machine with two cores needs 30 s
    print(output)
    assert process.returncode == 0
    assert "PASSED in" in output
    assert output.count("✓") >= 11 and "✗" not in output
    for moment in ("killed", "seen", "accepted", "claimed", "started", "guest alive"):
        assert output.count(f"\n  {moment} ") == 3, moment
    assert "\033" not in output
    assert max(map(len, output.splitlines()[:-1])) <= 80


def broken_build(directory, broken):
    """A build directory with links to the real programs, but one of them ends at once."""
    for name in ("src/cmd", "tests/kit", "demo"):
        (directory / name).mkdir(parents=True)
    targets = [f"src/cmd/{name}" for name in PROGRAMS] + ["tests/kit/hostns"]
    (directory / "build.ninja").write_text(f"build {' '.join(targets)}: phony\n", encoding="ascii")
    (directory / "tests/kit/hostns").symlink_to(BUILD / "tests/kit/hostns")
    if (BUILD / "demo" / "cache").exists():
        (directory / "demo/cache").symlink_to(BUILD / "demo" / "cache")
    for name in PROGRAMS:
        if name == broken:
            (directory / "src/cmd" / name).write_text("#!/bin/sh\necho out of order\nexit 70\n")
            (directory / "src/cmd" / name).chmod(0o755)
        else:
            (directory / "src/cmd" / name).symlink_to(BUILD / "src/cmd" / name)
    return directory


@pytest.mark.parametrize("broken", ["masakari-manage", "masakari-engine"])
def test_a_failure_is_loud_and_leaves_nothing(tmp_path, nothing_left, broken):
    process = demo(broken_build(tmp_path / "build", broken))
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "The demo failed" in output
    assert broken in output and "out of order" in output and "status 70" in output
    assert str(tmp_path / "build/demo/logs") in output


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_demo_cut_short_leaves_nothing(nothing_left, number):
    process = demo()
    for line in process.stdout:
        if line.startswith("Act 1"):
            break
    process.send_signal(number)
    process.stdout.read()
    process.stdout.close()
    assert process.wait(timeout=60) in (-number, 128 + number)


def apt_stub(tmp_path, monkeypatch, answers):
    """Stands in for apt and dpkg: a download works once the lists are fresh."""
    programs = {
        "apt-cache": 'echo "  Depends: linux-image-6"',
        "apt-get": f'case "$*" in *update) {answers}; touch {tmp_path}/fresh ;;'
                   f' *) [ -e {tmp_path}/fresh ] && echo deb >x.deb ;; esac',
        "dpkg": 'mkdir -p unpacked/boot && echo kernel >unpacked/boot/vmlinuz-6',
    }
    for name, text in programs.items():
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n", encoding="ascii")
        path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")


@pytest.fixture
def guest_image(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "demo")
    return importlib.import_module("guest_image")


@pytest.mark.parametrize("installed, network, kernel", [
    (None, True, "kernel\n"), ("installed", True, "installed"), ("installed", False, "installed"),
    (None, False, None),
])
def test_where_the_kernel_comes_from(guest_image, tmp_path, monkeypatch, installed, network,
                                     kernel):
    apt_stub(tmp_path, monkeypatch, "true" if network else "exit 100")
    path = tmp_path / "vmlinuz-installed"
    path.write_text(installed or "", encoding="ascii")
    monkeypatch.setattr(guest_image, "_installed_kernel", lambda: path if installed else None)
    cache = tmp_path / "cache"
    if kernel is None:
        with pytest.raises(guest_image.ImageError):
            guest_image.prepare(cache, print)
        assert os.listdir(cache) == []
    else:
        made, _ = guest_image.prepare(cache, print)
        assert made.read_text(encoding="ascii") == kernel
        assert sorted(os.listdir(cache)) == ["initramfs.gz", "vmlinuz"]
