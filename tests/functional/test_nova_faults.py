# SPDX-License-Identifier: Apache-2.0
"""The driver `nova` against a model Nova that fails in each way there is."""
import pytest

from fakes.nova import ModelNova
from kit.host import wait_until
from kit.nova_driver import Driver
from kit.pki import Authority

pytestmark = pytest.mark.one_thread  # the tool makes one call after the other


@pytest.fixture(name="nova")
def fixture_nova():
    with ModelNova(max_limit=3) as made:
        yield made


@pytest.fixture(name="driver")
def fixture_driver(nova):
    return Driver(nova.options())


@pytest.fixture(name="hasty")
def fixture_hasty(nova):
    """One that waits a second for Nova."""
    return Driver({**nova.options(), "nova.call_timeout": 1})


@pytest.fixture(name="guest")
def fixture_guest(nova):
    """A VM whose host is dead and known to be."""
    guest = nova.boot("cmp1")
    nova.kill_host("cmp1")
    nova.hosts["cmp1"].forced_down = True
    return guest


def refusal(answer):
    """What a caller decides on."""
    return answer["code"], answer["status"], answer["unknown"]


def test_lists_are_read_to_their_last_page(nova, driver):
    guests = [nova.boot("cmp1") for _ in range(8)]
    for words in (("servers", "cmp1"), ("changed", 1)):
        listed = [server["uuid"] for server in driver.takes(*words)]
        assert sorted(listed) == sorted(guests), words
    nova.kill_host("cmp1")
    driver.takes("fence", "cmp1", "dead")
    answers = driver.many([f"evacuate {guest}" for guest in guests])
    assert all(answer["ok"] for answer in answers)
    migrations = driver.takes("migrations", "cmp1", 1)
    assert sorted(entry["instance_uuid"] for entry in migrations) == sorted(guests)
    # Eight in pages of three; a page that is not full is the last.
    assert (nova.calls["servers"], nova.calls["migrations"]) == (6, 3)


@pytest.mark.parametrize(("status", "code", "unknown"), [
    (409, "conflict", False), (429, "unavailable", False), (413, "unavailable", False),
    (500, "unavailable", True), (502, "unavailable", True), (503, "unavailable", True),
    (504, "unavailable", True), (403, "denied", False), (501, "internal", False)])
def test_a_refused_order_was_sent_once(nova, driver, guest, status, code, unknown):
    nova.fault("evacuate", "status", status=status, retry_after=7)
    answer = driver("evacuate", guest)
    assert refusal(answer) == (code, status, unknown)
    assert answer["retry_after"] == 7
    assert "as told" in answer["message"]
    assert nova.calls["evacuate"] == 1 and nova.evacuations(guest) == []


@pytest.mark.parametrize(("kind", "records"), [
    ("cut_before", 0), ("cut_after", 1), ("hang", 0), ("hang_after", 1)])
def test_nobody_knows_what_became_of_an_order_without_an_answer(nova, hasty, guest, kind, records):
    nova.fault("evacuate", kind)
    assert refusal(hasty("evacuate", guest)) == ("unavailable", 0, True)
    assert nova.calls["evacuate"] == 1, "an order was repeated"
    assert len(nova.evacuations(guest)) == records


def test_a_status_that_came_through_is_an_answer(nova, driver, guest):
    nova.fault("evacuate", "half")
    driver.takes("evacuate", guest)
    assert len(nova.evacuations(guest)) == 1


def test_an_order_may_take_effect_after_its_connection_has_ended(nova, driver, guest):
    nova.fault("evacuate", "late", delay_s=0.5)
    assert refusal(driver("evacuate", guest)) == ("unavailable", 0, True)
    wait_until(lambda: nova.evacuations(guest) == ["done"], 60, "the evacuation")


@pytest.mark.parametrize("kind", ["cut_before", "half", "hang", "page"])
@pytest.mark.parametrize("words", ["server {}", "servers cmp1", "changed 1", "migrations cmp1 0",
                                   "service cmp1 nova-compute", "aggregates"])
def test_a_look_that_fails_tells_so(nova, hasty, guest, words, kind):
    nova.fault("*", "slow", times=2, delay_s=0)  # the token and the version
    nova.fault("*", kind, times=9)  # libcurl repeats a GET on a connection that was kept
    answer = hasty(*words.format(guest).split())
    assert (answer["code"], answer["unknown"]) == ("unavailable", False)


