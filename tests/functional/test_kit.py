# SPDX-License-Identifier: Apache-2.0
"""The test kit itself: hosts are private, guests run, and nothing is ever left behind."""
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

import pytest

from kit import guest
from kit.host import ROOT, Host, KitError, wait_until

pytestmark = pytest.mark.one_thread


def test_a_host_is_private(host):
    assert host.run(["hostname"]).stdout == "h1\n"
    assert host.run(["cat", "/proc/net/dev"]).stdout.count(":") == 1
    for directory in ("/etc", "/var", "/run", "/tmp", "/dev/shm"):
        mark = f"{directory}/msk-private-{os.getpid()}"
        host.run(["touch", mark])
        assert host.path(mark).exists()
        assert not pathlib.Path(mark).exists()


def test_its_directory_is_shared(host):
    host.run(["sh", "-c", f"echo inside > {host.dir}/mark"])
    assert (host.dir / "mark").read_text() == "inside\n"


def test_paths_and_arguments_may_have_any_letters(tmp_path):
    shared = tmp_path / "größe"
    shared.mkdir()
    with Host("h1", binds=[shared]) as host:
        assert host.run(["ls", str(tmp_path)]).stdout == "größe\n"


def test_words_are_english_and_no_proxy_is_asked(host, monkeypatch):
    for name, value in (("LC_ALL", "de_DE.UTF-8"), ("http_proxy", "http://127.0.0.1:9")):
        monkeypatch.setenv(name, value)
    command = ["sh", "-c", 'echo "$LC_ALL $no_proxy"']
    process = host.spawn(command, name="words")
    process.popen.wait(timeout=60)
    assert process.log.read_text() == host.run(command).stdout == "C *\n"


def test_a_failed_command_says_why(host):
    with pytest.raises(KitError, match="status 3"):
        host.run(["sh", "-c", "exit 3"])


def test_a_spawned_program_is_reached_by_its_pid(host):
    process = host.spawn(["sleep", "1000"])
    assert "sleep" in pathlib.Path(f"/proc/{process.pid}/cmdline").read_text()
    process.signal(signal.SIGUSR1)
    assert process.popen.wait(timeout=60) == -signal.SIGUSR1


def test_a_guest_runs_and_can_be_killed(host):
    host.libvirtd()
    host.start_guest(guest.firmware("fw"))
    assert host.virsh("domstate", "fw") == "running"
    host.kill_guest("fw")
    wait_until(lambda: host.virsh("domstate", "fw") == "shut off",
               what="libvirt to see that the guest is off")
    assert host.qemu_pid("fw") is None


def test_libvirtd_outlived_by_a_guest_finds_it_again(host):
    daemon = host.libvirtd()
    host.start_guest(guest.firmware("fw"))
    before = host.qemu_pid("fw")
    daemon.kill()
    host.libvirtd()
    assert host.virsh("domstate", "fw") == "running"
    assert host.qemu_pid("fw") == before


def test_a_crash_takes_everything_with_it():
    with Host("h2") as host:
        process = host.spawn(["sleep", "1000"])
        host.crash()
        assert not process.alive()
        assert host.pids() == {}
    assert not host.dir.exists()


OWNER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from kit.host import Host
host = Host("h3").up()
process = host.spawn(["sh", "-c", "sleep 1000 & exec sleep 1001"])
print(host.init_pid, process.pid, host.dir, flush=True)
time.sleep(1000)
"""


def test_a_program_that_does_not_exist_is_an_error(host):
    with pytest.raises(KitError, match="cannot execute nosuch"):
        host.spawn(["nosuch"])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_nothing_is_left_when_the_owner_dies(number):
    owner = subprocess.Popen([sys.executable, "-c", textwrap.dedent(OWNER), str(ROOT / "tests")],
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    init_pid, pid, directory = owner.stdout.readline().split()
    namespace = os.readlink(f"/proc/{init_pid}/ns/net")
    owner.send_signal(number)
    owner.wait(timeout=60)
    owner.stdout.close()
    wait_until(lambda: not os.path.exists(f"/proc/{init_pid}"), what="the end of pid 1")
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the program")
    wait_until(lambda: not os.path.exists(directory), what="the removal of the directory")
    assert namespace not in subprocess.run(["lsns", "-n", "-o", "NS,TYPE"], capture_output=True,
                                           text=True, check=True).stdout
