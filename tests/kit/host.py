# SPDX-License-Identifier: Apache-2.0
"""Throw-away hosts: namespaces of their own, a private libvirtd, and no trace afterwards.

    with Host("h1") as host:
        host.libvirtd()
        host.run(["virsh", "list"])
        engine = host.spawn(["masakari-engine", "--config-file", path])
        engine.kill()                      # SIGKILL, by its process id

A host sees the whole file system of the machine, but /etc and /var are copies in memory, /run,
/tmp, /dev/shm and libvirt's directories are empty, and the network is a loopback of its own.
What both sides see under one path: the source tree, the build tree, and `host.dir`.

A host lives as long as the process that made it: when that process ends, even by SIGKILL, every
process, mount and interface of the host goes with it. Needs root. hostns.c does the work.
"""
import os
import pathlib
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build")).resolve()

LIBVIRT_CACHE = "/var/cache/libvirt/qemu/capabilities"
CAPABILITIES = BUILD / "kit-cache" / "capabilities"

LIBVIRTD_CONF = """\
listen_tls = 0
listen_tcp = 0
auth_unix_ro = "none"
auth_unix_rw = "none"
unix_sock_group = "root"
host_uuid = "{uuid}"
"""

# The guests run as root and unconfined: the host around them is what keeps them apart.
QEMU_CONF = """\
security_driver = "none"
user = "root"
group = "root"
remember_owner = 0
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
"""


class KitError(Exception):
    """Something of the kit did not work; the message says what, and where to look."""


def tail(path, lines=15):
    """The last lines of a log file, for messages."""
    try:
        text = pathlib.Path(path).read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        return f"({error})"
    return "\n".join(text.splitlines()[-lines:])


def short_directory(name):
    """A new directory with a short name: socket paths end at 107 characters."""
    return pathlib.Path(tempfile.mkdtemp(prefix=f"msk-{name}-", dir="/tmp"))


def wait_until(condition, timeout=60, what="the condition", interval=0.01):
    """Waits until condition() is true, and returns what it returned."""
    deadline = time.monotonic() + timeout
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise KitError(f"waited {timeout:g} s in vain for {what}")
        time.sleep(interval)


class Process:
    """A program that runs on a host or on this machine; `pid` is the one seen from outside."""

    def __init__(self, name, popen, pid, log):
        self.name = name
        self.popen = popen
        self.pid = pid
        self.log = log

    def signal(self, number):
        """Sends a signal; a program that has ended is left alone."""
        if self.popen.poll() is None:
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                pass

    def hang(self):
        """SIGSTOP, and waits until it has come to all threads: on a busy machine one may go on."""
        def stopped():
            try:
                return all(stat.read_text().rpartition(") ")[2].startswith("T")
                           for stat in pathlib.Path(f"/proc/{self.pid}/task").glob("*/stat"))
            except OSError:  # a thread that ended just now
                return False

        self.signal(signal.SIGSTOP)
        wait_until(stopped, 60, f"{self.name} to be stopped")

    def kill(self):
        """SIGKILL, and waits for the end."""
        self.signal(signal.SIGKILL)
        self.popen.wait(timeout=60)

    def stop(self, timeout=60):
        """SIGTERM, waits for the end, and returns the exit status (negative: a signal)."""
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.popen.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise KitError(f"{self.name} did not stop within {timeout:g} s of SIGTERM;"
                           f" its log {self.log} ends:\n{tail(self.log)}") from None

    def alive(self):
        """Whether it still runs."""
        return self.popen.poll() is None

    def must_live(self):
        """Raises if it has ended."""
        if not self.alive():
            raise KitError(f"{self.name} ended with status {self.popen.returncode};"
                           f" its log {self.log} ends:\n{tail(self.log)}")


def environment(**values):
    """What programs get of our environment: words in English, and no proxy in between."""
    return {**os.environ, "LC_ALL": "C", "no_proxy": "*", **values}


def start(name, argv, log, env=None):
    """Starts a program on this machine (no host), in a session of its own."""
    with open(log, "ab") as output:
        popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                 env=env or environment(), start_new_session=True)
    return Process(name, popen, popen.pid, pathlib.Path(log))


