# SPDX-License-Identifier: Apache-2.0
"""The demo's guest: Debian's own kernel and an initramfs with nothing but busybox.

The kernel package is downloaded and unpacked, not installed; a second run uses what the first
one left in the cache directory. A guest of this image writes to its serial console, five times
a second, "guest alive, boot 1b9d6bcd, up 2.31 s".
"""
import gzip
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile
import time

KERNEL_PACKAGE = "linux-image-cloud-amd64"
BUSYBOX = "/bin/busybox"
ALIVE = re.compile(r"^guest alive, boot ([0-9a-f]{8}), up ([0-9.]+) s\s*$", re.MULTILINE)

INIT = """\
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
read -r boot </proc/sys/kernel/random/boot_id
while :; do
    read -r up idle </proc/uptime
    echo "guest alive, boot ${boot%%-*}, up $up s" >/dev/ttyS0
    /bin/busybox sleep 0.2
done
"""


class ImageError(Exception):
    """The image cannot be made; the message says why and what helps."""


def _cpio_entry(number, name, mode, data=b"", device=(0, 0)):
    """One entry of a "newc" archive: an ASCII header, the name and the data, padded to 4 bytes."""
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0]
    entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    entry += b"\0" * (-len(entry) % 4)
    return entry + data + b"\0" * (-len(data) % 4)


def write_initramfs(path):
    """Writes the initramfs: busybox, /init, a console and the mount points."""
    if not os.access(BUSYBOX, os.X_OK):
        raise ImageError(f"{BUSYBOX} is missing: install the package busybox-static")
    directory, program = stat.S_IFDIR | 0o755, stat.S_IFREG | 0o755
    entries = [(name, directory, b"", (0, 0)) for name in ("bin", "dev", "proc")]
    entries += [("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)),
                ("bin/busybox", program, pathlib.Path(BUSYBOX).read_bytes(), (0, 0)),
                ("init", program, INIT.encode(), (0, 0)),
                ("TRAILER!!!", 0, b"", (0, 0))]
    archive = b"".join(_cpio_entry(number, *entry) for number, entry in enumerate(entries, 1))
    path.write_bytes(gzip.compress(archive, 1))


def _run(argv, cwd):
    result = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, check=False,
                            env={**os.environ, "LC_ALL": "C"})
    if result.returncode != 0:
        raise ImageError(f"'{' '.join(argv)}' failed:\n{result.stdout}{result.stderr}".rstrip())
    return result.stdout


def _put(source, target):
    """A copy that is there in full or not at all."""
    part = target.with_suffix(".part")
    shutil.copyfile(source, part)
    part.rename(target)


def _one(directory, pattern):
    found = next(pathlib.Path(directory).glob(pattern), None)
    if found is None:
        raise ImageError(f"the kernel package has no {pattern}")
    return found


def _download_kernel(target):
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        depends = _run(["apt-cache", "depends", KERNEL_PACKAGE], scratch)
        package = re.search(r"Depends: (linux-image-\S+)", depends)
        if package is None:
            raise ImageError(f"apt knows no package {KERNEL_PACKAGE}: run 'apt-get update'")
        _run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download", package[1]], scratch)
        _run(["dpkg", "-x", str(_one(scratch, "*.deb")), "unpacked"], scratch)
        _put(_one(scratch, "unpacked/boot/vmlinuz-*"), target)


def _installed_kernel():
    found = sorted(pathlib.Path("/boot").glob("vmlinuz-*-amd64"))
    return found[-1] if found else None


def prepare(cache, say):
    """Makes the image in the directory cache unless it is there already; say(text) tells what
    takes time. Returns the paths of kernel and initramfs."""
    cache.mkdir(parents=True, exist_ok=True)
    kernel, initramfs = cache / "vmlinuz", cache / "initramfs.gz"
    if os.uname().machine != "x86_64":
        raise ImageError(f"the demo's guest is an amd64 one, this machine is {os.uname().machine}")
    if not kernel.exists():
        say(f"downloading Debian's kernel package for {KERNEL_PACKAGE}")
        try:
            _download_kernel(kernel)
        except ImageError as error:
            installed = _installed_kernel()
            if installed is not None:
                say(f"no download ({str(error).splitlines()[-1]}); using {installed}")
                _put(installed, kernel)
            else:
                say("no download: once more with fresh package lists")
                _run(["apt-get", "-q", "update"], cache)
                _download_kernel(kernel)
    write_initramfs(initramfs)
    return kernel, initramfs


def kvm_boots(kernel, initramfs, cache, timeout_s=5.0):
    """Whether this machine's KVM runs a Linux guest; some nested ones do not. The answer is
    kept in the cache directory for this kernel of the machine."""
    answer = cache / f"kvm-{os.uname().release}"
    if answer.exists():
        return answer.read_text(encoding="ascii").strip() == "yes"
    boots = os.access("/dev/kvm", os.R_OK | os.W_OK) and _try_kvm(kernel, initramfs, timeout_s)
    answer.write_text("yes\n" if boots else "no\n", encoding="ascii")
    return boots


def _try_kvm(kernel, initramfs, timeout_s):
    process = subprocess.Popen(
        ["qemu-system-x86_64", "-machine", "pc,accel=kvm", "-m", "128", "-nodefaults", "-display",
         "none", "-serial", "stdio", "-no-reboot", "-kernel", str(kernel), "-initrd",
         str(initramfs), "-append", "console=ttyS0 quiet panic=-1"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    os.set_blocking(process.stdout.fileno(), False)
    deadline, seen = time.monotonic() + timeout_s, b""
    try:
        while time.monotonic() < deadline and process.poll() is None:
            seen += process.stdout.read() or b""
            if ALIVE.search(seen.decode(errors="replace")):
                return True
            time.sleep(0.02)
        return False
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
