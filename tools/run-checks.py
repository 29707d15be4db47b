#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the stages of `make check`, shows how far they are, and adds their results up.

    run-checks.py all | STAGE...      the stages are listed by --list

Each stage builds what it needs and writes build/logs/<stage>.log. A test is one TAP subtest of
a meson test, one pytest case, or one lint check; a stage that cannot run counts as one failure.
The last line is "N passed, N failed, N skipped", and the exit status is 1 when one failed.
"""
import argparse
import concurrent.futures as futures
import dataclasses
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parents[1]
LOGS = ROOT / "build" / "logs"
TERMINAL = sys.stdout.isatty()

SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
    # GLib itself is not built for it; tools/tsan/glib_order.c tells what its locks order.
    "TSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:second_deadlock_stack=1:"
                    "ignore_noninstrumented_modules=1:atexit_sleep_ms=0",
    # GLib 2.74 hands blocks from thread to thread; malloc() does so where sanitizers see it.
    "G_SLICE": "always-malloc",
}

# Most tests wait for programs that wait; each has directories, ports and a host of its own.
WORKERS = 4
CASE_LIMIT_S = 600
# So do stages: while one builds, the other waits.
SIDE_BY_SIDE = 2


@dataclasses.dataclass
class Counts:
    """Results of a stage, and what failed, by name."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    failures: list = dataclasses.field(default_factory=list)

    def add(self, other):
        """Adds another stage's results."""
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.failures += other.failures

    def fail(self, name):
        """One more failure."""
        self.failed += 1
        self.failures.append(name)


class StageError(Exception):
    """A stage that could not run to its end."""


class Stage:
    """What a running stage needs: its log, its clock, and commands with a time limit."""

    _lock = threading.Lock()
    _trees = {}
    _running = []
    _shown = 0.0
    stopping = threading.Event()

    def __init__(self, name, limit_s):
        self.name = name
        self.log_path = LOGS / f"{name}.log"
        self.started = time.monotonic()
        self.deadline = self.started + limit_s
        self.limit_s = limit_s
        with Stage._lock:
            Stage._running.append(self)

    def elapsed(self):
        """Seconds since it began."""
        return time.monotonic() - self.started

    @classmethod
    def progress(cls):
        """What runs now: one line, rewritten in place on a terminal, else every 30 s."""
        with cls._lock:
            if not cls._running or time.monotonic() - cls._shown < (1 if TERMINAL else 30):
                return
            cls._shown = time.monotonic()
            text = ", ".join(f"{stage.name} ({stage.elapsed():.0f} s)" for stage in cls._running)
            if TERMINAL:
                width = shutil.get_terminal_size().columns - 1
                print(f"\r\033[K{f'running: {text}'[:width]}", end="", flush=True)
            else:
                print(f"running: {text}", flush=True)

    def end(self, lines):
        """Its result, and what failed in it; `lines` follow the first one."""
        with Stage._lock:
            Stage._running.remove(self)
            lines[0] = f"{self.name:<14} {lines[0]}  ({self.elapsed():.0f} s)"
            print(("\r\033[K" if TERMINAL else "") + "\n".join(lines), flush=True)

    def run(self, argv, env=None):
        """Runs a command into the log; returns its exit status."""
        with open(self.log_path, "ab") as log:
            log.write(f"\n$ {' '.join(map(str, argv))}\n".encode())
            log.flush()
            process = subprocess.Popen(list(map(str, argv)), cwd=ROOT, stdin=subprocess.DEVNULL,
                                       stdout=log, stderr=log, env={**os.environ, **(env or {})},
                                       start_new_session=True)
        try:
            while process.poll() is None:
                if time.monotonic() > self.deadline:
                    raise StageError(f"still running after {self.limit_s:.0f} s, stopped")
                if Stage.stopping.is_set():
                    raise StageError("interrupted")
                self.progress()
                try:
                    process.wait(timeout=0.2)
                except subprocess.TimeoutExpired:
                    pass
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        return process.returncode

    def must(self, argv, env=None):
        """Runs a command that has to succeed for the stage to mean anything."""
        status = self.run(argv, env)
        if status != 0:
            raise StageError(f"'{' '.join(map(str, argv[:3]))}' ended with status {status}")

    # -- the ways a stage gets its results

    def build(self, directory, options=(), env=None):
        """Configures a build tree if needed, and builds it; one stage at a time does."""
        path = ROOT / directory
        with Stage._lock:
            tree = Stage._trees.setdefault(directory, threading.Lock())
        with tree:
            self._build(path, options, env)
        return path

    def _build(self, path, options, env):
        if not (path / "build.ninja").exists():
            self.must(["meson", "setup", path, *options], env)
        self.must(["ninja", "-C", path], env)

    def meson(self, build, suite, counts, env=None, scale=1):
        """Runs a suite of meson tests and counts their TAP subtests."""
        result = build / "meson-logs" / f"{self.name}.json"
        result.unlink(missing_ok=True)
        status = self.run(["meson", "test", "-C", build, "--no-rebuild", "--suite", suite,
                           "--print-errorlogs", "--timeout-multiplier", scale,
                           "--logbase", self.name], env)
        if not result.exists():
            raise StageError(f"meson test ended with status {status} and no results")
        with open(result, encoding="utf-8") as lines:
            for line in lines:
                count_meson_test(json.loads(line), counts)
        if status != 0 and counts.failed == 0:
            counts.fail(f"meson test ended with status {status}")

    def pytest(self, build, paths, counts, env=None):
        """Runs pytest and counts its cases."""
        report = LOGS / f"{self.name}.{counts.passed}.xml"
        report.unlink(missing_ok=True)
        status = self.run([sys.executable, "-m", "pytest", "-v", "-rs", "-p", "no:cacheprovider",
                           "-n", WORKERS, "--dist", "loadgroup", "--timeout", CASE_LIMIT_S,
                           "--durations", "20",
                           f"--junitxml={report}", *paths],
                          {"MSK_BUILD": str(build), "PYTHONUNBUFFERED": "1", **(env or {})})
        if not report.exists():
            raise StageError(f"pytest ended with status {status} and no results")
        for case in ElementTree.parse(report).getroot().iter("testcase"):
            count_pytest_case(case, counts)
        if status != 0 and counts.failed == 0:
            counts.fail(f"pytest ended with status {status}")


