# SPDX-License-Identifier: Apache-2.0
"""GET /metrics of every program: what it counts, and that Prometheus' own tools can read it."""
import json
import pathlib
import re
import socket
import subprocess
import time

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from kit.host import tail, wait_until
from kit.monitoring import Monitoring
from kit.services import Rest, Services, free_port
from test_instancemonitor_reports import put_report

EX_TEMPFAIL = 75
ROOT = pathlib.Path(__file__).resolve().parents[2]
ALERTS = ROOT / "contrib/prometheus/alerts.yml"
DASHBOARD = ROOT / "contrib/grafana/masakari.json"
DOCS = ROOT / "docs/user/metrics.md"
ENDS = ("finished", "ignored", "error", "failed")
PORTS = {"api": free_port(), "engine": free_port(), "instancemonitor": free_port()}


@pytest.fixture(name="it", scope="module")
def one_report_that_was_taken():
    """API, engine and monitor, and one report that has gone from the one to the others."""
    with Monitoring() as monitoring:
        services = monitoring.services
        services.options["metrics"] = {"api_port": PORTS["api"], "engine_port": PORTS["engine"]}
        services.monitor_options["metrics"] = {"instancemonitor_port": PORTS["instancemonitor"]}
        services.options["libvirt"]["connection_uri"] = "test:///default"
        services.options["DEFAULT"]["process_unfinished_notifications_interval"] = 86400
        services.db_sync()
        services.api()
        services.engine()
        services.rest.segment_with_host("h1")
        put_report(monitoring, 1)
        monitoring.start_monitor()
        wait_until(lambda: not monitoring.spooled(), 60, "the spool to be empty")
        wait_until(lambda: services.rest.notifications()[0]["status"] in ENDS, 60, "its end")
        yield monitoring
        monitoring.stop_cleanly()


def read(program):
    """The page of a program as text."""
    status, headers, body = Rest(PORTS[program], prefix="").call("GET", "/metrics")
    assert status == 200
    assert headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return body.decode()


