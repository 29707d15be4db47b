# SPDX-License-Identifier: Apache-2.0
"""Makes mutations.json: what the Python masakari-api answers to mutations.py.

    /usr/bin/python3 tests/contract/make_mutations.py      needs Debian 12's masakari-api

The service runs in this process, on a SQLite database in memory. Nova is a list of host names, and
what is sent to an engine goes nowhere.

    {"texts": [text], "answers": {name: [status, index of the text, -1 for a status below 400]}}
"""
import json
import logging
import pathlib
import sys
import tempfile

import eventlet

eventlet.monkey_patch(os=False)

from masakari import config, exception, objects, rpc
from masakari.compute import nova
from masakari.db.sqlalchemy import api as database
from masakari.db.sqlalchemy import models
from masakari.engine import rpcapi
from masakari.notifications.objects import base
import masakari.conf
from paste import deploy
import webob

import mutations

HERE = pathlib.Path(__file__).parent


def application():
    """The Python service as a WSGI application."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="msk-mutations"))
    path = directory / "masakari.conf"
    path.write_text("[DEFAULT]\nauth_strategy = noauth2\ntransport_url = fake://\n"
                    f"[database]\nconnection = sqlite:///{directory}/m.sqlite\n"
                    f"[oslo_policy]\npolicy_dirs = {directory}/none\n", encoding="utf-8")
    config.parse_args(["masakari-api", "--config-file", str(path)])
    logging.disable(logging.CRITICAL)
    objects.register_all()
    rpc.init(masakari.conf.CONF)
    models.BASE.metadata.create_all(database.get_engine())

    def find(_self, _context, name):
        if name not in (mutations.HOST, "cmp2"):
            raise exception.ComputeNotFoundByName(compute_name=name)

    base.NotificationBase._emit = lambda *_, **__: None
    rpcapi.EngineAPI.process_notification = lambda *_, **__: None
    nova.API.find_compute_service = find
    return deploy.loadapp("config:/etc/masakari/api-paste.ini", name="masakari_api")


def main():
    """Asks, and writes the file."""
    service = application()

    def ask(method, path, body, headers=()):
        request = webob.Request.blank("/v1" + path, method=method)
        request.headers["X-Auth-Token"] = "admin:admin"
        request.headers["OpenStack-API-Version"] = f"instance-ha {mutations.VERSION}"
        request.headers["Accept"] = "application/json"
        if body is not None:
            request.content_type = "application/json"
            request.body = body.encode("utf-8", "surrogatepass")
        request.headers.update(headers)
        answer = request.get_response(service)
        return answer.status_int, answer.body.decode("utf-8", "replace")

    asked = mutations.Mutations(ask)
    kept = mutations.packed(asked.run(), asked.normal)
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(answer)}"
                      for name, answer in kept["answers"].items())
    texts = ",\n".join(f"  {json.dumps(text)}" for text in kept["texts"])
    (HERE / "mutations.json").write_text(
        f'{{"texts": [\n{texts}\n ],\n "answers": {{\n{rows}\n }}}}\n', encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
