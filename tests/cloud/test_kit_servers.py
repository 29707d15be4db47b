# SPDX-License-Identifier: Apache-2.0
"""The kit's MariaDB: up, stopped, killed and hung, and nothing committed is lost by it. It and
RabbitMQ end with the test run that made them, also when that is killed."""
import signal
import subprocess
import sys
import textwrap

import pytest

from kit.host import ROOT, KitError, wait_until
from kit.mariadb import MariaDb


def test_a_server_keeps_its_rows_and_leaves_nothing_behind():
    with MariaDb() as server:
        server.create("masakari")
        server.sql("CREATE TABLE t (a INT, b VARCHAR(9)); INSERT INTO t VALUES (1, NULL)",
                   "masakari")
        server.kill()
        server.start()
        assert server.sql("SELECT * FROM t", "masakari") == [("1", "NULL")]
        server.stop()
        server.start()
        assert server.sql("SELECT * FROM t", "masakari") == [("1", "NULL")]
        with pytest.raises(KitError, match="syntax"):
            server.sql("SELECT FROM")
        directory = server.dir
    assert not directory.exists()


@pytest.mark.parametrize(("kind", "number"), [
    ("kit.mariadb MariaDb", signal.SIGKILL), ("kit.rabbitmq RabbitMq", signal.SIGTERM)])
def test_a_server_ends_with_its_maker(tmp_path, kind, number):
    module, name = kind.split()
    program = textwrap.dedent(f"""\
        import os, sys
        sys.path.insert(0, "tests")
        from {module} import {name}
        server = {name}(sys.argv[1]).start()
        print(server.process.pid, flush=True)
        os.kill(os.getpid(), {int(number)})
        """)
    done = subprocess.run([sys.executable, "-c", program, tmp_path], cwd=ROOT, check=False,
                          capture_output=True, text=True, timeout=300)
    pid = int(done.stdout)

    def is_gone():
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            return True

    wait_until(is_gone, 60, "the end of the server")
