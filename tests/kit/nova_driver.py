# SPDX-License-Identifier: Apache-2.0
"""Our compute driver `nova`, called from tests through tests/tools/nova-call.c.

    driver = Driver(nova.options())
    driver("stop", uuid)            # {"ok", "code", "message", "status", "unknown", …}
    driver.takes("server", uuid)    # its result; the call must go well

`prefix` is put before the command: another namespace's.
"""
import json
import subprocess

from kit.host import BUILD

TOOL = BUILD / "tests" / "tools" / "nova-call"


class Driver:
    """A driver with these options of [DEFAULT]; names like "nova.call_timeout" have a group."""

    def __init__(self, options, prefix=()):
        self.prefix = prefix
        self.arguments = [f"{name if '.' in name else f'DEFAULT.{name}'}={value}"
                          for name, value in options.items()]

    def many(self, lines):
        """The answers to several calls of one driver."""
        done = subprocess.run([*self.prefix, TOOL, *self.arguments], input="\n".join(lines) + "\n",
                              capture_output=True, text=True, timeout=600, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def __call__(self, *words):
        return self.many([" ".join(str(word) for word in words)])[0]

    def takes(self, *words):
        """The result of a call that must go well."""
        answer = self(*words)
        assert answer["ok"], answer
        return answer.get("result")
