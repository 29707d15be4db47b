# SPDX-License-Identifier: Apache-2.0
"""Programs in recovery flows, by real API and engine programs, against a model Nova."""
import contextlib
import json
import pathlib
import re
import signal

import pytest

from fakes.nova import ModelNova
from kit.host import KitError, tail, wait_until
from kit.recovery_site import TIMEOUT, Site

GUIDE = pathlib.Path(__file__).parents[2] / "docs" / "user" / "custom-flows.md"
INSTANCE = "instance_failure_recovery_tasks"


class FlowSite(Site):
    """A site with a VM and a directory of programs; engines come by themselves."""

    def __init__(self, nova, flow, **settings):
        super().__init__(nova)
        self.guest = nova.boot("cmp1", "g0")
        self.tasks = self.services.dir / "tasks.d"
        self.tasks.mkdir()
        self.services.options["taskflow_driver_recovery_flows"] = flow
        self.services.options["recovery_tasks"] = {"directory": self.tasks, **settings}

    def __enter__(self):
        super().__enter__()
        self.segment_of("auto", "cmp1")
        return self

    def program(self, name, text):
        """Installs a program."""
        path = self.tasks / name
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def report_guest(self):
        """Says that the VM has died."""
        return self.report(guest=self.guest)


def tasks_of(shown):
    """{name: (state, [message])} of the last flow of a notification."""
    return {task["name"]: (task["state"], [line["message"] for line in task["progress_details"]])
            for task in shown["recovery_workflow_details"]}


@contextlib.contextmanager
def site_with(flow, programs, **settings):
    """A site with programs, {name: script}; `$here` is a directory of theirs."""
    with ModelNova() as nova, FlowSite(nova, flow, **settings) as site:
        for name, script in programs.items():
            site.program(name, f"#!/bin/sh\nhere={site.services.dir}\n{script}\n")
        yield site


