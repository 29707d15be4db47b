# SPDX-License-Identifier: Apache-2.0
"""What masakari-api does besides answering as recorded: start, options, wake-ups, paging."""
import contextlib
import os
import signal
import socket
import uuid

import pytest

from fakes.nova import ModelNova
from kit.host import tail, wait_until
from kit.services import Rest, Services

EX_CONFIG = 78
EX_TEMPFAIL = 75
PATIENCE = 20.0


@pytest.fixture(name="services")
def services_with_a_database():
    """A directory with an empty database; nothing is started."""
    with Services(name="h1") as made:
        made.db_sync()
        yield made


def ends_with(services, status):
    """Starts an API that refuses to start. Returns its log."""
    process = services.start("masakari-api", ready=False)
    assert process.popen.wait(PATIENCE) == status
    return tail(process.log)


def notification(name):
    """A report of a process."""
    return {"notification": {"type": "PROCESS", "hostname": "h1",
                             "generated_time": "2026-01-01T00:00:00",
                             "payload": {"event": "STOPPED", "process_name": name}}}


def test_keystone_without_a_user_for_it_is_refused_at_start(services):
    services.options["DEFAULT"]["auth_strategy"] = "keystone"
    log = ends_with(services, EX_CONFIG)
    assert "[keystone_authtoken] auth_type = (unset): it has to be password" in log
    services.options["keystone_authtoken"] = {
        "auth_type": "password", "auth_url": "http://127.0.0.1:1", "username": "masakari"}
    log = ends_with(services, EX_CONFIG)
    assert "[keystone_authtoken] password is not set" in log


def test_another_bus_is_refused_at_start(services):
    services.options["DEFAULT"]["transport_url"] = "kafka://u:geheim@127.0.0.1/"
    log = ends_with(services, EX_CONFIG)
    assert "transport_url" in log and "kafka" in log
    assert "geheim" not in log


def test_a_taken_port_is_named(services):
    with socket.socket() as other:
        other.bind(("127.0.0.1", services.port))
        other.listen()
        log = ends_with(services, EX_TEMPFAIL)
    assert f"port {services.port}" in log and "in use" in log


def test_a_database_without_tables_is_not_served():
    with Services(name="h1") as services:
        log = services.start("masakari-api", ready=False)
        assert log.popen.wait(PATIENCE) != 0
        assert "db sync" in tail(log.log)


def test_an_accepted_notification_wakes_every_engine(services):
    bus = services.dir / "state" / "bus"
    services.api()
    services.rest.segment_with_host("h1")
    bus.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        engines = []
        for name in ("one", "two"):
            engine = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            engine.bind(str(bus / f"{name}.sock"))
            engine.settimeout(PATIENCE)
            engines.append(engine)
        services.rest.post("/notifications", notification("p"))
        for engine in engines:
            engine.recv(100)
        status, _, _ = services.rest.call("POST", "/notifications", notification("p"))
        assert status == 409
        for engine in engines:
            engine.setblocking(False)
            with pytest.raises(BlockingIOError):
                engine.recv(100)


def test_a_notification_is_taken_without_any_engine(services):
    services.api()
    services.rest.segment_with_host("h1")
    answer = services.rest.post("/notifications", notification("p"))["notification"]
    assert answer["status"] == "new"
    assert services.rest.notifications()[0]["notification_uuid"] == answer["notification_uuid"]


def test_only_hosts_of_the_cloud_can_join_a_segment(services):
    services.options["libvirt"]["host_uris"] = "other:test:///default"
    services.api()
    segment, _ = services.rest.segment_with_host("other")
    new = {"host": {"name": "stranger", "type": "KVM", "control_attributes": "none"}}
    status, _, body = services.rest.call("POST", f"/segments/{segment}/hosts", new)
    assert status == 400
    assert body["badRequest"]["message"] == (
        "Compute service with name stranger could not be found.")
    new["host"]["name"] = "h1"  # [DEFAULT] host
    assert services.rest.post(f"/segments/{segment}/hosts", new)


def test_a_file_takes_the_service_out_of_the_load_balancer(services):
    switch = services.dir / "out"
    services.options["healthcheck"] = {"disable_by_file_path": switch}
    services.api()
    assert services.rest.call("GET", "//healthcheck")[0] == 200
    assert services.rest.call("HEAD", "//healthcheck")[0] == 204
    switch.touch()
    status, _, body = services.rest.call("GET", "//healthcheck")
    assert (status, body["reasons"]) == (503, ["DISABLED BY FILE"])
    status, headers, page = services.rest.call("GET", "//healthcheck",
                                               headers={"Accept": "text/html"})
    assert status == 503 and b"DISABLED BY FILE" in page and "html" in headers["Content-Type"]
    assert services.rest.call("HEAD", "//healthcheck")[0] == 503
    switch.unlink()
    assert services.rest.call("GET", "//healthcheck")[0] == 200