def count_meson_test(test, counts):
    """Adds the TAP subtests of one line of meson's testlog.json."""
    seen_failure = False
    before = counts.passed + counts.skipped
    for line in (test.get("stdout") or "").splitlines():
        match = re.match(r"\s*(not ok|ok) \d+(.*)", line)
        if match is None:
            continue
        if "# SKIP" in match[2]:
            counts.skipped += 1
        elif match[1] == "ok":
            counts.passed += 1
        else:
            seen_failure = True
            counts.fail(f"{test['name']}: {match[2].strip(' -')}")
    if test["result"] == "SKIP":
        counts.skipped += counts.passed + counts.skipped == before
    elif test["result"] not in ("OK", "EXPECTEDFAIL") and not seen_failure:
        counts.fail(f"{test['name']}: {test['result'].lower()}")
    elif not seen_failure and counts.passed + counts.skipped == before:
        counts.fail(f"{test['name']}: no subtest ran")


def count_pytest_case(case, counts):
    """Adds one <testcase> of a junit file."""
    name = f"{case.get('classname', '')}::{case.get('name', '')}"
    tags = {child.tag for child in case}
    if tags & {"failure", "error"}:
        counts.fail(name)
    elif "skipped" in tags:
        counts.skipped += 1
    else:
        counts.passed += 1


# -- the stages

def unit(stage, counts):
    """unit tests, GCC, and the model of claim, lease and takeover"""
    build = stage.build("build")
    stage.meson(build, "unit", counts)
    stage.meson(build, "formal", counts)


def build_asan(stage):
    """The build by clang: its warnings are errors too, and its UBSan sees more than GCC's."""
    return stage.build("build-asan", ["-Db_sanitize=address,undefined", "-Db_lundef=false"],
                       {"CC": "clang"})


def build_tsan(stage):
    """The build for ThreadSanitizer, by GCC."""
    return stage.build("build-tsan", ["-Db_sanitize=thread"])


def fuzz(stage, counts):
    """every file of the fuzz corpora, under ASan and UBSan"""
    stage.meson(build_asan(stage), "fuzz", counts, SANITIZER_ENV, scale=5)


def contract(stage, counts):
    """recorded REST calls"""
    stage.pytest(stage.build("build"), ["tests/contract"], counts)


