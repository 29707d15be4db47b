# SPDX-License-Identifier: Apache-2.0
"""masakari-engine turns failed hosts off by fence agents, with a model Nova."""
import contextlib
import json
import threading

import pytest

from fakes.nova import ModelNova
from kit.fencing import SECRET, Agents, Machine, write_devices
from kit.host import tail, wait_until
from kit.recovery_site import Site
from kit.services import Services

EX_CONFIG = 78
EX_NOPERM = 77
GOOD = "[h1]\nagent = fence_ipmilan\npassword = geheim\n"


@pytest.mark.parametrize("text, mode, status, words", [
    (GOOD, 0o644, EX_NOPERM, "is open to others than its owner (mode 0644)"),
    (GOOD, 0o660, EX_NOPERM, "then chmod 600"),
    ("[h1]\npassword = geheim\n", 0o600, EX_CONFIG, "section [h1]: agent is missing"),
    ("[h1]\nagent = fence_apc\ngeheim\n", 0o600, EX_CONFIG, "line 3 is neither"),
])
def test_a_file_that_cannot_be_trusted_or_used_stops_it(text, mode, status, words):
    with Services() as services:
        services.db_sync()
        devices = services.dir / "fencing.conf"
        devices.write_text(text)
        devices.chmod(mode)
        services.options["fencing"] = {"devices_file": devices}
        process = services.start("masakari-engine", ready=False)
        assert process.popen.wait(60) == status
        log = process.log.read_text()
    assert "[fencing] devices_file" in log and words in log, tail(process.log)
    assert "geheim" not in log


@pytest.mark.one_thread  # it is ended as soon as it has begun
def test_a_good_file_is_taken():
    with Services() as services:
        services.db_sync()
        devices = services.dir / "fencing.conf"
        devices.write_text(GOOD)
        devices.chmod(0o600)
        services.options["fencing"] = {"devices_file": devices}
        engine = services.engine()
        assert engine.stop() == 0
        assert "geheim" not in engine.log.read_text()


class WatchedNova(ModelNova):
    """Knows whether the host cmp1, which never stops to beat, ran when a guest was evacuated."""

    def __init__(self, machine):
        super().__init__()
        self.machine = machine
        self.guest = self.boot("cmp1")
        self.ran = []

    def _order_evacuate(self, server, values):
        self.ran.append(self.machine.runs())
        return super()._order_evacuate(server, values)


class FencedSite(Site):
    """A site whose host cmp1 is a process that agents can end."""

    def __init__(self, nova, **options):
        super().__init__(nova)
        self.agents = Agents(self.services.dir / "agents")
        self.services.options["fencing"] = {"agents_dir": self.agents.dir}
        self.services.options["host_failure"].update(options)

    def devices(self, **devices):
        """Writes the file of devices."""
        self.services.options["fencing"]["devices_file"] = write_devices(
            self.services.dir / "fencing.conf",
            {name.replace("_", " "): options for name, options in devices.items()})

    def tells(self, uuid, *words):
        """Waits until the progress of a recovery has a line with each of these words."""
        def look():
            told = str(self.show(uuid)["recovery_workflow_details"])
            return all(word in told for word in words)

        wait_until(look, 60, f"{words} in the progress of {uuid}", 0.1)


@contextlib.contextmanager
def living_host(**options):
    """(site, nova): cmp1 lives, and is going to be reported as failed."""
    with Machine() as machine, WatchedNova(machine) as nova, FencedSite(nova, **options) as site:
        yield site, nova


def check_fenced(nova):
    """The host was off before its guest was evacuated, once."""
    assert nova.ran == [False]
    assert nova.evacuations(nova.guest) == ["done"]
    assert nova.servers[nova.guest].host != "cmp1"
    assert nova.hosts["cmp1"].forced_down


def check_untouched(nova):
    """Nothing was done to the host, nor to its guest."""
    assert nova.machine.runs() and nova.ran == [] and nova.orders == []
    assert not nova.hosts["cmp1"].forced_down


