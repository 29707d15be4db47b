# SPDX-License-Identifier: Apache-2.0
"""How reports reach an API that misbehaves. No guests: reports of an earlier run lie in the spool,
and libvirt's built-in test driver says which instances run."""
import contextlib
import json
import subprocess
import time

import pytest

from kit.host import wait_until
from kit.monitoring import Monitoring
from kit.services import program, write_config

DOWN = "11111111-2222-3333-4444-555555555555"
# The one domain of libvirt's test driver; it runs.
RUNS = "6695eb01-f6a4-8304-79aa-97f2502e193f"


@pytest.fixture
def it():
    with Monitoring() as monitoring:
        monitoring.options["callback"] = {"retry_interval": 1, "retry_max": 3}
        monitoring.options["api"]["timeout"] = 2
        yield monitoring
        monitoring.stop_cleanly()


def put_report(it, number, subject=DOWN, event="STOPPED_FAILED", says_down=True):
    """A report as the monitor leaves it behind."""
    spool = it.state / "spool"
    spool.mkdir(parents=True, exist_ok=True)
    report = {"version": 1, "subject": subject, "incident": f"{subject}:{number}", "vital": True,
              "says_down": says_down,
              "notification": {
                  "type": "VM", "hostname": "h1",
                  "generated_time": f"2026-11-23T07:08:{number % 60:02d}.733897",
                  "payload": {"event": "LIFECYCLE", "instance_uuid": subject,
                              "vir_domain_event": event}}}
    (spool / f"{number:020d}.json").write_text(json.dumps(report), encoding="utf-8")


def other(number):
    return f"11111111-2222-3333-4444-{number:012d}"


def wait_done(it, timeout=60):
    wait_until(lambda: not it.spooled(), timeout, "the spool to be empty")


@pytest.mark.parametrize("mode", ["500", "503", "502", "401", "403", "404", "413", "204", "301",
                                  "die", "garbage", "huge", "hang"])
def test_tried_again_until_accepted(it, mode):
    put_report(it, 1)
    it.start_api(f"{mode} 202")
    it.start_monitor()
    wait_done(it)
    assert [post["status"] for post in it.posts()] == [mode, "202"]
    assert it.log().count("tried again until it succeeds") == 1
    it.wait_log("answers again")
    first, second = (post["body"]["notification"] for post in it.posts())
    assert first == second


def test_an_error_is_logged_after_retry_max(it):
    put_report(it, 1)
    it.start_api("500")
    it.start_monitor()
    it.wait_posts(6)
    log = it.log()
    assert log.count("still fails after 3 tries") == 1
    assert len([line for line in log.splitlines() if " WARNING " in line]) == 1
    it.mode("202")
    wait_done(it)


def test_400_is_given_up(it):
    put_report(it, 1)
    put_report(it, 2, subject=other(2))
    it.start_api("400 202")
    it.start_monitor()
    wait_done(it)
    assert len(it.posts()) == 2
    it.wait_log("is given up, the API refuses it (400): as told")


def test_409_of_what_is_no_death_is_given_up(it):
    put_report(it, 1, event="SUSPENDED_WATCHDOG", says_down=False)
    it.start_api("409")
    it.start_monitor()
    wait_done(it)
    assert len(it.posts()) == 1


def test_409_of_a_death_is_posted_anew(it):
    put_report(it, 1)
    it.start_api("409 409 202")
    it.start_monitor()
    wait_done(it)
    times = [post["body"]["notification"]["generated_time"] for post in it.posts()]
    assert len(times) == 3 and times == sorted(set(times))


def test_what_runs_again_is_not_posted(it):
    put_report(it, 1, subject=RUNS)
    it.start_api()
    it.start_monitor()
    wait_done(it)
    assert it.posts() == []
    it.wait_log("runs again: not posted")


def test_reports_of_one_instance_keep_their_order(it):
    for number in range(1, 6):
        put_report(it, number)
    it.start_api("500 202 503 202")
    it.start_monitor()
    wait_done(it)
    accepted = [post["body"]["notification"]["generated_time"] for post in it.posts()
                if post["status"] == "202"]
    assert len(accepted) == 5 and accepted == sorted(accepted)


