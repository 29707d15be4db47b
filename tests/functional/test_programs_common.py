# SPDX-License-Identifier: Apache-2.0
"""What all programs share, driven with a program that does nothing else: arguments, files, log,
signals, exit statuses, systemd."""
import json
import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time

import pytest

pytestmark = pytest.mark.one_thread
ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("MSK_BUILD", ROOT / "build"))
PROBE = BUILD / "tests/tools/program-probe"
EX_OK, EX_USAGE, EX_NOINPUT, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 0, 64, 66, 75, 77, 78
LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} (\d+) ([A-Z]+) ([\w.]+) \[-\] (.*)")


@pytest.fixture
def home(tmp_path):
    """An environment in which no file of this machine is found."""
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("OS_") and name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    return {**kept, "HOME": str(tmp_path), "OS_MASAKARI_CONFIG_DIR": str(tmp_path)}


def write(directory, text, name="a.conf"):
    path = directory / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


class Probe:
    """The running program."""

    def __init__(self, home, *arguments):
        self.popen = subprocess.Popen([PROBE, *map(str, arguments)], env=home, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.popen.poll() is None:
            self.popen.kill()
        self.popen.communicate()

    def expect(self, *lines):
        """The next lines of what its callbacks say."""
        for line in lines:
            self.said.append(self.popen.stdout.readline().rstrip("\n"))
            assert self.said[-1] == line, self.said

    def send(self, number):
        self.popen.send_signal(number)

    def end(self, number=signal.SIGTERM):
        """Stops it; its exit status and the rest of its output."""
        if number is not None:
            self.popen.send_signal(number)
        # communicate() would lose what readline() has read ahead.
        out, err = self.popen.stdout.read(), self.popen.stderr.read()
        self.popen.wait(timeout=60)
        return self.popen.returncode, out, err


def run(home, *arguments):
    return subprocess.run([PROBE, *map(str, arguments)], env=home, capture_output=True, text=True,
                          timeout=60, check=False)


def messages(text):
    """(level, logger, message) of each line of the log."""
    parsed = [LINE.fullmatch(line) for line in text.splitlines()]
    assert all(parsed), text
    return [match.groups()[1:] for match in parsed]


def wait_for(path, text, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if path.exists() and text in path.read_text():
            return path.read_text()
        time.sleep(0.01)
    raise AssertionError(f"{text!r} is not in {path}: {path.exists() and path.read_text()!r}")


@pytest.fixture
def notify(tmp_path):
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(path))
        receiver.settimeout(10)
        yield path, receiver


# --- arguments ---------------------------------------------------------------------------------

def test_version_and_help(home):
    assert re.fullmatch(r"program-probe \d+\.\d+\.\d+\n", run(home, "--version").stdout)
    done = run(home, "--help")
    assert done.returncode == EX_OK and done.stderr == ""
    for part in ("Usage: program-probe", "--config-file", "--config-dir", "--sample-config",
                 "[probe]\n", "  greeting ", "[DEFAULT]\n", "  log_file "):
        assert part in done.stdout
    assert "python_only" not in done.stdout


@pytest.mark.parametrize("argument", ["--nothing", "-x", "rest", "--config-file", "--debug=no"])
def test_bad_arguments(home, argument):
    done = run(home, argument)
    assert done.returncode == EX_USAGE
    assert argument in done.stderr and "--help" in done.stderr and done.stdout == ""


def test_help_to_nowhere_is_a_failure(home):
    with open("/dev/full", "w", encoding="ascii") as full:
        done = subprocess.run([PROBE, "--help"], env=home, stdout=full, timeout=60, check=False)
    assert done.returncode == 74


def test_sample_config_is_a_config(home, tmp_path):
    sample = run(home, "--sample-config").stdout
    assert "\n#greeting = hello\n" in sample
    lines = [line[1:] if re.match(r"#\w+ = (?!<)", line) else line for line in sample.splitlines()]
    path = write(tmp_path, "\n".join(lines) + "\n", "sample")
    with Probe(home, "--config-file", path) as probe:
        probe.expect("started: hello")
        assert probe.end()[0] == EX_OK


# --- where the configuration comes from ---------------------------------------------------------

def test_default_files_are_found(home, tmp_path):
    write(tmp_path, "[probe]\ngreeting = project\nfixed = project\n", "masakari.conf")
    write(tmp_path, "[probe]\ngreeting = program\n", "program-probe.conf")
    with Probe(home) as probe:
        probe.expect("started: program")
    write(tmp_path, "[probe]\ngreeting = project.d\n", "masakari.conf.d/a.conf")
    with Probe(home) as probe:
        probe.expect("started: project.d")
    write(tmp_path, "[probe]\ngreeting = program.d\n", "program-probe.conf.d/a.conf")
    with Probe(home) as probe:
        probe.expect("started: program.d")


def test_files_below_the_home_directory_are_found(home, tmp_path):
    del home["OS_MASAKARI_CONFIG_DIR"]
    write(tmp_path, "[probe]\ngreeting = home\n", "masakari.conf")
    with Probe(home) as probe:
        probe.expect("started: home")
    write(tmp_path, "[probe]\ngreeting = dot\n", ".masakari/masakari.conf")
    with Probe(home) as probe:
        probe.expect("started: dot")


def test_order_of_sources(home, tmp_path):
    write(tmp_path, "[probe]\ngreeting = not read\n", "masakari.conf")
    first = write(tmp_path, "[probe]\ngreeting = first\n", "1")
    second = write(tmp_path, "[probe]\ngreeting = second\n", "2")
    write(tmp_path, "[probe]\ngreeting = dir\n", "d/a.conf")
    files = ["--config-file", first, "--config-file", second]
    with Probe(home, *files) as probe:
        probe.expect("started: second")
    with Probe(home, "--config-dir", tmp_path / "d", *files) as probe:
        probe.expect("started: dir")
    with Probe({**home, "OS_PROBE__GREETING": "variable"}, *files) as probe:
        probe.expect("started: variable")


CONFIG_ERRORS = {
    "no section": ("x = 1\n", EX_CONFIG, "a.conf:1: an option before the first section"),
    "no number": ("[probe]\ndrain_ms = soon\n", EX_CONFIG,
                  "a.conf:2: [probe] drain_ms = soon: must be a whole number"),
    "secret": ("[probe]\npassword = $sesame\n", EX_CONFIG, "[probe] password = '***': '$sesame'"),
    "no effect": ("[probe]\npython_only = x\n", EX_CONFIG, "[probe] python_only = x: must be"),
    "facility": ("[DEFAULT]\nsyslog_log_facility = x\n", EX_CONFIG, "syslog_log_facility = x"),
    "format": ("[DEFAULT]\nlogging_default_format_string = %(x)s\n", EX_CONFIG, "'%(x)s' begins"),
    "log file": ("[DEFAULT]\nlog_file = /nonexistent/x\n", EX_NOINPUT, "log file /nonexistent/x"),
    "levels": ("[DEFAULT]\ndefault_log_levels = a=b\n", EX_CONFIG, "'a=b' must be logger=LEVEL"),
    "timeout": ("[DEFAULT]\ngraceful_shutdown_timeout = -1\n", EX_CONFIG, "from 0 to 2147483647"),
}


@pytest.mark.parametrize("name", CONFIG_ERRORS)
def test_a_bad_configuration_stops_the_program(home, tmp_path, name):
    text, status, message = CONFIG_ERRORS[name]
    done = run(home, "--config-file", write(tmp_path, text))
    assert done.returncode == status
    assert message in done.stderr and done.stderr.startswith("program-probe: ")
    assert done.stderr.count("\n") == 1 and done.stdout == ""


def test_files_that_cannot_be_read(home, tmp_path):
    missing = run(home, "--config-file", tmp_path / "none.conf")
    assert missing.returncode == EX_NOINPUT and "none.conf: No such file" in missing.stderr
    no_dir = run(home, "--config-dir", tmp_path / "none.d")
    assert no_dir.returncode == EX_NOINPUT and "none.d" in no_dir.stderr
    directory = run(home, "--config-file", tmp_path)
    assert directory.returncode == EX_CONFIG and "is a directory" in directory.stderr
    secret = write(tmp_path, "")
    secret.chmod(0)
    # Without these capabilities the mode counts for root as well.
    bound = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if not os.getuid() else []
    done = subprocess.run([*bound, PROBE, "--config-file", secret], env=home, text=True,
                          capture_output=True, timeout=60, check=False)
    assert done.returncode == EX_NOPERM and "Permission denied" in done.stderr


# --- log ---------------------------------------------------------------------------------------

def test_log_lines_and_secrets(home):
    with Probe({**home, "OS_PROBE__PASSWORD": "sesame"}, "--debug") as probe:
        probe.expect("started: hello")
        status, _, err = probe.end()
    assert status == EX_OK and "sesame" not in err
    lines = messages(err)
    assert ("INFO", "masakari.probe", "greeting is hello, password = ***") in lines
    assert ("DEBUG", "masakari.probe", r"a debug message\nof two lines") in lines
    assert ("DEBUG", "masakari.program", "[probe] password = ***") in lines
    assert ("DEBUG", "masakari.program", "[DEFAULT] debug = true") in lines


def test_debug_lines_are_off_and_levels_can_be_set(home, tmp_path):
    with Probe(home) as probe:
        probe.expect("started: hello")
        assert all(level != "DEBUG" for level, _, _ in messages(probe.end()[2]))
    path = write(tmp_path, "[DEFAULT]\ndefault_log_levels = masakari=ERROR,masakari.probe=DEBUG\n")
    with Probe(home, "--config-file", path) as probe:
        probe.expect("started: hello")
        assert {logger for _, logger, _ in messages(probe.end()[2])} == {"masakari.probe"}


def test_notices_about_the_configuration(home, tmp_path):
    path = write(tmp_path, "[DEFAULT]\nlogdir = %s\nnothing = secret\n[probe]\npython_only = 1\n"
                 % tmp_path)
    with Probe(home, "--config-file", path, "-d") as probe:
        probe.expect("started: hello")
        assert probe.end() == (EX_OK, "draining: yes\ndrained: yes\nstopped: yes\n", "")
    lines = messages((tmp_path / "program-probe.log").read_text())
    assert ("WARNING", "masakari.program",
            f"{path}:2: [DEFAULT] logdir is an old name; write [DEFAULT] log_dir") in lines
    assert ("DEBUG", "masakari.program",
            f"{path}:3: [DEFAULT] nothing is no option of this program") in lines
    assert ("INFO", "masakari.program",
            "without effect in this program: [probe] python_only") in lines
    assert not any("secret" in message for _, _, message in lines)


def test_log_file_is_private_and_survives_logrotate(home, tmp_path):
    log = tmp_path / "p.log"
    with Probe(home, "--log-file", log) as probe:
        probe.expect("started: hello")
        wait_for(log, "is ready")
        assert not stat.S_IMODE(log.stat().st_mode) & 0o007
        log.rename(tmp_path / "p.log.1")
        probe.send(signal.SIGHUP)
        probe.expect("old: hello", "new: hello", "fixed: here")
        wait_for(log, "configuration reloaded")
        log.rename(tmp_path / "p.log.2")
        assert probe.end()[0] == EX_OK
        assert "stopping" in log.read_text()
    assert "is ready" in (tmp_path / "p.log.1").read_text()


def test_a_full_disk_does_not_stop_the_program(home):
    with Probe(home, "--log-file", "/dev/full") as probe:
        probe.expect("started: hello")
        status, _, err = probe.end()
    assert status == EX_OK and "is ready" in err


def test_a_closed_standard_error_does_not_stop_the_program(home):
    with Probe(home) as probe:
        probe.expect("started: hello")
        probe.popen.stderr.close()
        probe.send(signal.SIGHUP)
        probe.expect("old: hello", "new: hello", "fixed: here")
        probe.send(signal.SIGTERM)
        assert probe.popen.wait(timeout=60) == EX_OK


def test_closed_standard_streams_are_not_reused(home, tmp_path):
    """The log file must not become descriptor 1, or what is printed ends up in it."""
    log = tmp_path / "p.log"
    command = ["sh", "-c", 'exec "$@" <&- >&-', "sh", PROBE, "--log-file", log]
    with subprocess.Popen(command, env=home) as process:
        try:
            wait_for(log, "is ready")
        finally:
            process.terminate()
        assert process.wait(timeout=60) == EX_OK
    assert "started: hello" not in log.read_text()


# --- signals -----------------------------------------------------------------------------------

def test_reload(home, tmp_path):
    path = write(tmp_path, "[probe]\ngreeting = one\nfixed = a\n")
    with Probe(home, "--config-file", path) as probe:
        probe.expect("started: one")
        write(tmp_path, "[probe]\ngreeting = two\nfixed = b\npassword = p1\n[DEFAULT]\ndebug = 1\n")
        probe.send(signal.SIGHUP)
        probe.expect("old: one", "new: two", "fixed: a")
        write(tmp_path, "[probe]\ngreeting = three\ndrain_ms = x\n")
        probe.send(signal.SIGHUP)
        write(tmp_path / "x", "")  # gives the signal time to be taken alone
        time.sleep(0.3)
        write(tmp_path, "[probe]\ngreeting = four\nfixed = a\npassword = p2\n")
        probe.send(signal.SIGHUP)
        probe.expect("old: two", "new: four", "fixed: a")
        lines = messages(probe.end()[2])
    assert "p1" not in str(lines) and "p2" not in str(lines)
    program = [(level, message) for level, logger, message in lines if logger == "masakari.program"]
    assert ("INFO", "[probe] greeting changed from 'one' to 'two'") in program
    assert ("INFO", "[probe] password changed from '<unset>' to '***'") in program
    assert ("INFO", "[probe] password changed from '***' to '***'") in program
    assert ("INFO", "[DEFAULT] debug changed from 'false' to '1'") in program
    assert ("WARNING", "[probe] fixed was changed from 'a' to 'b' in the configuration; that takes "
            "effect with a restart") in program
    kept = f"configuration not reloaded, the old one stays: {path}:3: [probe] drain_ms = x: must"
    assert [message for level, message in program if level == "ERROR"][0].startswith(kept)
    assert sum(level == "ERROR" for level, _ in program) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_drain(home, number):
    with Probe({**home, "OS_PROBE__DRAIN_MS": "200"}) as probe:
        probe.expect("started: hello")
        before = time.monotonic()
        assert probe.end(number)[:2] == (EX_OK, "draining: yes\ndrained: yes\nstopped: yes\n")
        assert 0.15 < time.monotonic() - before


def test_a_second_signal_stops_at_once(home):
    with Probe({**home, "OS_PROBE__DRAIN_MS": "60000"}) as probe:
        probe.expect("started: hello")
        probe.send(signal.SIGTERM)
        probe.expect("draining: yes")
        assert probe.end()[:2] == (EX_OK, "stopped: yes\n")


def test_draining_is_bounded(home):
    timeout = {"OS_PROBE__DRAIN_MS": "60000", "OS_DEFAULT__GRACEFUL_SHUTDOWN_TIMEOUT": "1"}
    with Probe({**home, **timeout}) as probe:
        probe.expect("started: hello")
        status, out, err = probe.end()
    assert (status, out) == (EX_OK, "draining: yes\nstopped: yes\n")
    assert [message for level, _, message in messages(err) if level == "WARNING"] == [
        "work did not finish within graceful_shutdown_timeout; stopping now"]


def test_a_failed_start(home):
    done = run({**home, "OS_PROBE__FAIL": "password=x"})
    assert done.returncode == EX_TEMPFAIL and done.stdout == "stopped: yes\n"
    assert messages(done.stderr) == [
        ("CRITICAL", "masakari.program", "cannot start: password=***")]


def test_a_failed_start_is_seen_by_whoever_started_it(home, tmp_path, notify):
    path, receiver = notify
    log = tmp_path / "p.log"
    told = {**home, "OS_PROBE__FAIL": "no\npeer", "NOTIFY_SOCKET": str(path)}
    done = run(told, "--log-file", log)
    assert done.stderr == "program-probe: cannot start: no\\npeer\n"
    assert [message for _, _, message in messages(log.read_text())] == ["cannot start: no\\npeer"]
    assert receiver.recv(4096) == b"STATUS=cannot start: no\\npeer"


def test_a_reload_while_draining_is_ignored(home):
    with Probe({**home, "OS_PROBE__DRAIN_MS": "500"}) as probe:
        probe.expect("started: hello")
        probe.send(signal.SIGTERM)
        probe.expect("draining: yes")
        probe.send(signal.SIGHUP)
        status, out, err = probe.end(None)
    assert (status, out) == (EX_OK, "drained: yes\nstopped: yes\n") and "reloaded" not in err


# --- systemd and syslog ------------------------------------------------------------------------

def test_service_manager_is_told(home, notify):
    path, receiver = notify
    told = {**home, "NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "200000"}
    with Probe(told) as probe:
        probe.expect("started: hello")
        assert receiver.recv(4096) == b"READY=1"
        assert receiver.recv(4096) == b"WATCHDOG=1"
        probe.send(signal.SIGHUP)
        got = [receiver.recv(4096)]
        while got[-1] != b"READY=1":
            got.append(receiver.recv(4096))
        assert any(re.fullmatch(rb"RELOADING=1\nMONOTONIC_USEC=\d+", text) for text in got)
        probe.send(signal.SIGTERM)
        while got[-1] != b"STOPPING=1":
            got.append(receiver.recv(4096))
        assert probe.end(None)[0] == EX_OK


IN_OWN_DEV = """
import json, os, socket, subprocess, sys
for place in ("/dev", "/run"):
    subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], check=True)
os.mknod("/dev/null", 0o20666, os.makedev(1, 3))
os.makedirs("/run/systemd/journal")
receivers = {}
for name in ("/dev/log", "/run/systemd/journal/socket"):
    receivers[name] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    receivers[name].bind(name)
    receivers[name].settimeout(0.3)
probe = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
probe.stdout.readline()
probe.terminate()
probe.wait(timeout=60)
got = {name: [] for name in receivers}
for name, receiver in receivers.items():
    try:
        while True:
            got[name].append(receiver.recv(65536).decode())
    except TimeoutError:
        pass
print(json.dumps(got))
"""


def test_syslog_and_journal_get_the_messages(home):
    logged = {"OS_DEFAULT__USE_JOURNAL": "1", "OS_DEFAULT__SYSLOG_LOG_FACILITY": "LOG_LOCAL3",
              "OS_PROBE__PASSWORD": "sesame"}
    done = subprocess.run(["unshare", "-m", "/usr/bin/python3", "-c", IN_OWN_DEV, PROBE,
                           "--use-syslog"], env={**home, **logged}, text=True, timeout=60,
                          capture_output=True, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    got = json.loads(done.stdout)
    message = "greeting is hello, password = ***"
    (line,) = [text for text in got["/dev/log"] if "greeting" in text]
    priority = 19 * 8 + 6  # LOG_LOCAL3, LOG_INFO
    assert re.fullmatch(rf"<{priority}>.* program-probe\[\d+\]: INFO masakari\.probe \[-\] "
                        + re.escape(message), line)
    (entry,) = [text for text in got["/run/systemd/journal/socket"] if "greeting" in text]
    fields = dict(field.split("=", 1) for field in entry.splitlines())
    assert fields == {"MESSAGE": message, "PRIORITY": "6", "SYSLOG_IDENTIFIER": "program-probe",
                      "LOGGER_NAME": "masakari.probe", "LOGGER_LEVEL": "INFO", "REQUEST_ID": "-"}
