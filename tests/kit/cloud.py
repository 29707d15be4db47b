# SPDX-License-Identifier: Apache-2.0
"""A whole cloud of real services for the tests of tests/cloud, and for work by hand.

    with Cloud(nova=True) as cloud:             # cloud.mariadb, .rabbitmq, .keystone, .nova
        token = cloud.keystone.token()

    PYTHONPATH=tests /usr/bin/python3 -m kit.cloud [--no-nova]   # until Ctrl-C

What does not depend on each other starts side by side. `memcached` is there as well.
"""
import argparse
import concurrent.futures
import pathlib
import shutil
import signal
import sys
import time

from kit import host as kit_host
from kit.keystone import Keystone
from kit.mariadb import MariaDb
from kit.memcached import Memcached
from kit.nova import Nova
from kit.python_twin import KeystoneRest, client_options
from kit.rabbitmq import RabbitMq

# A commit survives the death of the server, as tests need, if not that of the machine.
FAST = ("--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=0")
HOSTS = ("cmp1", "cmp2", "cmp3", "cmp4")


class Cloud:
    """The services of one directory; without one, a new one is made and removed at the end."""

    def __init__(self, directory=None, nova=True, hosts=HOSTS, say=lambda text: None):
        self._own_dir = directory is None
        self.dir = pathlib.Path(directory or kit_host.short_directory("cloud")).resolve()
        self.say = say
        # Programs end with the thread that started them: these live as long as the cloud.
        self._pool = concurrent.futures.ThreadPoolExecutor(4)
        self.mariadb = MariaDb(self._sub("db"), options=FAST)
        self.rabbitmq = RabbitMq(self._sub("mq"))
        self.memcached = Memcached(self._sub("mc"))
        self.keystone = Keystone(self.mariadb, self._sub("ks"))
        self.nova = None
        if nova:
            self.nova = Nova(self._sub("nova"), self.mariadb, self.rabbitmq, self.keystone, hosts)

    def _sub(self, name):
        path = self.dir / name
        path.mkdir(parents=True)
        return path

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_):
        self.close()

    def start(self):
        """Starts everything; returns self."""
        began = time.monotonic()

        def done(what):
            self.say(f"{time.monotonic() - began:6.1f} s  {what}")

        rabbitmq = self._pool.submit(self.rabbitmq.start)
        memcached = self._pool.submit(self.memcached.start)
        self.mariadb.start()
        done("MariaDB")
        databases = self._pool.submit(self.nova.prepare_databases) if self.nova else None
        self.keystone.prepare()
        self.keystone.start()
        done("Keystone")
        self.keystone.register("masakari", "instance-ha", "http://127.0.0.1:15868/v1/%(tenant_id)s")
        if self.nova:
            self.nova.register()
            done("users and endpoints")
            databases.result()
            done("Nova's databases")
        rabbitmq.result()
        memcached.result()
        if self.nova:
            self.nova.launch()
            self.nova.wait_ready()
            done(f"Nova with {len(self.nova.hosts)} hosts")
        return self

    def configure(self, services):
        """Makes our services (kit.services.Services) part of this cloud: its Keystone, its broker,
        its Nova. The database stays theirs."""
        services.options["DEFAULT"].update({
            "auth_strategy": "keystone", "compute_driver": "nova",
            "transport_url": self.rabbitmq.url(), "masakari_api_workers": 2,
            **client_options(self.keystone)})
        services.options["keystone_authtoken"] = self.keystone.auth("masakari")
        del services.options["libvirt"]
        services.rest = KeystoneRest(services.port, self.keystone, version="1.3")
        return services

    def close(self):
        """Ends everything, and removes the directory if it is ours."""
        if self.nova:
            self.nova.close()
        for service in (self.keystone, self.memcached, self.rabbitmq, self.mariadb):
            service.close()
        self._pool.shutdown()
        if self._own_dir:
            shutil.rmtree(self.dir, ignore_errors=True)


def main():
    """A cloud by hand."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--no-nova", action="store_true", help="no Nova and no Placement")
    options = parser.parse_args()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(0))
    with Cloud(nova=not options.no_nova, say=lambda text: print(text, flush=True)) as cloud:
        for name, value in cloud.keystone.openrc().items():
            print(f"export {name}={value}")
        print(f"# logs: {cloud.dir}/*/log; database: mariadb -uroot -S {cloud.mariadb.socket};"
              f" broker: {cloud.rabbitmq.url()}", flush=True)
        try:
            signal.pause()
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