def test_a_slow_instance_does_not_hold_up_others(it):
    put_report(it, 1)
    for number in range(2, 5):
        put_report(it, number, subject=other(number))
    it.options["api"]["timeout"] = 10
    it.start_api("hang 202")
    it.start_monitor()
    wait_done(it)
    posted = [(post["status"], post["body"]["notification"]["payload"]["instance_uuid"])
              for post in it.posts()]
    hung = dict(posted)["hang"]
    assert len(posted) == 5 and len({instance for _, instance in posted[:4]}) == 4
    assert posted[4] == ("202", hung)


def test_a_report_that_the_api_stumbles_over_does_not_hold_up_others(it):
    put_report(it, 1)
    put_report(it, 2, subject=other(2))
    it.start_api("500 202")
    it.start_monitor()
    wait_done(it)
    answers = [(post["status"], post["body"]["notification"]["payload"]["instance_uuid"])
               for post in it.posts()]
    # Both set out side by side; whichever the API stumbles over is the last to be accepted.
    stumbled = next(subject for status, subject in answers if status == "500")
    accepted = [subject for status, subject in answers if status == "202"]
    assert sorted(accepted) == sorted([DOWN, other(2)]) and accepted[-1] == stumbled


def test_an_api_that_is_not_there(it):
    for number in range(1, 21):
        put_report(it, number, subject=other(number))
    it.start_monitor()
    it.wait_log("still fails after 3 tries")
    assert len(it.spooled()) == 20
    it.start_api()
    wait_done(it)
    assert len(it.posts()) == 20
    assert it.log().count("tried again until it succeeds") == 1


def test_killed_again_and_again(it):
    """kill -9 at any moment: every report arrives, and none is lost from the disk before."""
    numbers = range(1, 31)
    for number in numbers:
        put_report(it, number, subject=other(number))
    it.start_api("202 500 202 202 500")
    for pause in (0.0, 0.05, 0.1, 0.15, 0.2):
        it.start_monitor(connected=False)
        time.sleep(pause)
        it.monitor.kill()
    it.mode("202")
    it.start_monitor()
    wait_done(it)
    accepted = {post["body"]["notification"]["payload"]["instance_uuid"] for post in it.posts()
                if post["status"] == "202"}
    assert accepted == {other(number) for number in numbers}


def test_sigterm_finishes_what_is_on_its_way(it):
    it.start_api()
    it.start_monitor()
    assert it.monitor.stop() == 0
    put_report(it, 1)
    it.mode("hang")
    it.options["api"]["timeout"] = 300
    it.start_monitor()
    it.wait_posts(1)
    assert it.monitor.stop(timeout=60) == 0
    assert len(it.spooled()) == 1


def test_torn_reports_are_set_aside(it):
    put_report(it, 1)
    (it.state / "spool" / f"{2:020d}.json").write_text('{"version": 1, "subj', encoding="utf-8")
    (it.state / "running.json").write_text('{"version": 1, "domai', encoding="utf-8")
    it.start_api()
    it.start_monitor()
    wait_done(it)
    assert len(it.posts()) == 1
    assert (it.state / "spool" / "quarantine" / f"{2:020d}.json").exists()
    assert "running.json is damaged" in it.log()


# -- TLS -----------------------------------------------------------------------------------------

def certificate(path):
    """A key and a certificate of its own for 127.0.0.1: (certificate, key)."""
    names = path / "cert.pem", path / "key.pem"
    path.mkdir(parents=True, exist_ok=True)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
                    "-addext", "subjectAltName=IP:127.0.0.1", "-out", names[0], "-keyout",
                    names[1]], check=True, capture_output=True)
    return names


def with_tls(it):
    """Our options for an API with TLS."""
    it.options["api"]["endpoint"] = it.options["api"]["endpoint"].replace("http:", "https:")
    return certificate(it.dir / "tls")


