# SPDX-License-Identifier: Apache-2.0
"""`make demo`: a real virtual machine is killed three times, and comes back three times.

Everything runs on a throw-away host (tests/kit/host.py): libvirtd, masakari-api, masakari-engine,
masakari-instancemonitor and the guest. Exit status: 0 when every check of the verdict holds, 1
otherwise. MSK_BUILD names the build directory (default: build), DEMO_ACCEL=kvm|qemu settles how
the guest runs (default: KVM where it runs Linux, else QEMU's own emulation).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

import acts
import guest_image
from kit.host import BUILD, ROOT, Host, KitError, tail
from kit.services import Services
from screen import Screen

LOGS = BUILD / "demo" / "logs"
CACHE = BUILD / "demo" / "cache"

TARGETS = [*(f"src/cmd/masakari-{name}" for name in ("api", "engine", "instancemonitor", "manage")),
           "tests/kit/hostns"]


class DemoError(Exception):
    """A step that did not work; the message says what to do."""


def build(screen):
    """Builds the programs, with ninja's own count as progress."""
    log = BUILD / "demo" / "build.log"
    log.parent.mkdir(parents=True, exist_ok=True)

    def done():
        counts = re.findall(r"\[(\d+/\d+)\]", tail(log, 3))
        return counts[-1] if counts else ""

    with screen.step("building with meson and ninja", done), open(log, "wb") as output:
        commands = [["ninja", "-C", str(BUILD), *TARGETS]]
        if not (BUILD / "build.ninja").exists():
            commands.insert(0, ["meson", "setup", str(BUILD), str(ROOT)])
        for command in commands:
            status = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                                    stderr=output, check=False).returncode
            if status != 0:
                raise DemoError(f"'{' '.join(command)}' ended with status {status};"
                                f" {log} ends:\n{tail(log)}")


def image(screen):
    """Makes the guest's kernel and initramfs; returns both and how the guest runs."""
    with screen.step("the guest: Debian's kernel and a busybox initramfs"):
        kernel, initramfs = guest_image.prepare(CACHE, screen.note)
    accel = os.environ.get("DEMO_ACCEL")
    if accel not in ("kvm", "qemu"):
        with screen.step("trying KVM; QEMU's own emulation does as well"):
            accel = "kvm" if guest_image.kvm_boots(kernel, initramfs, CACHE) else "qemu"
    return kernel, initramfs, accel


def keep_logs(directory):
    """Copies the logs out of the host's directory before that is removed."""
    LOGS.mkdir(parents=True)
    for pattern in ("log/*.log", "*.conf", "serial.log"):
        for path in directory.glob(pattern):
            shutil.copy(path, LOGS)


def show_logs(screen):
    """The last lines of every log, for a failure."""
    if not LOGS.exists():
        return
    for path in sorted(LOGS.glob("masakari-*.log")):
        text = tail(path, 8)
        if text:
            screen.line(f"--- {path.name}")
            screen.line(text)
    screen.line(f"All logs and the configuration are in {LOGS}")


def play(screen):
    """The whole demo; returns whether every check held."""
    if os.geteuid() != 0:
        raise DemoError("this needs root, to make namespaces and run libvirtd: sudo make demo")
    screen.title("Preparing")
    build(screen)
    kernel, initramfs, accel = image(screen)
    host = Host("demo", binds=[CACHE])
    with host, Services(host.dir, host=host) as services:
        try:
            services.options["DEFAULT"]["debug"] = "false"
            services.monitor_options["DEFAULT"]["debug"] = "false"
            stage = acts.Stage(screen, host, services)
            stage.set_up(kernel, initramfs, accel)
            verdict = acts.play(stage)
            verdict.append(acts.stop_services(stage))
            pids = list(host.pids())
        finally:
            keep_logs(host.dir)
    left = [pid for pid in pids if os.path.exists(f"/proc/{pid}")]
    verdict.append((not left and not host.dir.exists(),
                    "nothing is left running, and no file outside of the build directory"))
    screen.title("Verdict")
    for passed, text in verdict:
        screen.check(passed, text)
    return all(passed for passed, _ in verdict)


def main():
    """Runs the demo and tells how it went."""
    screen = Screen()
    started = time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    shutil.rmtree(LOGS, ignore_errors=True)
    try:
        passed = play(screen)
    except KeyboardInterrupt:
        screen.line("\ninterrupted; the host and all that ran on it is gone")
        return 130
    except (DemoError, KitError, guest_image.ImageError, OSError) as error:
        screen.title(screen.paint("red", "The demo failed"))
        screen.line(str(error))
        show_logs(screen)
        return 1
    screen.line()
    if not passed:
        show_logs(screen)
    word = screen.paint("green", "PASSED") if passed else screen.paint("red", "FAILED")
    screen.line(f"{word} in {time.monotonic() - started:.0f} s."
                f" Logs and configuration: {os.path.relpath(LOGS)}")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