class Host:
    """One throw-away host. `dir` (outside and inside the same path) is removed at the end,
    unless the caller gave one. `binds` are more directories to share."""

    def __init__(self, name="h1", dir=None, binds=()):
        self.name = name
        self.init_pid = None
        self._own_dir = dir is None
        self._binds = [ROOT, BUILD, *binds]
        self._pid_namespace = None
        self._up = None
        self._processes = []
        self.dir = None if dir is None else pathlib.Path(dir).resolve()

    def __enter__(self):
        return self.up()

    def __exit__(self, *_):
        self.close()

    # -- life

    def up(self):
        """Makes the host; returns it."""
        tool = BUILD / "tests" / "kit" / "hostns"
        if not tool.exists():
            raise KitError(f"{tool} is missing: build first, or set MSK_BUILD")
        if self.dir is None:
            self.dir = short_directory(self.name)
        for name in ("log", "libvirt"):
            (self.dir / name).mkdir(parents=True, exist_ok=True)
        argv = [str(tool), "up", "--name", self.name, "--dir", str(self.dir)]
        if self._own_dir:
            argv.append("--remove-dir")
        for path in dict.fromkeys([*self._binds, self.dir]):
            argv += ["--bind", f"{path}={path}"]
        argv += ["--bind", f"{self.dir / 'libvirt'}=/run/libvirt"]
        self._up = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                    stderr=subprocess.PIPE, start_new_session=True)
        line = self._up.stdout.readline().split()
        if len(line) != 2 or line[0] != b"ready":
            message = self._up.stderr.read().decode().strip()
            self.close()
            raise KitError(f"the host {self.name} did not start: {message}")
        self.init_pid = int(line[1])
        self._pid_namespace = os.readlink(f"/proc/{self.init_pid}/ns/pid")
        return self

    def crash(self):
        """The power cord: every process of the host dies at once. The directory stays."""
        if self.init_pid is not None:
            try:
                os.kill(self.init_pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for process in self._processes:
            process.popen.wait(timeout=60)

    def close(self):
        """Ends the host; safe to call twice."""
        if self._up is None:
            return
        self._up.stdin.close()
        try:
            self._up.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self._up.kill()
            self._up.wait(timeout=60)
        for process in self._processes:
            process.popen.wait(timeout=60)
        self._up.stdout.close()
        self._up.stderr.close()
        self._up = None
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    # -- programs

    def _argv(self, argv, cwd, status_fd=None):
        options = [] if status_fd is None else ["--status-fd", str(status_fd)]
        return [str(BUILD / "tests" / "kit" / "hostns"), "run", "--init", str(self.init_pid),
                "--cwd", str(cwd), *options, "--", *map(str, argv)]

    def run(self, argv, check=True, timeout=60, cwd="/", env=None, text=True, input=None):
        """Runs a command inside to its end; returns subprocess.CompletedProcess."""
        result = subprocess.run(self._argv(argv, cwd), capture_output=True, text=text,
                                env=env or environment(), timeout=timeout, input=input,
                                start_new_session=True, check=False)
        if check and result.returncode != 0:
            raise KitError(f"'{' '.join(map(str, argv))}' on {self.name} ended with status"
                           f" {result.returncode}:\n{result.stdout}{result.stderr}")
        return result

    def spawn(self, argv, name=None, cwd="/", env=None):
        """Starts a program inside; its output is appended to <dir>/log/<name>.log."""
        name = name or os.path.basename(str(argv[0]))
        log = self.dir / "log" / f"{name}.log"
        read_fd, write_fd = os.pipe()
        try:
            with open(log, "ab") as output:
                popen = subprocess.Popen(self._argv(argv, cwd, write_fd), stdin=subprocess.DEVNULL,
                                         stdout=output, stderr=output, pass_fds=[write_fd],
                                         env=env or environment(), start_new_session=True)
        finally:
            os.close(write_fd)
        with os.fdopen(read_fd) as pipe:
            line = pipe.readline()
        if not line:
            popen.wait(timeout=60)
            raise KitError(f"{name} did not start on {self.name}: {tail(log)}")
        process = Process(name, popen, int(line), log)
        self._processes.append(process)
        return process

    def path(self, inside):
        """The path outside of a file that has the absolute path `inside` on the host."""
        return pathlib.Path(f"/proc/{self.init_pid}/root") / str(inside).lstrip("/")

    def pids(self):
        """The processes of the host but pid 1, as seen from outside: {pid: command line}."""
        found = {}
        for entry in os.listdir("/proc"):
            try:
                if not entry.isdigit() or int(entry) == self.init_pid:
                    continue
                if os.readlink(f"/proc/{entry}/ns/pid") == self._pid_namespace:
                    cmdline = pathlib.Path(f"/proc/{entry}/cmdline").read_bytes()
                    found[int(entry)] = cmdline.replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
        return found

    # -- libvirt and its guests

    def libvirtd(self):
        """Starts (or starts again) the host's libvirtd, and waits until it answers."""
        etc = self.path("/etc/libvirt")
        uuid = pathlib.Path("/proc/sys/kernel/random/uuid").read_text(encoding="ascii").strip()
        if not (etc / "libvirtd.conf").exists():
            (etc / "libvirtd.conf").write_text(LIBVIRTD_CONF.format(uuid=uuid), encoding="ascii")
            (etc / "qemu.conf").write_text(QEMU_CONF, encoding="ascii")
            self._add_libvirt_user()
            if CAPABILITIES.exists():
                shutil.copytree(CAPABILITIES, self.path(LIBVIRT_CACHE), dirs_exist_ok=True)
        process = self.spawn(["/usr/sbin/libvirtd"], name="libvirtd")
        wait_until(lambda: process.must_live() or self._libvirt_answers(), 60,
                   f"libvirtd of {self.name} to answer")
        self._keep_capabilities()
        return process

    def _add_libvirt_user(self):
        """libvirtd wants its user to exist even when it is told to use another; the package that
        makes it brings a libvirtd of the machine's own, so it may not be there."""
        for name, line in (("passwd", "libvirt-qemu:x:64055:64055::/var/lib/libvirt:/bin/false\n"),
                           ("group", "libvirt-qemu:x:64055:\nkvm:x:64056:\n")):
            path = self.path(f"/etc/{name}")
            text = path.read_text(encoding="utf-8")
            wanted = [entry for entry in line.splitlines(keepends=True)
                      if f"\n{entry.partition(':')[0]}:" not in text]
            path.write_text(text + "".join(wanted), encoding="utf-8")

    def _keep_capabilities(self):
        """libvirt asks every QEMU what it can do, which takes over a second; it checks itself
        whether an answer is still good."""
        found = self.path(LIBVIRT_CACHE)
        if CAPABILITIES.exists() or not found.exists():
            return
        CAPABILITIES.parent.mkdir(parents=True, exist_ok=True)
        scratch = tempfile.mkdtemp(dir=CAPABILITIES.parent)
        shutil.copytree(found, scratch, dirs_exist_ok=True)
        try:
            os.rename(scratch, CAPABILITIES)
        except OSError:
            shutil.rmtree(scratch)  # another host was first

    def _libvirt_answers(self):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            try:
                probe.connect(str(self.path("/run/libvirt/libvirt-sock")))
            except OSError:
                return False
        return self.run(["virsh", "-q", "version", "--daemon"], check=False).returncode == 0

    def libvirt_uri(self):
        """The URI by which programs outside reach this host's libvirtd."""
        return f"qemu+unix:///system?socket={self.dir}/libvirt/libvirt-sock"

    def virsh(self, *args, check=True):
        """Runs virsh inside; returns what it printed, stripped."""
        return self.run(["virsh", "-q", *args], check=check).stdout.strip()

    def start_guest(self, xml):
        """Defines a guest from its XML (guest.py makes some) and starts it; returns its name."""
        file = self.dir / f"{time.monotonic_ns()}.xml"
        file.write_text(xml, encoding="utf-8")
        self.virsh("define", str(file))
        file.unlink()
        name = xml.partition("<name>")[2].partition("</name>")[0]
        self.virsh("start", name)
        return name

    def qemu_pid(self, name, timeout=0):
        """The process id (seen from outside) of the QEMU of a guest, or None when it has none."""
        def look():
            for pid, cmdline in self.pids().items():
                if cmdline.startswith("/usr/bin/qemu-system") and f"guest={name}," in cmdline:
                    return pid
            return None
        return wait_until(look, timeout, f"the QEMU of {name}") if timeout else look()

    def kill_guest(self, name):
        """SIGKILLs the QEMU of a guest and returns once it has died; returns when
        (time.time()) the signal was sent."""
        pid = self.qemu_pid(name)
        if pid is None:
            raise KitError(f"the guest {name} has no QEMU process")
        fd = os.pidfd_open(pid)
        try:
            now = time.time()
            signal.pidfd_send_signal(fd, signal.SIGKILL)
            select.select([fd], [], [], 10)
        finally:
            os.close(fd)
        return now