@pytest.mark.parametrize("sort", ["", "&sort_key=name&sort_dir=asc",
                                  "&sort_key=description&sort_dir=asc",
                                  "&sort_key=description&sort_dir=desc"])
def test_reading_page_by_page_gives_every_row_once(services, sort):
    services.api()
    names = {f"s{number}" for number in range(7)}
    for name in sorted(names):
        segment = {"name": name, "recovery_method": "auto", "service_type": "c"}
        if name in ("s1", "s4"):
            segment["description"] = "same"
        services.rest.post("/segments", {"segment": segment})
    seen = []
    marker = ""
    while page := services.rest.get(f"/segments?limit=2{sort}{marker}")["segments"]:
        assert len(page) <= 2
        seen += [segment["name"] for segment in page]
        marker = f"&marker={page[-1]['id']}"
    assert sorted(seen) == sorted(names)


def test_the_number_of_rows_in_an_answer_is_limited(services):
    services.options["DEFAULT"]["osapi_max_limit"] = 2
    services.api()
    for number in range(3):
        services.rest.post("/segments", {"segment": {
            "name": f"s{number}", "recovery_method": "auto", "service_type": "c"}})
    assert len(services.rest.get("/segments")["segments"]) == 2
    assert len(services.rest.get("/segments?limit=3")["segments"]) == 2


def test_links_begin_with_the_configured_prefix(services):
    services.options["DEFAULT"]["osapi_masakari_link_prefix"] = "https://ha.example.org/x"
    services.api()
    versions = services.rest.get("//")["versions"]
    assert versions[0]["links"][0]["href"] == "https://ha.example.org/x/v1/"
    version = services.rest.call("GET", "//v1/")[2]["version"]
    assert version["links"][0]["href"] == "https://ha.example.org/x/v1/"


def test_the_log_has_one_line_a_request_with_its_id(services):
    services.options["DEFAULT"]["use_forwarded_for"] = "true"
    process = services.api()
    _, headers, _ = services.rest.call("GET", "//v1/segments?limit=1",
                                       headers={"X-Forwarded-For": "192.0.2.7"})
    wait_until(lambda: headers["x-openstack-request-id"] in tail(process.log, 100))
    line = next(line for line in tail(process.log, 100).splitlines()
                if headers["x-openstack-request-id"] in line and "status:" in line)
    assert '192.0.2.7 "GET /v1/segments?limit=1 HTTP/1.1" status: 200' in line


def test_the_log_shows_the_request_id_of_the_service_that_asks(services):
    """X-Openstack-Request-Id, when it is one, beside the request's own id."""
    process = services.api()
    asked = f"req-{uuid.uuid4()}"
    expected = []
    for sent, shown in ((asked, asked), (asked.upper(), "None"), (f"{asked}0", "None")):
        _, headers, _ = services.rest.call("GET", "/segments",
                                           headers={"X-Openstack-Request-Id": sent})
        expected.append(f"[{shown} {headers['x-openstack-request-id']} ")
    wait_until(lambda: expected[-1].split()[1] in tail(process.log, 100))
    log = tail(process.log, 100)
    assert not [words for words in expected if words not in log]


def test_nova_hears_the_request_id_of_who_asks(services):
    """That of the service that asks, or of the request itself."""
    heard = []

    class ListeningNova(ModelNova):
        """Keeps the ids of the questions for a host."""

        def answer(self, request):
            if self.label(request) == "services":
                heard.append(request.headers.get("x-openstack-request-id"))
            return super().answer(request)

    with ListeningNova(hosts=["cmp1", "cmp2"]) as nova:
        services.options["DEFAULT"].update({"compute_driver": "nova", **nova.options()})
        services.api()
        segment, _ = services.rest.segment_with_host("cmp1")
        asked = f"req-{uuid.uuid4()}"
        host = {"host": {"name": "cmp2", "type": "KVM", "control_attributes": "x"}}
        status, headers, _ = services.rest.call("POST", f"/segments/{segment}/hosts", host)
        assert (status, heard[-1]) == (201, headers["X-Openstack-Request-Id"])
        host["host"]["name"] = "cmp3"
        status, _, _ = services.rest.call("POST", f"/segments/{segment}/hosts", host,
                                          {"X-Openstack-Request-Id": asked})
        assert (status, heard[-1]) == (400, asked)


def test_a_second_api_of_the_same_database_sees_the_same(services):
    services.api()
    first = services.rest
    second = Services(services.dir, name="h1")
    second.options["database"] = services.options["database"]
    try:
        second.start("masakari-api", log_name="second-api")
        segment, _ = first.segment_with_host("h1")
        assert Rest(second.port).get(f"/segments/{segment}")["segment"]["name"] == "segment1"
    finally:
        for process in second.started:
            process.kill()


def test_it_runs_on_after_sighup_and_ends_well_with_sigterm(services):
    process = services.api()
    process.signal(signal.SIGHUP)
    assert services.rest.get("/segments") == {"segments": []}
    assert process.stop() == 0
    assert not os.path.exists(f"/proc/{process.pid}")
