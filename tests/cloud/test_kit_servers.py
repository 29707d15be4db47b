# SPDX-License-Identifier: Apache-2.0
"""The kit's MariaDB: up, stopped, killed and hung, and nothing committed is lost by it."""
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


def test_a_server_ends_with_its_maker():
    program = textwrap.dedent("""\
        import os, signal, sys
        sys.path.insert(0, "tests")
        from kit.mariadb import MariaDb
        server = MariaDb(sys.argv[1]).start()
        print(server.process.pid, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
        """)
    with MariaDb() as spare:  # for its directory, which it removes
        directory = spare.dir / "other"
        directory.mkdir()
        done = subprocess.run([sys.executable, "-c", program, directory], cwd=ROOT, check=False,
                              capture_output=True, text=True, timeout=120)
        pid = int(done.stdout)

        def is_gone():
            try:
                with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                    return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
            except OSError:
                return True

        wait_until(is_gone, 60, "the end of the server")
