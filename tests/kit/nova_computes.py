#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Many nova-compute hosts with the fake driver in one process of Debian's Nova.

    nova_computes.py SOCKET HOST... -- --config-file nova.conf

Each connection to the UNIX socket is one order: "list", "kill HOST" or "start HOST". A killed host
sends no heartbeat and takes no work, and its guests are gone, as after a power cut.
"""
import os
import shlex
import socket
import sys
import traceback

import nova.monkey_patch  # has to come before all other imports of Nova
import eventlet
import nova.compute.manager  # before any thread: Nova's imports are circular
import nova.conf
import nova.db.main.api
import os_vif
from nova import config, objects, service, utils
from nova.compute import rpcapi
from nova.conductor import rpcapi as conductor
from nova.objects import base
from oslo_log import log
from oslo_privsep import priv_context

RUNNING = {}


def start(host):
    """One more nova-compute."""
    if host in RUNNING:
        return "runs already"
    RUNNING[host] = None
    try:
        made = service.Service.create(binary="nova-compute", host=host, topic=rpcapi.RPC_TOPIC)
        made.start()
    except BaseException:
        del RUNNING[host]
        raise
    RUNNING[host] = made
    return "ok"


def kill(host):
    """The end of one, with nothing said to anybody."""
    dead = RUNNING.pop(host, None)
    if dead is None:
        return "does not run"
    for timer in list(dead.tg.timers):
        timer.stop()
    for thread in list(dead.tg.threads):
        thread.kill()
    dead.rpcserver.stop()
    # Without it the broker goes on giving the dead half of what its successor should get.
    dead.rpcserver.listener.cleanup()
    dead.manager.driver.instances.clear()
    return "ok"


def obey(connection):
    """Reads one order, follows it, answers."""
    with connection:
        try:
            order, *names = connection.makefile().readline().split()
            if order == "list":
                said = " ".join(sorted(name for name, made in RUNNING.items() if made))
            else:
                said = {"start": start, "kill": kill}[order](*names)
        except BaseException as error:  # whoever asked has to hear of it
            traceback.print_exc()
            said = f"failed: {error}"
        connection.sendall(f"{said}\n".encode())


def main():
    """Prepares Nova, starts the hosts side by side, and waits for orders."""
    split = sys.argv.index("--")
    path, hosts = sys.argv[1], sys.argv[2:split]
    config.parse_args([sys.argv[0], *sys.argv[split + 1:]])
    log.setup(nova.conf.CONF, "nova")
    priv_context.init(root_helper=shlex.split(utils.get_root_helper()))
    objects.register_all()
    os_vif.initialize()
    nova.db.main.api.DISABLE_DB_ACCESS = True
    base.NovaObject.indirection_api = conductor.ConductorAPI()
    objects.Service.enable_min_version_cache()
    if os.path.exists(path):
        os.unlink(path)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(16)
        for host in hosts:
            eventlet.spawn(start, host)
        while True:
            eventlet.spawn(obey, listener.accept()[0])


if __name__ == "__main__":
    main()