def block_of(language, number=0):
    """A block of the guide."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE.read_text(encoding="utf-8"),
                      re.MULTILINE | re.DOTALL)[number]


def test_the_guides_example():
    flow = dict(re.findall(r"^(\w+_tasks) = (.*)$", block_of("ini"), re.MULTILINE))
    settings = dict(re.findall(r"^(\w+) = (.*)$", block_of("ini", 1), re.MULTILINE))
    assert list(flow) == [INSTANCE] and set(settings) == {"timeout", "repeatable", "optional"}
    with site_with(flow, {}, **settings) as site:
        ledger = site.services.dir / "ledger"
        site.program("ledger", block_of("python").replace("/var/lib/masakari/ledger", str(ledger)))
        (site.tasks / "ledger-end").symlink_to(site.tasks / "ledger")
        site.services.engine()
        uuid = site.report_guest()
        found = site.end(uuid)
        tasks = tasks_of(found)
        assert found["status"] == "finished", found
        said = ("SUCCESS", ["Running", "reading the ledger", "added to the ledger", "Succeeded"])
        assert tasks["exec:ledger"] == tasks["exec:ledger-end"] == said
        assert ledger.read_text(encoding="utf-8") == (
            f"{uuid} cmp1 ledger\n{uuid} cmp1 ledger-end\n")
        assert site.nova.servers[site.guest].vm_state == "active"
        assert (site.nova.calls["os-stop"], site.nova.calls["os-start"]) == (1, 1)


def test_the_input_of_the_guide():
    """Each key that the guide shows is there."""
    flow = {INSTANCE: "pre: ['exec:keep'], main: ['stop_instance_task', 'start_instance_task']"}
    with site_with(flow, {"keep": "cat >$here/input"}) as site:
        site.services.engine()
        assert site.end(site.report_guest())["status"] == "finished"
        shown = json.loads(re.search(r"^  (\{.*\})$", GUIDE.read_text(encoding="utf-8"),
                                     re.MULTILINE)[1])
        got = json.loads((site.services.dir / "input").read_text(encoding="utf-8"))
        assert set(got) == set(shown)
        assert set(got["notification"]) == set(shown["notification"])
        assert got["instance"]["uuid"] == site.guest


def is_at_work(pid, name):
    """Whether a process runs a program."""
    try:
        return name in pathlib.Path(f"/proc/{pid}/cmdline").read_text("latin-1")
    except OSError:
        return False


@pytest.mark.parametrize("repeatable", [False, True])
def test_an_engine_dies_while_a_program_runs(repeatable):
    flow = {INSTANCE: "pre: ['exec:once', 'stop_instance_task'], main: ['start_instance_task']"}
    script = "echo $$ >>$here/runs\ntest -e $here/open || exec sleep 1000"
    settings = {"repeatable": "once"} if repeatable else {}
    with site_with(flow, {"once": script}, timeout=600, **settings) as site:
        runs = site.services.dir / "runs"
        first = site.services.engine(log_name="engine1")
        uuid = site.report_guest()
        wait_until(runs.exists, TIMEOUT, "the program")
        first.kill()
        (site.services.dir / "open").touch()
        second = site.services.engine(log_name="engine2")
        found = site.end(uuid)
        tasks = tasks_of(found)
        lines = runs.read_text(encoding="utf-8").split()
        if repeatable:
            assert found["status"] == "finished" and len(lines) == 2, (found, tasks)
            assert tasks["exec:once"][0] == "SUCCESS"
        else:
            # Tried once more as a whole, and the program is not begun in that either.
            assert found["status"] == "failed" and len(lines) == 1, (found, tasks)
            assert "not repeatable" in found["message"] + tasks["exec:once"][1][-1]
            assert site.nova.calls["os-stop"] == 0
        second.must_live()
        wait_until(lambda: not is_at_work(lines[0], "sleep"), TIMEOUT,
                   "the killed engine's program to die with it")


HOST = ("pre: ['exec:before', 'disable_compute_service_task', 'exec:disabled'],"
        " main: ['prepare_HA_enabled_instances_task', 'exec:listed'],"
        " post: ['evacuate_instances_task', 'exec:after']")
KEEP = "cat >$here/$(basename $0)\necho 50% busy"


def test_programs_of_a_hosts_flow():
    names = ("before", "disabled", "listed", "after")
    with site_with({"host_auto_failure_recovery_tasks": HOST}, dict.fromkeys(names, KEEP)) as site:
        site.nova.kill_host("cmp1", ago_s=40)
        site.services.options["host_failure"] = {"armed": "false"}
        engine = site.services.engine()
        uuid = site.report()
        # It is held until an operator arms it, and then goes on without another start.
        wait_until(lambda: "gate 'armed'" in str(tasks_of(site.show(uuid))), TIMEOUT,
                   "the gate to hold")
        assert not (site.services.dir / "before").exists()
        site.services.options["host_failure"]["armed"] = "true"
        site.services.config_file()
        engine.signal(signal.SIGHUP)
        found = site.end(uuid)
        tasks = tasks_of(found)
        assert found["status"] == "finished", found
        assert site.nova.evacuations(site.guest) == ["done"]
        assert [name for name in tasks if name.startswith("exec:")] == [
            f"exec:{name}" for name in names]
        assert all(tasks[f"exec:{name}"] == ("SUCCESS", ["Running", "busy", "Succeeded"])
                   for name in names)
        told = {name: json.loads((site.services.dir / name).read_text(encoding="utf-8"))
                for name in names}
        assert told["before"]["segment"]["recovery_method"] == "auto"
        moves = {name: [(entry["uuid"], entry["status"]) for entry in task["instances"]]
                 for name, task in told.items()}
        assert moves == {"before": [], "disabled": [], "listed": [(site.guest, "pending")],
                         "after": [(site.guest, "succeeded")]}
        assert told["after"]["instances"][0]["dest_host"] in ("cmp2", "cmp3")


def test_no_program_of_a_host_that_lives_is_run():
    with site_with({"host_auto_failure_recovery_tasks": HOST},
                   dict.fromkeys(("before", "disabled", "listed", "after"), KEEP)) as site:
        site.services.options["host_failure"] = {"hold_timeout": 1}
        site.services.engine()
        uuid = site.report()
        found = site.end(uuid)
        tasks = tasks_of(found)
        assert found["status"] == "failed", found
        assert not (site.services.dir / "before").exists()
        assert "exec:before" not in tasks, "only what was begun is shown"
        assert site.nova.evacuations(site.guest) == []


def test_programs_of_a_process_flow():
    flow = "pre: ['disable_compute_node_task', 'exec:tell'], main: [], post: []"
    with site_with({"process_failure_recovery_tasks": flow}, {"tell": KEEP}) as site:
        site.services.engine()
        found = site.end(site.post("PROCESS", "cmp1", {
            "event": "STOPPED", "process_name": "nova-compute"}))
        tasks = tasks_of(found)
        assert found["status"] == "finished", found
        assert tasks["exec:tell"][0] == "SUCCESS"
        assert not site.nova.hosts["cmp1"].enabled
        told = json.loads((site.services.dir / "tell").read_text(encoding="utf-8"))
        assert told["process"] == {"name": "nova-compute"}


@pytest.mark.parametrize(("flow", "words"), [
    ({INSTANCE: "pre: ['page_the_operator'], main: [], post: []"},
     (INSTANCE, "'page_the_operator' is not known", "start_instance_task", "exec:NAME")),
    ({INSTANCE: "pre: ['exec:missing'], main: [], post: []"},
     (INSTANCE, "'exec:missing'", "No such file", "[recovery_tasks] directory")),
])
def test_an_engine_with_an_impossible_flow_does_not_start(flow, words):
    with site_with(flow, {}) as site:
        with pytest.raises(KitError):
            site.services.engine(log_name="refused")
        text = tail(site.services.dir / "log" / "refused.log", 20)
        assert all(word in text for word in words), text