def test_a_token_that_has_ended_is_replaced_once(nova, driver, guest):
    assert driver.takes("server", guest)["uuid"] == guest
    nova.fault("server", "status", status=401)
    assert driver.takes("server", guest)["uuid"] == guest
    assert nova.calls["token"] == 3
    nova.fault("server", "status", status=401, times=9)
    assert refusal(driver("server", guest)) == ("denied", 401, False)


def test_a_second_evacuation_breaks_the_vm_as_it_does_in_nova(nova, driver, guest):
    assert [answer["ok"] for answer in driver.many([f"evacuate {guest}"] * 2)] == [True, True]
    broken = driver.takes("server", guest)
    assert (broken["vm_state"], broken["task_state"]) == ("error", "rebuilding")
    assert "accepted" in nova.evacuations(guest) and "done" not in nova.evacuations(guest)
    driver.takes("reset", guest, "error")
    driver.takes("evacuate", guest)
    wait_until(lambda: nova.servers[guest].host != "cmp1", 60, "the VM to be elsewhere")
    assert "accepted" in nova.evacuations(guest), "the record of the order that came too often"


def test_no_valid_host_comes_out_after_the_answer(nova, driver, guest):
    for name in ("cmp2", "cmp3"):
        nova.hosts[name].enabled = False
    driver.takes("evacuate", guest)
    wait_until(lambda: nova.evacuations(guest) == ["error"], 60, "the evacuation's error")
    seen = driver.takes("server", guest)
    assert (seen["vm_state"], seen["task_state"], seen["host"]) == ("error", None, "cmp1")
    assert "No valid host" in seen["fault"]


def test_a_host_is_taken_back_after_its_return_only(nova, driver, guest):
    driver.takes("evacuate", guest)
    wait_until(lambda: nova.evacuations(guest) == ["done"], 60, "the evacuation")
    assert refusal(driver("unforce", "cmp1"))[0] == "conflict"
    nova.start_host("cmp1")
    driver.takes("unforce", "cmp1")
    assert nova.evacuations(guest) == ["completed"]


@pytest.mark.parametrize("words", ["find cmp1", "server {}", "lock {}", "evacuate {}",
                                   "service cmp1 nova-compute", "migrations cmp1 0"])
@pytest.mark.parametrize("status", [301, 302, 307, 308, 404])
def test_a_keystone_elsewhere_says_nothing_of_what_there_is(nova, driver, guest, words, status):
    nova.fault("token", "status", status=status)
    answer = driver(*words.format(guest).split())
    assert refusal(answer) == ("unavailable", 0, False)
    assert ("https://elsewhere.invalid/v3: write" in answer["message"]) == (status != 404), answer
    assert nova.evacuations(guest) == []


@pytest.mark.parametrize("label", ["version", "server"])
def test_a_proxy_that_finds_nova_not_says_nothing_of_a_vm(nova, driver, guest, label):
    nova.fault(label, "status", status=404)
    assert refusal(driver("server", guest)) == ("unavailable", 404, False)
    nova.delete(guest)
    assert refusal(driver("server", guest)) == ("not found", 404, False)


def test_a_catalogue_without_nova_says_nothing_of_a_vm(nova, guest):
    answer = Driver({**nova.options(), "os_region_name": "elsewhere"})("server", guest)
    assert refusal(answer) == ("unavailable", 0, False)
    assert "in region elsewhere" in answer["message"]


def test_with_a_file_of_authorities_those_of_the_system_do_not_count(tmp_path):
    """Debian's libcurl looks into /etc/ssl/certs besides, where a hashed name is enough."""
    ours, system = Authority(tmp_path / "ours", "ours"), Authority(tmp_path / "system", "system")
    certs = system.ca_dir()
    (certs / "ca-certificates.crt").write_bytes(system.ca_file.read_bytes())
    prefix = ("unshare", "--mount", "--propagation", "private", "sh", "-c",
              f'mount --bind {certs} /etc/ssl/certs && exec "$@"', "sh")
    nova = ModelNova()
    nova.tls = system.issue("nova")
    with nova:
        for cafile, ok in (("", True), (system.ca_file, True), (ours.ca_file, False),
                           (ours.ca_dir(), False)):
            options = {**nova.options(), "nova_ca_certificates_file": cafile}
            answer = Driver(options, prefix)("aggregates")
            assert answer["ok"] == ok, (cafile, answer)
            assert ok or answer["code"] == "denied", answer
        assert nova.calls["token"] == 2
