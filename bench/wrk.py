# SPDX-License-Identifier: Apache-2.0
"""wrk against one service, and what the service spends on it. An answer that is no 2xx ends the
measurement: it would be quick, and no request served."""
import os
import pathlib
import re
import subprocess
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TICKS = os.sysconf("SC_CLK_TCK")
TCP_LISTEN = "0A"
TCP_SERVED = ("01", "03", "08")  # established, still to be accepted, closed by the client alone
UNITS_MS = {"us": 0.001, "ms": 1, "s": 1000, "m": 60000}


class BadAnswers(SystemExit):
    """A service answered with errors."""


def cpu_s(pids):
    """CPU time of processes in all their threads, those that ended included."""
    total = 0
    for pid in pids:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="latin-1")
        total += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
    return total / TICKS


def pss_mib(pids):
    """Proportional set size of processes."""
    total = 0
    for pid in pids:
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
        total += int(re.search(r"^Pss: +(\d+)", text, re.M)[1])
    return total / 1024


def _connections(port):
    """How many connections a server of this machine has, or has yet to accept."""
    count = 0
    for line in pathlib.Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        _, local, _, state, queues = line.split()[:5]
        if int(local.split(":")[1], 16) == port:
            if state == TCP_LISTEN:
                count += int(queues.split(":")[1], 16)
            elif state in TCP_SERVED:
                count += 1
    return count


def _read(text):
    """(answers, seconds, p99 in ms, those that are no 2xx or 3xx, timeouts) of wrk's output."""
    found = re.search(r"(\d+) requests in ([\d.]+)(ms|s|m)", text)
    last = re.search(r"99% +([\d.]+)(us|ms|s|m)", text)
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    late = re.search(r"timeout (\d+)", text)
    return (int(found[1]), float(found[2]) * UNITS_MS[found[3]] / 1000,
            float(last[1]) * UNITS_MS[last[2]], int(bad[1]) if bad else 0,
            int(late[1]) if late else 0)


class Load:
    """Requests to one service, from one CPU."""

    series = 0

    def __init__(self, name, port, token, pids, cpu):
        self.name = name
        self.port = port
        self.base = f"http://127.0.0.1:{port}"
        self.headers = {"X-Auth-Token": token, "Content-Type": "application/json",
                        "OpenStack-API-Version": "instance-ha 1.0"}
        self.pids = pids
        self.cpu = cpu

    def ask(self, path, body=None):
        """(status, body) of one request."""
        request = urllib.request.Request(self.base + path, body, self.headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=120) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def must_answer(self, path, body=None):
        """The body of one request that has to be served."""
        status, answer = self.ask(path, body)
        if not 200 <= status < 300:
            raise BadAnswers(f"{self.name} answers {path} with {status}:\n"
                             f"{answer.decode(errors='replace')}")
        return answer

    def _wrk_argv(self, connections, seconds):
        argv = ["taskset", "-c", self.cpu, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s",
                "--latency", "--timeout", "60s"]
        for name, value in self.headers.items():
            argv += ["-H", f"{name}: {value}"]
        return argv

    def _argv(self, paths, connections, seconds, post_host):
        argv = self._wrk_argv(connections, seconds)
        if post_host is not None:
            Load.series += 1
            return [*argv, "-s", HERE / "post_notifications.lua", self.base + paths[0], "--",
                    post_host, Load.series]
        if len(paths) > 1:
            return [*argv, "-s", HERE / "get_paths.lua", self.base, "--", *paths]
        return [*argv, self.base + paths[0]]

    def run(self, paths, connections, seconds, post_host=None):
        """{"rate": 2xx a second, "p99": ms, "cpu": ms of CPU a request}"""
        self.settle()
        while True:
            before = cpu_s(self.pids())
            output = self._wrk(self._argv(paths, connections, seconds, post_host))
            spent = cpu_s(self.pids()) - before
            answers, took, p99, bad, late = _read(output)
            if answers or bad or late or seconds > 60:
                break
            seconds *= 2  # one answer takes longer on a busy machine
        if bad or late or answers == 0:
            status, body = self.ask(paths[0])
            raise BadAnswers(
                f"{self.name}, {paths[0]}, {connections} connections: {bad} of {answers} answers "
                f"were no 2xx, {late} came too late; a GET of it now gives {status}:\n"
                f"{body.decode(errors='replace')[:600]}\n{output}")
        return {"rate": answers / took, "p99": p99, "cpu": spent * 1000 / answers}

    def run_mixed(self, host, segment, connections, seconds):
        """How many requests of all kinds were served."""
        Load.series += 1
        output = self._wrk([*self._wrk_argv(connections, seconds), "-s", HERE / "mixed.lua",
                            self.base, "--", host, Load.series, segment])
        answers, _, _, bad, late = _read(output)
        if bad or late:
            raise BadAnswers(f"{self.name}: {bad} of {answers} answers were no 2xx, {late} came "
                             f"too late\n{output}")
        return answers

    def run_refused(self, path, connections, seconds):
        """How many requests that have to be refused were."""
        output = self._wrk([*self._wrk_argv(connections, seconds), self.base + path])
        answers, _, _, bad, _ = _read(output)
        if bad != answers:
            raise BadAnswers(f"{self.name}: only {bad} of {answers} were refused\n{output}")
        return answers

    def settle(self):
        """Waits until what an earlier measurement has left in its queues is worked off."""
        deadline = time.monotonic() + 120
        while _connections(self.port) > 0 and time.monotonic() < deadline:
            time.sleep(0.05)

    def _wrk(self, argv):
        for _ in range(30):
            done = subprocess.run(list(map(str, argv)), capture_output=True, text=True,
                                  check=False)
            if done.returncode == 0:
                return done.stdout
            time.sleep(1)  # a server whose queue is still full refuses the first connection
        raise BadAnswers(f"{self.name}: wrk fails: {done.stdout}{done.stderr}")
