# SPDX-License-Identifier: Apache-2.0
"""Fence agents that really turn something off.

    agents = Agents(directory)                   # agents.dir is [fencing] agents_dir
    with Machine() as machine:                   # a process that stands for a host
        agents.device(machine)                   # the options of a device that ends it
        agents.order("refuse")                   # from now on "off" is refused
        agents.runs()                            # what each run was given

fence_kit takes its options on standard input and ends as the interface of fence agents says. It
turns off a process, or a compute host of nova_computes.py. fence_dummy is Debian's own.
"""
import json
import pathlib
import subprocess

SECRET = "geheim-17"
AGENT = r'''#!/usr/bin/python3 -I
import json, os, pathlib, signal, socket, sys, time

HERE = pathlib.Path(sys.argv[0]).resolve().parent
given = sys.stdin.read()
options = dict(line.split("=", 1) for line in given.splitlines())
verb = options["action"]
with (HERE / "runs").open("a") as log:
    log.write(json.dumps({"verb": verb, "argv": sys.argv, "environ": dict(os.environ),
                          "input": given}) + "\n")


def told(order):
    return (HERE / order).exists()


def ask(words):
    with socket.socket(socket.AF_UNIX) as computes:
        computes.connect(options["socket"])
        computes.sendall((words + "\n").encode())
        return computes.makefile().readline().split()


def is_on():
    if "socket" in options:
        return options["plug"] in ask("list")
    try:
        state = pathlib.Path("/proc", options["plug"], "stat").read_text()
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def turn_off():
    if "socket" in options:
        ask("kill " + options["plug"])
    else:
        os.kill(int(options["plug"]), signal.SIGKILL)


if verb == "status":
    sys.exit(0 if is_on() else 2)
if verb != "off" or told("refuse"):
    sys.exit("no access with " + options.get("password", "no password"))
if not told("lie"):
    if not is_on():
        sys.exit("it is off already")
    turn_off()
(HERE / "off-done").touch()
while told("hang"):
    time.sleep(0.05)
'''


class Machine:
    """A process that stands for a host: it runs, or it does not."""

    def __init__(self):
        self.popen = subprocess.Popen(["/bin/sleep", "infinity"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.kill()
        self.popen.wait()

    def runs(self):
        """Whether it was not turned off."""
        return self.popen.poll() is None


class Agents:
    """A directory of agents: fence_kit, and fence_dummy of the package fence-agents."""

    def __init__(self, directory):
        self.dir = pathlib.Path(directory)
        self.dir.mkdir()
        (self.dir / "fence_kit").write_text(AGENT)
        (self.dir / "fence_kit").chmod(0o755)
        (self.dir / "fence_dummy").symlink_to("/usr/sbin/fence_dummy")

    @staticmethod
    def device(machine, **values):
        """A device that ends a process."""
        return {"agent": "fence_kit", "plug": str(machine.popen.pid), "password": SECRET, **values}

    def order(self, order, given=True):
        """Makes fence_kit "refuse", "lie" (say that it went well and do nothing) or "hang"."""
        if given:
            (self.dir / order).touch()
        else:
            (self.dir / order).unlink()

    def has_turned_off(self):
        """Whether an "off" of fence_kit has taken effect."""
        return (self.dir / "off-done").exists()

    def runs(self):
        """What each run of fence_kit was given, the oldest first."""
        log = self.dir / "runs"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def verbs(self):
        """The action of each run."""
        return [run["verb"] for run in self.runs()]


def write_devices(path, devices):
    """Writes {section: options of a device} as [fencing] devices_file; returns the path."""
    lines = []
    for section, options in devices.items():
        lines += [f"[{section}]", *(f"{name} = {value}" for name, value in options.items())]
    path = pathlib.Path(path)
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n")
    return path