def functional(stage, counts):
    """the real programs"""
    stage.pytest(stage.build("build"), ["tests/functional"], counts)


def cloud(stage, counts):
    """real MariaDB, RabbitMQ, Keystone, Nova, and Debian's Python services"""
    stage.pytest(stage.build("build"), ["tests/cloud"], counts)


def sanitized(stage, counts, build, marked):
    """Unit, contract and functional tests of one sanitizer build."""
    stage.meson(build, "unit", counts, SANITIZER_ENV, scale=5)
    stage.pytest(build, ["-m", marked, "tests/contract", "tests/functional"], counts,
                 SANITIZER_ENV)


def asan(stage, counts):
    """unit and functional tests under ASan and UBSan, built by clang"""
    sanitized(stage, counts, build_asan(stage), "not plain_build")


def tsan(stage, counts):
    """unit tests and functional tests of what has threads, under TSan"""
    sanitized(stage, counts, build_tsan(stage), "not plain_build and not one_thread")


def lint(stage, counts):
    """style, layers, complexity, static analysis"""
    build = stage.build("build")
    stage.meson(build, "lint", counts)
    status = stage.run(["tools/lint/run", "--build", build])
    text = stage.log_path.read_text(encoding="utf-8", errors="replace")
    verdicts = re.findall(r"^(ok|FAILED|skipped) +(\S+) +[\d.]+ s$", text, re.MULTILINE)
    for verdict, name in verdicts:
        if verdict == "ok":
            counts.passed += 1
        elif verdict == "skipped":
            counts.skipped += 1
        else:
            counts.fail(name)
    if not verdicts:
        raise StageError(f"tools/lint/run ended with status {status} and no results")
    if status != 0 and counts.failed == 0:
        counts.fail(f"tools/lint/run ended with status {status}")


# In the order they begin, each with the seconds it may take.
STAGES = {
    # The longest, and one case at a time: the others run beside it.
    "cloud": (cloud, 3600),
    "unit": (unit, 900),
    "contract": (contract, 900),
    "functional": (functional, 2400),
    "lint": (lint, 1800),
    "asan": (asan, 3000),
    "tsan": (tsan, 3000),
    "fuzz": (fuzz, 1200),
}


def run_stage(name):
    """Runs one stage; whatever goes wrong is a failure with a name."""
    function, limit_s = STAGES[name]
    stage = Stage(name, limit_s)
    stage.log_path.write_bytes(b"")
    counts = Counts()
    try:
        function(stage, counts)
        if counts.passed + counts.failed + counts.skipped == 0:
            raise StageError("it has no tests")
    except (StageError, OSError, ValueError, ElementTree.ParseError) as error:
        counts.fail(f"the stage could not run: {error}")
    lines = [f"{counts.passed:5} passed {counts.failed:4} failed {counts.skipped:4} skipped"]
    lines += [f"    FAILED {failure}" for failure in counts.failures]
    if counts.failures:
        log = stage.log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        lines.append(f"    log: {stage.log_path.relative_to(ROOT)}, which ends:")
        lines += [f"    | {line}" for line in log[-20:]]
    stage.end(lines)
    return counts


def main():
    """Runs the wanted stages."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("stage", nargs="*", help=f"all, or some of: {', '.join(STAGES)}")
    parser.add_argument("--list", action="store_true", help="list the stages")
    options = parser.parse_args()
    if options.list:
        for name, (function, limit_s) in STAGES.items():
            print(f"{name:<14} {function.__doc__.splitlines()[0]} (at most {limit_s} s)")
        return 0
    names = list(STAGES) if options.stage in ([], ["all"]) else options.stage
    unknown = [name for name in names if name not in STAGES]
    if unknown:
        parser.error(f"no stage '{unknown[0]}'; the stages are: {', '.join(STAGES)}")
    LOGS.mkdir(parents=True, exist_ok=True)
    total = Counts()
    try:
        with futures.ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
            try:
                for counts in pool.map(run_stage, names):
                    total.add(counts)
            except BaseException:
                Stage.stopping.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    except KeyboardInterrupt:
        print("\ninterrupted")
        return 130
    print(f"{total.passed} passed, {total.failed} failed, {total.skipped} skipped")
    return 1 if total.failed else 0


if __name__ == "__main__":
    # A shell's background job ignores SIGINT, and so would the programs whose end by it is tested.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    sys.exit(main())
