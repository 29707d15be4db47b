# SPDX-License-Identifier: Apache-2.0
"""The three acts of the demo, and how their moments are found out.

  killed       taken by the demo as it sends SIGKILL
  started      libvirt's own word, from a `virsh event` that watches along
  guest alive  the guest's serial console, with a boot id that was not there before
  the others   the programs' logs
"""
import dataclasses
import datetime
import re
import time

import guest_image
from kit import guest
from kit.host import wait_until

VM = "vm1"
LIMIT_S = 120  # an act that takes longer has failed, however busy the machine

# What the logs say of one failure. The first line of an act that matches is the moment.
SEEN = ("masakari-instancemonitor", re.compile(rf"instance \S+ \({VM}\): LIFECYCLE STOPPED_"))
ACCEPTED = ("masakari-api", re.compile(r'"POST \S*/notifications HTTP/1.1" status: 202'))
CLAIMED = ("masakari-engine", re.compile(r"Processing notification \S+ of type: VM"))
STARTED = ("virsh-event", re.compile(r"'lifecycle' for domain '?vm1'?: Started"))

STAMP = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})(\+0000)?")


def moment(line):
    """When a log line was written, in seconds since the epoch, or None. Our programs write local
    time, virsh writes UTC and says so."""
    match = STAMP.match(line)
    if match is None:
        return None
    parsed = datetime.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S.%f")
    return (parsed.replace(tzinfo=datetime.timezone.utc) if match[2] else parsed).timestamp()


class Logs:
    """What the programs have written since the act began."""

    def __init__(self, directory):
        self._directory = directory
        self._begin = {path: path.stat().st_size for path in directory.glob("*.log")}

    def lines(self, source):
        """The lines of a (program, pattern) so far."""
        path = self._directory / f"{source[0]}.log"
        if not path.exists():
            return []
        with open(path, encoding="utf-8", errors="replace") as log:
            log.seek(self._begin.get(path, 0))
            return [line for line in log if source[1].search(line)]

    def first(self, source):
        """The moment of the first such line, or None."""
        found = self.lines(source)
        return moment(found[0]) if found else None


@dataclasses.dataclass
class Act:
    """One act: what was there before, and what happened."""
    logs: Logs
    boots: set
    notifications: set
    killed: float
    events: list = dataclasses.field(default_factory=list)

    def add(self, name, when):
        """One moment, unless it was not seen."""
        if when is not None:
            self.events.append((name, max(0.0, (when - self.killed) * 1000)))


class Stage:
    """The throw-away host with everything on it."""

    def __init__(self, screen, host, services):
        self.screen = screen
        self.host = host
        self.services = services
        self.serial = host.dir / "serial.log"
        self.engine = None

    def set_up(self, kernel, initramfs, accel):
        """Starts libvirtd, our services and the guest, and makes segment and host by REST."""
        screen, services = self.screen, self.services
        with screen.step("a host of its own (namespaces), libvirtd on private directories"):
            self.host.libvirtd()
            self.host.spawn(["virsh", "event", "--event", "lifecycle", "--loop", "--timestamp"],
                            name="virsh-event")
        with screen.step("database, masakari-api, masakari-engine, masakari-instancemonitor"):
            services.db_sync()
            services.api()
            self.engine = services.engine()
            services.monitor()
        with screen.step("POST /v1/segments, POST /v1/segments/{id}/hosts"):
            services.rest.segment_with_host(self.host.name, "demo")
        with screen.step(f"a guest boots ({'KVM' if accel == 'kvm' else 'emulated'})"):
            self.host.start_guest(guest.linux(VM, kernel, initramfs, self.serial, accel=accel,
                                              metadata=guest.ha_metadata(HA_Enabled="True")))
            wait_until(self.boots, LIMIT_S, "the guest's first word on its serial console")

    def boots(self):
        """The boot ids the guest has told so far."""
        if not self.serial.exists():
            return set()
        text = self.serial.read_text(encoding="utf-8", errors="replace")
        return {boot for boot, _ in guest_image.ALIVE.findall(text)}

    def notifications(self):
        """The notifications that the API knows: {uuid: status}."""
        return {one["notification_uuid"]: one["status"]
                for one in self.services.rest.notifications()}

    def kill(self):
        """kill -9 of the guest's QEMU; the act begins."""
        logs, boots, known = Logs(self.host.dir / "log"), self.boots(), set(self.notifications())
        return Act(logs, boots, known, self.host.kill_guest(VM))

    def wait_alive(self, act):
        """Waits until the guest has booted anew."""
        wait_until(lambda: self.boots() - act.boots, LIMIT_S,
                   "the guest to tell on its serial console that it runs again", 0.003)
        return time.time()

    def new(self, act):
        """The statuses of the notifications of this act."""
        return [status for uuid, status in self.notifications().items()
                if uuid not in act.notifications]

    def wait_finished(self, act):
        """Waits until every notification of the act has come to its end."""
        wait_until(lambda: self.new(act) and not set(self.new(act)) & {"new", "running", "error"},
                   LIMIT_S, "the notification to be finished", 0.05)


