# SPDX-License-Identifier: Apache-2.0
"""Connection strings mean what SQLAlchemy and oslo.messaging say: [database] connection and
[DEFAULT] transport_url, as people write them and as chance does."""
import json
import random
import subprocess

import oslo_messaging
from oslo_config import cfg
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kit.host import BUILD

SEED, ROUNDS = 20261129, 1500
PIECES = ["u", "p", "@", ":", "/", "//", "h", "h2", "10.0.0.1", "[::1]", "[fe80::1]", ",", "%40",
          "%2F", "%25", "+", "?", "#", "&", "=", "a=b", "ssl=1", "3306", "5672", ".", "-",
          "%", "\u00e9"]
DATABASES = [
    "mysql+pymysql://masakari:pw@db.example.org/masakari?charset=utf8mb4",
    "mysql+pymysql://masakari:p%40ss%2Fw%3Ard%25@10.0.0.1:3307/masakari",
    "mysql+pymysql://masakari:p/w:d+x@[fd00::1]:3310/masakari?charset=utf8&ssl_ca=/a%20b.pem",
    "mysql://u:p@/masakari?unix_socket=%2Frun%2Fmysqld.sock", "mysql://h/d", "mysql://h:/d",
    "mysql://u@h/d", "mysql://u:@h/d", "mysql://u@x:p@h/d", "mysql://u@x@h/d", "mysql://u:p@h:x/d",
    "mysql+mysqldb://u:p?q@h/d", "mariadb+mariadbconnector://u:p@h/d%2Fe", "mysql:///d",
    "mysql+pymysql://u:100%sure%@h/d",
]
TRANSPORTS = [
    "rabbit://openstack:pw@rabbit1:5672,openstack:pw@rabbit2:5672,openstack:pw@rabbit3:5672//",
    "rabbit://masakari:p%40ss%2Fw%3Ard%25@10.0.0.1:5671/masakari?ssl=1&ssl_version=TLSv1_2",
    "rabbit://u:p@[fd00::1]:5672,u:p@[fd00::2]:5672/v%2Fhost?heartbeat_rate=3#primary",
    "rabbit://", "rabbit:///", "rabbit://h", "rabbit://h:/", "rabbit://u:p@/v", "rabbit://u@x:p@h/",
    "rabbit://h/v?a=1&a=2&b=&c", "rabbit://h/v#f?a=1", "RABBIT://h", "fake:///",
]


def ask(kind, urls):
    """What our parsers make of URLs."""
    lines = "".join(f"{kind} {url}\n" for url in urls)
    done = subprocess.run([BUILD / "tests/tools/url-probe"], input=lines, capture_output=True,
                          check=True, text=True, encoding="utf-8", timeout=60)
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_chance(*schemes):
    """Texts behind each scheme."""
    chance = random.Random(SEED)
    return [scheme + "".join(chance.choices(PIECES, k=chance.randrange(1, 12)))
            for scheme in schemes for _ in range(ROUNDS)]


def compare(kind, known, random_ones, read):
    """What both read is the same; ours may refuse more, though nothing that people write."""
    compared = 0
    urls = known + random_ones
    for url, ours in zip(urls, ask(kind, urls)):
        theirs = read(url)
        assert theirs is None or "error" not in ours or url not in known, (url, ours)
        if theirs is not None and "error" not in ours:
            compared += 1
            assert ours == theirs, url
    assert compared > 500


def sqlalchemy_s(url):
    """What SQLAlchemy hands to its driver; None when it refuses."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError):
        return None
    return {"user": made.username, "password": made.password, "host": made.host or "localhost",
            "port": made.port or 3306, "database": made.database}


def test_database_connections():
    compare("database", DATABASES, by_chance("mysql://u:p@", "mysql+pymysql://"), sqlalchemy_s)


def oslo_s(url):
    """What oslo.messaging hands to its driver; None when it refuses."""
    try:
        made = oslo_messaging.TransportURL.parse(cfg.ConfigOpts(), url)
    except (oslo_messaging.InvalidTransportURL, ValueError):
        return None
    return {"transport": made.transport, "virtual_host": made.virtual_host, "query": made.query,
            "hosts": [[host.hostname or "", host.port or 0, host.username, host.password]
                      for host in made.hosts]}


def test_transport_urls(monkeypatch):
    monkeypatch.setattr(oslo_messaging.transport.LOG, "warning", lambda *_: None)
    compare("transport", TRANSPORTS, by_chance("rabbit://u:p@", "rabbit://"), oslo_s)