def samples(program):
    """{(name, (label, value), …): number} of a program."""
    return {(sample.name, *sorted(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(read(program))
            for sample in family.samples}


def wait_sample(program, name, *labels, value=1):
    """Waits until a program shows that value. What a client or the database was told of an event
    can be seen before the program has counted it."""
    key = (name, *labels)
    wait_until(lambda: samples(program).get(key) == value, 60, f"{key} of {program} to be {value}")


@pytest.mark.parametrize("program", PORTS)
def test_prometheus_can_read_it(it, program):
    page = read(program)
    done = subprocess.run(["promtool", "check", "metrics"], input=page, text=True, timeout=120,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    names = [line.split()[2] for line in page.splitlines() if line.startswith("# TYPE ")]
    assert len(names) == len(set(names))


def families(program):
    """{name: (kind, labels)} of a program; labels as far as it has counted any."""
    return {family.name + ("_total" if family.type == "counter" else ""):
            (family.type, {label for sample in family.samples for label in sample.labels} - {"le"})
            for family in text_string_to_metric_families(read(program))}


def test_the_page_for_users_has_all_of_them(it):
    rows = [[cell.strip(" `") for cell in line.split("|")[1:5]]
            for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    users = {"api": {"api", "all"}, "engine": {"engine", "all"},
             "instancemonitor": {"monitors", "all"}}
    for program, words in users.items():
        told = {name: (kind, set(labels.replace(",", "").split()))
                for name, kind, labels, who in rows if words & set(who.split(", "))}
        shown = families(program)
        assert told.keys() == shown.keys()
        for name, (kind, labels) in shown.items():
            assert kind == told[name][0] and labels in (set(), told[name][1]), name


@pytest.mark.parametrize("program", PORTS)
def test_figures_of_the_process(it, program):
    found = samples(program)
    assert found[("process_resident_memory_bytes",)] > 1e6
    assert found[("process_open_fds",)] > 3
    assert found[("process_start_time_seconds",)] > 1.7e9
    assert [name for name in found if name[0] == "masakari_build_info"]


def test_the_api_counts_its_requests(it):
    key = ("masakari_api_requests_total", ("code", "404"), ("method", "GET"))
    took = ("masakari_api_request_seconds_count", ("method", "GET"))
    wait_sample("api", "masakari_api_requests_total", ("code", "202"), ("method", "POST"))
    before = samples("api")
    assert it.services.rest.call("GET", "/nothing")[0] == 404
    wait_sample("api", *key, value=before.get(key, 0) + 1)
    wait_sample("api", *took, value=before[took] + 1)


def test_the_monitor_counts_its_reports(it):
    wait_sample("instancemonitor", "masakari_monitor_delivery_seconds_count", ("type", "VM"))
    wait_sample("instancemonitor", "masakari_monitor_reports_total",
                ("outcome", "accepted"), ("type", "VM"))
    wait_sample("instancemonitor", "masakari_monitor_reports_waiting", value=0)


def test_the_engine_counts_notifications_and_the_queue(it):
    notification, = it.services.rest.notifications()
    labels = (("status", notification["status"]), ("type", "VM"))
    for name, *rest in (("masakari_notifications_total", *labels),
                        ("masakari_recovery_seconds_count", *labels),
                        ("masakari_detect_seconds_count", ("type", "VM"))):
        wait_sample("engine", name, *rest)
    found = samples("engine")
    assert found[("masakari_engine_lease_end_seconds",)] > time.time()
    assert found[("masakari_compute_call_seconds_count", ("call", "get_server"))] >= 1
    wait_sample("engine", "masakari_queue_notifications", ("status", "running"), value=0)
    assert samples("engine")[("masakari_queue_oldest_seconds", ("status", "new"))] == 0


def test_promtool_understands_the_alert_rules():
    done = subprocess.run(["promtool", "check", "rules", ALERTS], text=True, timeout=120,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "rules found" in done.stdout + done.stderr


def test_alerts_and_dashboard_name_metrics_and_labels_that_exist(it):
    kinds = {name: kind for program in PORTS for name, (kind, _) in families(program).items()}
    series = set(kinds)
    for name, kind in kinds.items():
        if kind == "histogram":
            series -= {name}
            series |= {f"{name}_{part}" for part in ("bucket", "sum", "count")}
    alerts = [rule["expr"] for group in yaml.safe_load(ALERTS.read_text())["groups"]
              for rule in group["rules"]]
    panels = [target["expr"] for panel in json.loads(DASHBOARD.read_text())["panels"]
              for target in panel["targets"]]
    for expression in alerts + panels:
        named = set(re.findall(r"\b(?:masakari|process)_\w+", expression))
        assert named and named <= series, expression
    shown = {name for name in kinds if name in " ".join(panels)}
    assert kinds.keys() - shown <= {"process_start_time_seconds"}


def test_promql_of_the_dashboard_is_valid(tmp_path):
    """promtool checks expressions as rules; Grafana's own variable stands for a duration."""
    panels = [target["expr"].replace("$__rate_interval", "1m")
              for panel in json.loads(DASHBOARD.read_text())["panels"]
              for target in panel["targets"]]
    rules = tmp_path / "rules.yml"
    rules.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": [
        {"record": f"panel:{number}", "expr": expression}
        for number, expression in enumerate(panels)]}]}))
    done = subprocess.run(["promtool", "check", "rules", rules], text=True, timeout=120,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_else_is_asked_for(it):
    rest = Rest(PORTS["api"], prefix="")
    assert rest.call("GET", "/")[0] == 404
    assert rest.call("GET", "/metricsx")[0] == 404
    assert rest.call("GET", "/metrics?x=1")[0] == 200
    status, headers, _ = rest.call("POST", "/metrics", {})
    assert (status, headers["Allow"]) == (405, "GET, HEAD")
    assert rest.call("POST", "/metrics", b"x" * 5000)[0] == 413


def test_it_is_off_by_default_and_a_taken_port_is_named():
    with Services() as services:
        services.db_sync()
        services.api()
        assert "metrics are at" not in tail(services.started[0].log, 100000)
        services.started.pop().stop()
        with socket.socket() as other:
            other.bind(("127.0.0.1", 0))
            other.listen()
            services.options["metrics"] = {"api_port": other.getsockname()[1]}
            process = services.start("masakari-api", ready=False)
            assert process.popen.wait(60) == EX_TEMPFAIL
        assert "[metrics] listen_address and api_port: " in tail(process.log)