def result(stage, act, name):
    """The checks every act has to pass."""
    starts = len(act.logs.lines(STARTED))
    count = "once" if starts == 1 else f"{starts} times"
    statuses = stage.new(act)
    alive = next(at for what, at in act.events if what == "guest alive")
    return [
        (True, f"{name}: the guest runs again, {alive / 1000:.1f} s after it was killed"),
        (statuses == ["finished"],
         f"{name}: one notification, {', '.join(statuses)}"),
        (starts == 1, f"{name}: the guest was started {count}, by libvirt's count"),
    ]


def plain_act(stage, name):
    """Kills the guest and lets the services bring it back."""
    act = stage.kill()
    with stage.screen.step("waiting for the guest to come back"):
        alive = stage.wait_alive(act)
        stage.wait_finished(act)
    act.add("killed", act.killed)
    act.add("seen", act.logs.first(SEEN))
    act.add("accepted", act.logs.first(ACCEPTED))
    act.add("claimed", act.logs.first(CLAIMED))
    act.add("started", act.logs.first(STARTED))
    act.add("guest alive", alive)
    stage.screen.timeline(act.events)
    return result(stage, act, name)


def engine_act(stage, name):
    """Kills the guest, and the engine as soon as it has claimed the notification."""
    act = stage.kill()
    with stage.screen.step("waiting for the guest to come back"):
        wait_until(lambda: act.logs.first(CLAIMED), LIMIT_S, "the engine's claim", 0.001)
        engine_killed = time.time()
        stage.engine.kill()
        in_the_middle = stage.new(act) == ["running"]
        time.sleep(0.5)
        restarted = time.time()
        stage.engine = stage.services.engine()
        alive = stage.wait_alive(act)
        stage.wait_finished(act)
    claims = act.logs.lines(CLAIMED)
    act.add("killed", act.killed)
    act.add("seen", act.logs.first(SEEN))
    act.add("accepted", act.logs.first(ACCEPTED))
    act.add("claimed", act.logs.first(CLAIMED))
    act.add("engine killed", engine_killed)
    act.add("engine restarted", restarted)
    act.add("taken over", moment(claims[-1]) if len(claims) > 1 else None)
    act.add("started", act.logs.first(STARTED))
    act.add("guest alive", alive)
    act.events.sort(key=lambda event: event[1])
    stage.screen.timeline(act.events)
    return [*result(stage, act, name),
            (in_the_middle and len(claims) > 1,
             f"{name}: the engine died in the middle, the next one took over: nothing lost")]


def play(stage):
    """All acts; returns the verdict, [(whether it holds, what)]."""
    verdict = []
    title = stage.screen.title
    title(f"Act 1: kill -9 of the guest's QEMU (process {stage.host.qemu_pid(VM)})")
    verdict += plain_act(stage, "act 1")
    title(f"Act 2: the same guest, once more (process {stage.host.qemu_pid(VM)})")
    verdict += plain_act(stage, "act 2")
    title(f"Act 3: the guest (process {stage.host.qemu_pid(VM)}), then masakari-engine"
          f" (process {stage.engine.pid})")
    verdict += engine_act(stage, "act 3")
    return verdict


def stop_services(stage):
    """SIGTERM to every service that should run; the last check of the verdict."""
    living = [process for process in stage.services.started if process.alive()]
    statuses = {process.name: process.stop() for process in reversed(living)}
    wrong = [f"{name}: status {status}" for name, status in statuses.items() if status != 0]
    return (len(living) == 3 and not wrong,
            f"{len(living)} services, ended by SIGTERM with status 0"
            + (f" (but {', '.join(wrong)})" if wrong else ""))