def test_an_api_with_an_unknown_certificate_is_not_trusted(it):
    put_report(it, 1)
    it.start_api(tls=with_tls(it))
    it.start_monitor()
    it.wait_log("still fails after 3 tries")
    assert "certificate" in it.log()
    assert it.posts() == []


@pytest.mark.parametrize("how", ["cafile", "insecure"])
def test_an_api_with_tls(it, how):
    put_report(it, 1)
    cert, key = with_tls(it)
    it.options["api"][how] = cert if how == "cafile" else "true"
    it.start_api(tls=(cert, key))
    it.start_monitor()
    wait_done(it)
    assert len(it.posts()) == 1


def test_an_api_that_wants_our_certificate(it):
    put_report(it, 1)
    cert, key = with_tls(it)
    ours = certificate(it.dir / "client")
    it.options["api"].update(cafile=cert, certfile=ours[0], keyfile=ours[1])
    it.start_api(tls=(cert, key, ours[0]))
    it.start_monitor()
    wait_done(it)
    assert len(it.posts()) == 1


# -- the disk --------------------------------------------------------------------------------------

def test_a_second_monitor_is_refused(it):
    it.start_monitor()
    result = subprocess.run([program("masakari-instancemonitor"), "--config-file",
                             it.services.config_file(monitor=True)],
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode != 0
    assert "another instance monitor uses" in result.stderr
    assert "state_path" in result.stderr


@contextlib.contextmanager
def small_disk(it, options):
    """A file system of 64 KiB for the monitor's state."""
    small = it.dir / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=64k,{options}", "tmpfs", small],
                   check=True)
    try:
        it.options["DEFAULT"]["state_path"] = small
        it.state = small / "instancemonitor"
        yield small
        it.monitor.stop()
    finally:
        subprocess.run(["umount", "--lazy", small], check=True)


def test_a_full_disk(it):
    """Filled to the brim: reports go through memory, and the log says so."""
    with small_disk(it, "rw") as small:
        put_report(it, 1)
        with pytest.raises(OSError), open(small / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(b"x" * 4096)
        it.start_api("409 202")
        it.start_monitor()
        wait_done(it)
        assert [post["status"] for post in it.posts()] == ["409", "202"]
        it.wait_log("is kept in memory and tried again")
        (small / "filler").unlink()
        it.wait_log("the disk takes files again")


def test_a_read_only_disk(it):
    with small_disk(it, "ro"):
        it.start_api()
        it.start_monitor()
        it.wait_log("Read-only file system")
        it.wait_log("kept in memory only")


# -- the configuration ---------------------------------------------------------------------------

@pytest.mark.parametrize("options, said", [
    ({"api": {}}, "[api] auth_url is not set"),
    ({"api": {"auth_type": "v3token", "auth_url": "http://x"}}, "[api] token is not set"),
    ({"api": {"auth_type": "v3kerberos", "auth_url": "http://x"}}, "[api] auth_type = v3kerberos"),
    ({"api": {"auth_type": "none", "endpoint": "http://x/v1", "auth_section": "other"}},
     "[api] auth_section = other"),
    ({"api": {"auth_type": "none"}}, "[api] endpoint is not set"),
    ({"api": {"auth_type": "none", "endpoint": "ftp://x/v1"}}, "[api] endpoint"),
    ({"api": {"auth_type": "none", "endpoint": "http:///v1"}}, "[api] endpoint"),
    ({"api": {"auth_type": "none", "endpoint": "http://x/v1", "cafile": "/nowhere/ca.pem"}},
     "[api] cafile = /nowhere/ca.pem: No such file or directory"),
    ({"DEFAULT": {"state_path": "/proc/no"}, "api": {"auth_type": "none", "endpoint": "http://x"}},
     "/proc/no"),
])
def test_it_does_not_start_half_configured(tmp_path, options, said):
    path = write_config(tmp_path / "m.conf", {"DEFAULT": {"state_path": tmp_path}, **options})
    result = subprocess.run([program("masakari-instancemonitor"), "--config-file", path],
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode != 0
    assert said in result.stderr