def test_a_host_is_off_before_anything_is_evacuated():
    with living_host() as (site, nova):
        site.devices(cmp1=site.agents.device(nova.machine))
        site.segment_of("auto", "cmp1", "cmp2")
        engine = site.engine()
        report = site.report()
        assert site.end(report)["status"] == "finished"
        check_fenced(nova)
        site.tells(report, "Fencing host 'cmp1'", "Gate 'fencing' is open: Host 'cmp1' is off",
                   "Gate 'heartbeat' is not asked")
        runs = site.agents.runs()
        assert [run["verb"] for run in runs] == ["off", "status"]
        for run in runs:
            assert f"password={SECRET}\n" in run["input"]
            assert SECRET not in json.dumps([run["argv"], run["environ"]])
        assert SECRET not in engine.log.read_text() + json.dumps(site.show(report))


def test_nothing_is_evacuated_while_agents_fail_or_lie():
    with living_host() as (site, nova):
        # Whom to ask is in the host's control_attributes.
        site.segment_of("auto", "cmp1", "cmp2", attributes=json.dumps(
            {"fencing": [site.agents.device(nova.machine)]}))
        site.agents.order("refuse")
        engine = site.engine()
        report = site.report()
        site.tells(report, "Recovery of host 'cmp1' is held: gate 'fencing'", "no access with ***")
        check_untouched(nova)
        # An agent that says that all went well is not believed either.
        site.agents.order("lie")
        site.agents.order("refuse", False)
        wait_until(site.agents.has_turned_off, 60, "another try", 0.1)
        wait_until(lambda: site.agents.verbs()[-1] == "status", 60, "the status after it", 0.1)
        assert site.show(report)["status"] == "running"
        check_untouched(nova)
        nova.machine.popen.kill()  # it took its time to go down
        assert site.end(report)["status"] == "finished"
        check_fenced(nova)
        assert SECRET not in engine.log.read_text()


def test_a_successor_makes_sure_itself():
    with living_host() as (site, nova):
        site.devices(cmp1=site.agents.device(nova.machine))
        site.segment_of("auto", "cmp1", "cmp2")
        site.agents.order("hang")
        engine = site.engine()
        report = site.report()
        wait_until(site.agents.has_turned_off, 60, "the host to be off", 0.05)
        engine.kill()
        site.agents.order("hang", False)
        assert nova.ran == []
        site.engine()
        assert site.end(report)["status"] == "finished"
        # "off" of a host that is off is refused by this agent, and its status believed.
        assert site.agents.verbs() == ["off", "off", "status"]
        check_fenced(nova)


def test_the_next_level_is_tried_with_an_agent_of_the_package():
    with living_host() as (site, nova):
        power = site.services.dir / "power"
        power.write_text("on")
        site.devices(cmp1=site.agents.device(nova.machine),
                     cmp1_pdu={"agent": "fence_dummy", "level": 2, "status_file": power,
                               "timeout": 600})
        site.segment_of("auto", "cmp1", "cmp2")
        site.agents.order("refuse")
        stop = threading.Event()

        def pull_the_plug():
            while not stop.wait(0.02):
                if power.read_text() == "off":
                    nova.machine.popen.kill()
                    return

        puller = threading.Thread(target=pull_the_plug)
        puller.start()
        try:
            site.engine()
            report = site.report()
            assert site.end(report)["status"] == "finished"
        finally:
            stop.set()
            puller.join()
        site.tells(report, "fence_dummy of fencing level 2 says so")
        check_fenced(nova)


def test_a_dry_run_turns_nothing_off():
    with living_host(dry_run="true") as (site, nova):
        site.devices(cmp1=site.agents.device(nova.machine))
        site.segment_of("auto", "cmp1", "cmp2")
        site.engine()
        report = site.report()
        assert site.end(report)["status"] == "finished"
        site.tells(report, "Dry run: host 'cmp1' would be fenced now")
        assert site.agents.runs() == []
        check_untouched(nova)
