# SPDX-License-Identifier: Apache-2.0
"""A Galera cluster of MariaDB servers on loopback, each a kit.mariadb.MariaDb.

    with Galera(2) as cluster:
        cluster.nodes[0].create("masakari")          # on all of them
        url = cluster.nodes[1].url("masakari")
        cluster.nodes[0].kill(); cluster.wait_size(cluster.nodes[1], 1)

The nodes begin with copies of one directory, so that none has to be sent the state of another. A
cluster of two keeps working when a node is killed only with `pc.ignore_sb`, which is set: here
nothing but a test cuts the network.
"""
import concurrent.futures
import shutil

from kit import host as kit_host
from kit.daemon import SYSTEM_PATH
from kit.host import wait_until
from kit.mariadb import MariaDb
from kit.services import free_port

PROVIDER = "/usr/lib/galera/libgalera_smm.so"
# A node that is gone is noticed in a second; small buffers, so that nothing big is written.
TUNING = ("gcache.size=4M;gcs.fc_limit=64;evs.keepalive_period=PT0.2S;evs.inactive_check_period="
          "PT0.2S;evs.suspect_timeout=PT1S;evs.inactive_timeout=PT2S;evs.install_timeout=PT2S;"
          "pc.ignore_sb=true;pc.recovery=false;pc.announce_timeout=PT0.2S")
OPTIONS = ("--wsrep-on=ON", f"--wsrep-provider={PROVIDER}", "--wsrep-cluster-name=kit",
           "--binlog-format=ROW", "--innodb-autoinc-lock-mode=2", "--wsrep-sst-method=kit",
           "--wsrep-slave-threads=2", "--innodb-buffer-pool-size=16M",
           "--innodb-log-file-size=8M", "--innodb-doublewrite=0")
# How a node is sent the state of another (wsrep_sst_kit): it has it, but for the last changes. So
# all that goes from one to the other is which state that is.
SEND_STATE = """#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in
        --role) role=$2; shift ;;
        --address) address=$2; shift ;;
        --datadir) place=$2/kit-state; shift ;;
        --gtid) state=$2; shift ;;
    esac
    shift
done
if [ "$role" = joiner ]; then
    rm -f "$place" && mkfifo "$place" && echo "ready $place" && cat "$place"
else
    echo "$state" > "$address" && echo "done $state"
fi
"""


class Galera:
    """A cluster; a context manager. `nodes` are its servers."""

    def __init__(self, n_nodes=2):
        self.dir = kit_host.short_directory("galera")
        self._ports = [free_port() for _ in range(n_nodes)]
        # Programs end with the thread that started them: these live as long as the cluster.
        self._pool = concurrent.futures.ThreadPoolExecutor(n_nodes)
        self.nodes = []
        script = self.dir / "wsrep_sst_kit"
        script.write_text(SEND_STATE, encoding="ascii")
        script.chmod(0o755)
        for number, port in enumerate(self._ports):
            directory = self.dir / f"n{number}"
            directory.mkdir()
            others = [] if number == 0 else [f"127.0.0.1:{port}" for port in self._ports]
            # State is received at the port behind the base.
            own = (f"base_host=127.0.0.1;base_port={free_port() - 1}"
                   f";gmcast.listen_addr=tcp://127.0.0.1:{port}")
            self.nodes.append(MariaDb(directory, options=[
                *OPTIONS, f"--wsrep-node-name=n{number}",
                f"--wsrep-cluster-address=gcomm://{','.join(others)}",
                "--wsrep-node-address=127.0.0.1",
                f"--wsrep-sst-receive-address=127.0.0.1:{free_port()}",
                f"--wsrep-provider-options={own};{TUNING}"],
                env=kit_host.environment(PATH=f"{self.dir}:{SYSTEM_PATH}")))

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Makes the first node's directory, gives the others copies, and starts all."""
        first = self.nodes[0]
        first.start()
        first.stop()
        for node in self.nodes[1:]:
            shutil.copytree(first.dir / "data", node.dir / "data", dirs_exist_ok=True)
        state = first.dir / "data" / "grastate.dat"
        state.write_text(state.read_text(encoding="ascii").replace(
            "safe_to_bootstrap: 0", "safe_to_bootstrap: 1"), encoding="ascii")
        for node in self.nodes:
            self._pool.submit(node.start, wait=False).result()
        for node in self.nodes:
            node.wait_ready()
            self.wait_size(node, len(self.nodes))
        return self

    @staticmethod
    def status(node, name):
        """A status variable of wsrep on a node."""
        return node.status(f"wsrep_{name}")

    def wait_size(self, node, size):
        """Waits until a node is part of a working cluster of so many."""
        wait_until(lambda: (self.status(node, "cluster_size"), self.status(node, "ready"))
                   == (str(size), "ON"), 120, f"a cluster of {size}", 0.1)

    def close(self):
        """Ends the cluster, and removes its directories."""
        for node in self.nodes:
            node.close()
        self._pool.shutdown()
        shutil.rmtree(self.dir, ignore_errors=True)
