# SPDX-License-Identifier: Apache-2.0
"""Debian's Python masakari-api and masakari-engine, on a database, a broker and a Keystone that the
caller has.

    twin = PythonTwin(directory, cloud, connection)
    twin.db_sync()                                # or masakari-manage of this project
    api = twin.api(); engine = twin.engine()
    twin.rest.get("/segments")
"""
import pathlib

from kit.daemon import Daemon, answers_http, run, uwsgi
from kit.keystone import PASSWORD, REGION
from kit.services import Rest, free_port, write_config

LOG_OF_ENGINE_START = "Starting ha_engine"
# Debian 12's oslo.messaging takes keys off the context of a notification, and its masakari then
# refuses the rest with ValueError: every request that notifies is a 500. So the twin notifies as
# it did with the library that it was released with.
WHOLE_CONTEXT = """
from oslo_messaging.notify import notifier
if hasattr(notifier, "_sanitize_context"):
    notifier._sanitize_context = lambda context: context
"""
WSGI = WHOLE_CONTEXT + """
from masakari.cmd.api import initialize_application
application = initialize_application()
"""
PROGRAM = WHOLE_CONTEXT + """
import sys
from masakari.cmd import {module}
sys.argv[0] = "/usr/bin/masakari-{module}"
sys.exit({module}.main())
"""
# Debian 12's taskflow comes without its migrations, so Debian's masakari-manage ends half way.
# Here taskflow makes its tables from its own description of them, and says that they are of the
# last revision that its release knows.
MANAGE = """
import sys
import sqlalchemy
from masakari.cmd import manage
from taskflow.persistence.backends.sqlalchemy import migration, tables

def db_sync(connection, revision="head"):
    metadata = sqlalchemy.MetaData()
    tables.fetch(metadata)
    version = sqlalchemy.Table("alembic_version", metadata, sqlalchemy.Column(
        "version_num", sqlalchemy.String(32), primary_key=True))
    metadata.create_all(connection)
    if connection.execute(version.select()).first() is None:
        connection.execute(version.insert().values(version_num="40fc8c914bd2"))

migration.db_sync = db_sync
sys.argv[0] = "/usr/bin/masakari-manage"
sys.exit(manage.main())
"""


def program(module, config):
    """The arguments of masakari-api or masakari-engine."""
    return ["/usr/bin/python3", "-c", PROGRAM.format(module=module), "--config-file", config]


def client_options(keystone):
    """The [DEFAULT] options by which both kinds of engine reach Nova."""
    return {
        "os_privileged_user_name": "masakari", "os_privileged_user_password": PASSWORD,
        "os_privileged_user_tenant": "service", "os_privileged_user_auth_url": keystone.base,
        "os_user_domain_name": "Default", "os_project_domain_name": "Default",
        "os_region_name": REGION, "nova_catalog_admin_info": "compute:nova:publicURL",
    }


class KeystoneRest(Rest):
    """A REST client with tokens of Keystone instead of noauth2."""

    def __init__(self, port, keystone, version="1.2", user="admin", project="admin"):
        super().__init__(port)
        self.version = version
        self._keystone = keystone
        self._who = (user, project)
        self.token = keystone.token(user, project)

    def call(self, method, path, body=None, headers=None, timeout=60):
        """As Rest.call()."""
        return super().call(method, path, body, {
            "X-Auth-Token": self.token,
            "OpenStack-API-Version": f"instance-ha {self.version}", **(headers or {})}, timeout)


class PythonTwin:
    """The configuration of one API and its engines. Change `options` before a start."""

    def __init__(self, directory, cloud, connection, host="python1"):
        self.dir = pathlib.Path(directory)
        self.cloud = cloud
        self.host = host
        self.port = free_port()
        self._rest = None
        (self.dir / "empty").mkdir(parents=True, exist_ok=True)
        keystone = cloud.keystone
        self.options = {
            "DEFAULT": {
                "transport_url": cloud.rabbitmq.url(), "auth_strategy": "keystone",
                "masakari_api_listen": "127.0.0.1", "masakari_api_listen_port": self.port,
                "masakari_api_workers": 1, "host": host, "debug": "true",
                "wait_period_after_service_update": 1, "verify_interval": 1,
                "notification_delay_max": 0, "process_unfinished_notifications_interval": 10,
                "retry_notification_new_status_interval": 10, **client_options(keystone)},
            "wsgi": {"api_paste_config": "/etc/masakari/api-paste.ini"},
            "database": {"connection": connection},
            "taskflow": {"connection": connection},
            "keystone_authtoken": keystone.auth("masakari"),
            "oslo_policy": {"policy_dirs": self.dir / "empty"},
            "oslo_messaging_notifications": {"driver": "messagingv2"},
        }
        self.daemons = []

    @property
    def rest(self):
        """A client of the API as the administrator, at the newest microversion it has."""
        if self._rest is None:
            self._rest = KeystoneRest(self.port, self.cloud.keystone)
        return self._rest

    def _config_file(self, name):
        return write_config(self.dir / f"{name}.conf", self.options)

    def _start(self, daemon, wait):
        self.daemons.append(daemon)
        daemon.launch()
        if wait:
            daemon.wait_ready()
        return daemon

    def db_sync(self):
        """Makes or upgrades the tables as Debian's masakari-manage does."""
        run(["/usr/bin/python3", "-c", MANAGE, "--config-file", self._config_file("python-manage"),
             "db", "sync"], self.dir, "python-manage")

    def api(self, wait=True):
        """Starts the API with its built-in server."""
        argv = program("api", self._config_file("python-api"))
        return self._start(Daemon("python-api", argv, self.dir,
                                  lambda: answers_http(self.port)), wait)

    def api_uwsgi(self, processes=1, threads=1, wait=True):
        """Starts the API as Debian's package does, under uwsgi."""
        conf_dir = self.dir / "uwsgi-conf"
        conf_dir.mkdir(exist_ok=True)
        config = write_config(conf_dir / "masakari.conf", self.options)
        paste = conf_dir / "api-paste.ini"  # where else it is not looked for
        paste.write_bytes(pathlib.Path("/etc/masakari/api-paste.ini").read_bytes())
        wsgi = self.dir / "python-api-wsgi.py"
        wsgi.write_text(WSGI, encoding="utf-8")
        # It reads its options twice: from the directory, where it finds the database, and by its
        # arguments, where it finds the rest; without one it takes the rest from /etc/masakari.
        argv = [*uwsgi(self.port, wsgi, processes, threads), "--pyargv", f"--config-file {config}"]
        env = {"OS_MASAKARI_CONFIG_DIR": str(conf_dir)}
        return self._start(Daemon("python-api-uwsgi", argv, self.dir,
                                  lambda: answers_http(self.port), env), wait)

    def engine(self, wait=True):
        """Starts an engine; it is ready when it consumes."""
        argv = program("engine", self._config_file("python-engine"))

        def consumes():
            try:
                return LOG_OF_ENGINE_START in daemon.log.read_text(errors="replace")
            except FileNotFoundError:
                return False

        daemon = Daemon("python-engine", argv, self.dir, consumes)
        return self._start(daemon, wait)

    def close(self):
        """Ends what was started."""
        for daemon in self.daemons:
            daemon.kill()
        self.daemons.clear()
