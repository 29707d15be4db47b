# SPDX-License-Identifier: Apache-2.0
"""The message bus on a real RabbitMQ, with oslo.messaging and the Python service's own objects at
the other end, and against what was recorded of the Python services (tests/data/rpc)."""
import concurrent.futures
import json
import pathlib
import re
import uuid

import oslo_messaging
import oslo_messaging.opts
import pytest
from masakari import objects
from masakari.objects import base as objects_base
from oslo_config import cfg

from fakes.nova import ModelNova
from kit.host import wait_until
from kit.load import Load, use_model, wait_all_recovered
from kit.rabbitmq import VHOST, RabbitMq, make_certificates, place_of, transport_url
from kit.relay import Relay
from kit.services import Services

DATA = pathlib.Path(__file__).resolve().parents[1] / "data" / "rpc"
EVENTS = json.loads((DATA / "versioned_notifications.json").read_text(encoding="utf-8"))
MESSAGES = json.loads((DATA / "rpc_messages.json").read_text(encoding="utf-8"))
LONG = 120  # seconds that an event may take on a busy machine

oslo_messaging.set_transport_defaults(control_exchange="masakari")
objects.register_all()
objects_base.MasakariObjectRegistry.register_notification_objects()


def new_conf():
    """The defaults: oslo.messaging registers some of its options in the global object alone."""
    cfg.CONF([], project="none", default_config_files=[], default_config_dirs=[])
    return cfg.CONF


@pytest.fixture(name="brokers", scope="module")
def _brokers():
    """Two that know nothing of each other."""
    made = [RabbitMq(tls=True), RabbitMq()]
    # Programs end with the thread that started them: these live as long as the brokers.
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        try:
            yield list(pool.map(RabbitMq.start, made))
        finally:
            for broker in made:
                broker.close()


@pytest.fixture(name="broker", scope="module")
def _broker(brokers):
    return brokers[0]


def make_services(broker, **options):
    """Our API and engine on @broker; their queues begin empty."""
    services = Services(name="h1")
    services.options["DEFAULT"]["transport_url"] = broker.url()
    services.options["libvirt"].update({
        "connection_uri": "test:///default",
        "host_uris": "h1:test:///default,h2:test:///default"})
    services.options["oslo_messaging_notifications"] = {"driver": "messagingv2"}
    services.options["oslo_messaging_rabbit"] = {"rabbit_retry_interval": "1",
                                                 "rabbit_interval_max": "1",
                                                 "kombu_reconnect_delay": "0", **options}
    services.db_sync()
    return services


@pytest.fixture(name="services")
def _services(broker):
    broker.ctl("eval", "[rabbit_amqqueue:delete(Q, false, false, <<>>)"
               " || Q <- rabbit_amqqueue:list()].")
    with make_services(broker) as services:
        yield services


def vm_report(number=6, event="STOPPED_FAILED"):
    """The body of a notification of a VM."""
    return {"notification": {
        "hostname": "h1", "type": "VM", "generated_time": "2026-01-02T03:04:05",
        "payload": {"event": "LIFECYCLE", "vir_domain_event": event,
                    "instance_uuid": f"5e5e0000-0000-4000-8000-{number:012d}"}}}


def host_report():
    """The body of a notification that calls for nothing."""
    return {"notification": {
        "hostname": "h1", "type": "COMPUTE_HOST", "generated_time": "2026-01-02T03:04:05",
        "payload": {"event": "STARTED", "host_status": "NORMAL", "cluster_status": "ONLINE"}}}


class Listener:
    """An oslo.messaging listener of our events, on the Python side."""

    def __init__(self, broker):
        self.seen = []
        conf = new_conf()
        self.transport = oslo_messaging.get_notification_transport(conf, url=broker.url())
        self.server = oslo_messaging.get_notification_listener(
            self.transport, [oslo_messaging.Target(topic="versioned_notifications")], [self],
            executor="threading")

    def info(self, context, publisher_id, event_type, payload, metadata):
        """Called by oslo.messaging."""
        self.seen.append((event_type, publisher_id, payload, context, metadata))

    error = info

    def __enter__(self):
        self.server.start()
        return self

    def __exit__(self, *_):
        self.server.stop()
        self.server.wait()
        self.transport.cleanup()

    def names(self):
        """The events so far."""
        return [event[0] for event in self.seen]

    def wait(self, *names):
        """Waits until each of the events has come."""
        wait_until(lambda: set(names) <= set(self.names()), LONG,
                   f"events {names}; there were {self.names()}")

    def one(self, name):
        """The only event of that name."""
        found = [event for event in self.seen if event[0] == name]
        assert len(found) == 1, self.names()
        return found[0]


def shape(value, path=""):
    """{path: type} of everything in a JSON value but the report of a monitor, which is free."""
    if isinstance(value, dict) and not path.endswith("object.data.payload"):
        result = {path: "object"}
        for key, member in value.items():
            result.update(shape(member, f"{path}.{key}"))
        return result
    return {path: "null" if value is None else type(value).__name__}


def assert_same_shape(ours, recorded):
    """The same keys at every level; types may differ where one side is null."""
    mine, theirs = shape(ours), shape(recorded)
    assert set(mine) == set(theirs)
    for path, kind in mine.items():
        assert kind == theirs[path] or "null" in (kind, theirs[path]), path


def change_everything(services):
    """One of every change of segments and hosts, and of those that are refused for a name."""
    rest = services.rest
    segment, host = rest.segment_with_host("h1")
    other = rest.post("/segments", {"segment": {
        "name": "other", "recovery_method": "auto", "service_type": "C"}})["segment"]["uuid"]
    body = {"segment": {"name": "other", "recovery_method": "auto", "service_type": "C"}}
    assert rest.call("POST", "/segments", body)[0] == 409
    assert rest.call("PUT", f"/segments/{segment}", {"segment": {"name": "other"}})[0] == 409
    rest.put(f"/segments/{segment}", {"segment": {"name": "new"}})
    twin = {"host": {"name": "h1", "type": "KVM", "control_attributes": "x"}}
    assert rest.call("POST", f"/segments/{segment}/hosts", twin)[0] == 409
    second = rest.post(f"/segments/{segment}/hosts", {"host": {
        **twin["host"], "name": "h2"}})["host"]["uuid"]
    assert rest.call("PUT", f"/segments/{segment}/hosts/{second}",
                     {"host": {"name": "h1"}})[0] == 409
    rest.delete(f"/segments/{segment}/hosts/{second}")
    rest.put(f"/segments/{segment}/hosts/{host}", {"host": {"reserved": True}})
    rest.delete(f"/segments/{segment}/hosts/{host}")
    rest.delete(f"/segments/{other}")


def test_every_event_as_recorded(broker, services):
    """Every event has the keys and types of the recorded one, and the Python service's fields take
    each value."""
    with Listener(broker) as listener:
        services.api()
        services.engine()
        change_everything(services)
        services.rest.segment_with_host("h1", "again")
        services.rest.post("/notifications", host_report())
        services.rest.post("/notifications", vm_report())
        listener.wait(*EVENTS)
        for name, publisher, payload, context, _ in listener.seen:
            recorded = EVENTS[name]["oslo.message"]
            assert_same_shape(payload, recorded["payload"])
            assert publisher.split(":")[0] == recorded["publisher_id"].split(":")[0]
            kept = {key[len("_context_"):] for key in recorded if key.startswith("_context_")}
            assert kept <= set(context)
            assert context["auth_token"] is None
            check_fields(payload)


def check_fields(payload):
    """What a Python service would do to read the object."""
    name = payload["masakari_object.name"]
    cls = objects_base.MasakariObjectRegistry.obj_classes()[name][0]
    assert payload["masakari_object.version"] == cls.VERSION
    for key, value in payload["masakari_object.data"].items():
        field = cls.fields[key]
        if isinstance(value, dict) and "masakari_object.name" in value:
            check_fields(value)
        elif value is not None:
            field.coerce(None, key, field.from_primitive(None, key, value))


@pytest.mark.parametrize("driver", ["messagingv2", "messaging"])
def test_event_contents(broker, services, driver):
    """Order, priorities and values, with the oddities of the Python service."""
    services.options["oslo_messaging_notifications"] = {"driver": driver}
    with Listener(broker) as listener:
        services.api()
        change_everything(services)
        listener.wait("host.delete.end", "segment.delete.end", "host.create.error")
        names = listener.names()
        assert names.index("segment.create.start") < names.index("segment.create.end")
        created = [e for e in listener.seen if e[0] == "segment.create.end"][0]
        assert "id" not in created[2]["masakari_object.data"]
        error = listener.one("segment.update.error")[2]["masakari_object.data"]
        assert error["name"] == "other" and error["id"] == 1
        moved = listener.one("host.update.error")[2]["masakari_object.data"]
        assert moved["name"] == "h1" and moved["fault"]["masakari_object.data"][
            "exception_message"] == "Host with name h1 already exists."
        fault = error["fault"]["masakari_object.data"]
        assert fault["exception"] == "FailoverSegmentExists"
        assert fault["exception_message"] == "Failover segment with name other already exists."
        updated = listener.one("host.update.end")[2]["masakari_object.data"]
        assert updated["reserved"] is True
        segment = updated["failover_segment"]
        restored = objects_base.MasakariObject.obj_from_primitive(segment)
        assert restored.name == "new"


def engine_client(broker, version="1.1", timeout=60, exchange=None, **options):
    """What a Python API has of an engine."""
    conf = new_conf()
    rabbit_opts = oslo_messaging.opts.list_opts()
    for group, listed in rabbit_opts:
        if group is not None and str(getattr(group, "name", group)) == "oslo_messaging_rabbit":
            conf.register_opts(listed, group="oslo_messaging_rabbit")
    for name, value in options.items():
        conf.set_override(name, value, group="oslo_messaging_rabbit")
    transport = oslo_messaging.get_rpc_transport(conf, url=broker.url(),
                                                 allowed_remote_exmods=["masakari.exception"])
    serializer = objects_base.MasakariObjectSerializer()
    target = oslo_messaging.Target(topic="ha_engine", version=version, exchange=exchange)
    return transport, oslo_messaging.get_rpc_client(
        transport, target, serializer=serializer, timeout=timeout)


def python_notification(uuid):
    """A Notification as the Python API would send it."""
    return objects.Notification(
        id=1, notification_uuid=uuid, generated_time="2026-01-02T03:04:05Z",
        source_host_uuid=uuid, type="VM", status="new",
        payload={"event": "LIFECYCLE", "instance_uuid": uuid})


def test_python_client_calls_our_engine(broker, services):
    """A Python API asks our engine for details, and for what it does not have."""
    services.api()
    services.engine()
    services.rest.segment_with_host("h1")
    uuid = services.rest.post("/notifications", vm_report())["notification"]["notification_uuid"]
    transport, client = engine_client(broker)
    try:
        wait_until(lambda: services.rest.notifications()[0]["status"] == "error", LONG, "the end")
        result = client.call({}, "get_notification_recovery_workflow_details",
                             notification=python_notification(uuid))
        assert isinstance(result, objects.Notification)
        assert result.notification_uuid == uuid and result.status == "error"
        assert result.obj_what_changed() == {"recovery_workflow_details"}
        with pytest.raises(oslo_messaging.RemoteError) as caught:
            client.call({}, "fly")
        assert caught.value.exc_type == "NoSuchMethod"
        with pytest.raises(oslo_messaging.RemoteError) as caught:
            client.prepare(version="2.0").call({}, "process_notification")
        assert caught.value.exc_type == "UnsupportedVersion"
        missing = python_notification("00000000-0000-4000-8000-000000000000")
        with pytest.raises(Exception, match="Failed to fetch notification recovery workflow"):
            client.call({}, "get_notification_recovery_workflow_details", notification=missing)
    finally:
        transport.cleanup()


@pytest.mark.parametrize("compression", ["gzip", "bzip2"])
def test_compressed_requests(broker, services, compression):
    """A Python API with [oslo_messaging_rabbit] kombu_compression: what it documents is read, what
    it does not is said."""
    engine = services.engine()
    transport, client = engine_client(broker, kombu_compression=compression,
                                      timeout=LONG if compression == "gzip" else 5)
    missing = python_notification("00000000-0000-4000-8000-000000000000")
    try:
        if compression == "gzip":
            with pytest.raises(Exception, match="Failed to fetch notification recovery workflow"):
                client.call({}, "get_notification_recovery_workflow_details", notification=missing)
        else:
            def is_said():
                """A cast that is there before the engine's queue is lost."""
                client.cast({}, "process_notification", notification=missing)
                return "kombu_compression = gzip" in log_of(engine)

            wait_until(is_said, LONG, "a warning", 0.5)
    finally:
        transport.cleanup()
        transport.conf.clear_override("kombu_compression", group="oslo_messaging_rabbit")


def test_python_server_gets_our_casts(broker, services):
    """A Python engine gets our API's cast, with the keys that were recorded."""
    seen = []

    class Endpoint:
        """The engine."""
        target = oslo_messaging.Target(version="1.1")

        def process_notification(self, context, notification=None):
            """Called by oslo.messaging."""
            seen.append((context, notification))

    conf = new_conf()
    transport = oslo_messaging.get_rpc_transport(conf, url=broker.url())
    server = oslo_messaging.get_rpc_server(
        transport, oslo_messaging.Target(topic="ha_engine", server="python"), [Endpoint()],
        executor="threading", serializer=objects_base.MasakariObjectSerializer())
    server.start()
    try:
        services.api()
        services.rest.segment_with_host("h1")
        asked = f"req-{uuid.uuid4()}"
        status, headers, body = services.rest.call(
            "POST", "/notifications", vm_report(), {
                "X-Openstack-Request-Id": asked, "X-User-Name": "ann", "X-Project-Name": "blue"})
        assert status == 202
        posted = body["notification"]
        wait_until(lambda: seen, LONG, "the cast")
        context, notification = seen[0]
        assert context["request_id"] == headers["X-Openstack-Request-Id"]
        assert context["global_request_id"] == asked
        assert (context["user_name"], context["project_name"]) == ("ann", "blue")
        assert isinstance(notification, objects.Notification)
        assert notification.notification_uuid == posted["notification_uuid"]
        assert notification.payload == posted["payload"] and notification.status == "new"
        recorded = MESSAGES["process_notification.cast.publish"]["oslo.message"]
        ours = notification.obj_to_primitive()
        ours.pop("masakari_object.changes", None)
        known = recorded["args"]["notification"]
        known["masakari_object.data"] = {key: value for key, value
                                         in known["masakari_object.data"].items()
                                         if key in objects.Notification.fields}
        assert_same_shape(ours, known)
        assert {k[9:] for k in recorded if k.startswith("_context_")} <= set(context)
        odd = vm_report(7, event="a\"b\\c\u00e9\u2028\U0001f600\x01\x7f</x>\t\n{'}")
        posted = services.rest.post("/notifications", odd)["notification"]
        wait_until(lambda: len(seen) == 2, LONG, "the cast with odd characters")
        assert seen[1][1].payload == posted["payload"] == odd["notification"]["payload"]
    finally:
        server.stop()
        server.wait()
        transport.cleanup()


def test_queues_as_python_declares_them(broker, services):
    """Names, arguments and bindings; a Python server on the same queues finds nothing amiss (the
    test before) or after us."""
    services.engine()
    wait_until(lambda: "ha_engine.h1" in broker.queues(), LONG, "the queues")
    wait_until(lambda: any(name.startswith("ha_engine_fanout_") and queue["consumers"] == "1"
                           for name, queue in broker.queues().items()), LONG, "the fanout queue")
    queues = broker.queues()
    for name in ("ha_engine", "ha_engine.h1"):
        queue = queues[name]
        assert (queue["durable"], queue["auto_delete"], queue["arguments"]) == (
            "false", "false", "[]")
    fanout = [name for name, queue in queues.items()
              if name.startswith("ha_engine_fanout_") and queue["consumers"] == "1"]
    assert queues[fanout[0]]["arguments"] == '[{"x-expires",1800000}]'
    exchanges = broker.exchanges()
    assert exchanges["masakari"]["type"] == "topic"
    assert exchanges["masakari"]["durable"] == "false"
    assert exchanges["ha_engine_fanout"]["auto_delete"] == "true"
    bound = {(b["source_name"], b["destination_name"], b["routing_key"])
             for b in broker.bindings()}
    assert ("masakari", "ha_engine.h1", "ha_engine.h1") in bound
    assert ("ha_engine_fanout", fanout[0], "ha_engine") in bound


def test_an_engine_hears_what_is_for_it_for_all_and_for_any(broker, services):
    """The three addresses of oslo.messaging: one server, all of them, whoever is first."""
    services.options["DEFAULT"]["debug"] = "true"
    engine = services.engine()
    wait_until(lambda: "Listening for requests" in log_of(engine), LONG, "the engine")
    transport, client = engine_client(broker)
    missing = python_notification("00000000-0000-4000-8000-000000000000")
    told = f"An API tells of notification {missing.notification_uuid}"
    try:
        for number, address in enumerate(({"server": "h1"}, {"fanout": True}, {}), 1):
            client.prepare(**address).cast({}, "process_notification", notification=missing)
            wait_until(lambda n=number: log_of(engine).count(told) == n, LONG, f"a cast {address}")
    finally:
        transport.cleanup()


def test_ping(broker, services):
    """An engine answers oslo_rpc_server_ping when it is told to."""
    services.options["DEFAULT"]["rpc_ping_enabled"] = "true"
    services.engine()
    transport, client = engine_client(broker, version="1.0")
    try:
        assert client.call({}, "oslo_rpc_server_ping") == "pong"
    finally:
        transport.cleanup()


def wait_told(engine):
    """Waits until the engine hears of reports from now on."""
    def told():
        return log_of(engine).count("An API tells of notification")

    seen = told()
    wait_until(lambda: told() >= seen + 3, LONG, "the engine to be told of reports")


def wait_recovered(services, load):
    """Waits until some more reports, of those from now on, have been recovered."""
    wanted = len(load.accepted) + 5
    wait_until(lambda: sum(row["status"] == "finished" for row in services.rest.notifications())
               >= wanted, LONG, "recoveries")


def check_bus(broker, services):
    """Events come through a broker, and the engine answers there."""
    with Listener(broker) as listener:
        services.rest.post("/notifications", host_report())
        listener.wait("notification.create.end")
    transport, client = engine_client(broker)
    try:
        uuid = services.rest.notifications()[0]["notification_uuid"]
        wait_until(lambda: call_works(client, uuid), LONG, "the engine to answer", interval=1)
    finally:
        transport.cleanup()


def test_nothing_is_lost_or_doubled_while_brokers_fail(brokers, services):
    """Of two brokers one hangs and the other one dies, they change their parts, and there is none
    between: reports are taken and recovered all the time, each once, where there is a broker the
    engine is told of them, and nothing has to be started again."""
    first, second = brokers
    url = transport_url(place_of(first.port), place_of(second.port))
    with ModelNova(hosts=["h1"]) as nova:
        use_model(services, nova, services.options["database"]["connection"])
        services.options["DEFAULT"].update({
            "debug": "true", "transport_url": f"{url}?heartbeat_timeout_threshold=4#both"})
        # Never are both there: API and engine could be on different ones then, for ever.
        second.pause()
        try:
            services.api()
            engine = services.engine()
            services.rest.segment_with_host("h1")
            with Load([services.rest], nova) as load:
                wait_told(engine)
                first.kill()
                wait_recovered(services, load)
                second.resume()
                wait_told(engine)
                second.pause()
                first.start()
                wait_told(engine)
            assert set(load.statuses) == {202}
            wait_all_recovered(services.rest, nova, load.accepted)
            check_bus(first, services)
            assert engine.alive()
        finally:
            second.resume()
            if not first.process.alive():
                first.start()


def call_works(client, uuid):
    """Whether the engine answers now."""
    try:
        client.prepare(timeout=5).call({}, "get_notification_recovery_workflow_details",
                                       notification=python_notification(uuid))
    except oslo_messaging.MessagingTimeout:
        return False
    return True


def test_tls_and_failover(broker):
    """Over TLS with the broker's certificate checked; a broker that is not there is passed over,
    and an untrusted one is not talked to."""
    ca = broker.certificates["ca"]
    with make_services(broker, ssl="true", ssl_ca_file=ca,
                       ssl_enforce_hostname_verification="true") as services:
        services.options["DEFAULT"]["transport_url"] = transport_url(
            place_of(1), place_of(broker.tls_port, "localhost"))
        engine = services.engine()
        wait_until(lambda: "Listening for requests" in log_of(engine), LONG, "the engine over TLS")
    other = broker.certificates["key"].parent / "other"
    other.mkdir(exist_ok=True)
    stranger = make_certificates(other)["ca"]
    with make_services(broker, ssl="true", ssl_ca_file=stranger) as services:
        services.options["DEFAULT"]["transport_url"] = broker.url(tls=True)
        engine = services.engine()
        wait_until(lambda: "out of reach" in log_of(engine), LONG, "a refusal")
        assert "Listening for requests" not in log_of(engine)


CERTIFICATE_LOGIN = """
auth_mechanisms.3 = EXTERNAL
ssl_cert_login_from = common_name
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = true
"""


def test_login_by_certificate(tmp_path):
    """The broker wants our certificate, and knows us by it alone; one file has it and its key."""
    (tmp_path / "plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n", encoding="ascii")
    with RabbitMq(tmp_path, tls=True, conf=CERTIFICATE_LOGIN) as broker:
        broker.ctl("add_user", "localhost", "unused")
        broker.ctl("set_permissions", "-p", VHOST, "localhost", ".*", ".*", ".*")
        both = tmp_path / "both.pem"
        both.write_text("".join(broker.certificates[part].read_text(encoding="ascii")
                                for part in ("cert", "key")), encoding="ascii")
        for options, works in (({"ssl_cert_file": both, "rabbit_login_method": "EXTERNAL"}, True),
                               ({"rabbit_login_method": "EXTERNAL"}, False)):
            with make_services(broker, ssl="true", ssl_ca_file=broker.certificates["ca"],
                               **options) as services:
                services.options["DEFAULT"]["transport_url"] = transport_url(
                    place_of(broker.tls_port, password="wrong"))
                engine = services.engine()
                wait_until(lambda log=engine, word="Listening for" if works else "out of reach":
                           word in log_of(log), LONG, f"a login that works: {works}")
                assert ("Listening for" in log_of(engine)) == works


def log_of(process):
    """What it has logged so far."""
    return process.log.read_text(encoding="utf-8", errors="replace")


def test_failover_between_two_brokers(broker, services):
    """What is lost with one broker's connection, even in the middle of a message, comes over the
    next one's; a third failure leads back to the first."""
    with Relay(broker.port) as first, Relay(broker.port) as second, Listener(broker) as listener:
        services.options["DEFAULT"]["transport_url"] = transport_url(
            place_of(first.port), place_of(second.port))
        second.cut()
        services.api()
        engine = services.engine()
        services.rest.segment_with_host("h1")
        for number, (goes, stays) in enumerate(((first, second), (second, first)), 1):
            wait_until(lambda n=number: log_of(engine).count("Listening for requests") == n, LONG,
                       "the engine on a broker")
            stays.open()
            goes.arm(b"notification.create.end", lambda send_on: None)
            services.rest.post("/notifications", vm_report(number))
            wait_until(lambda n=number: listener.names().count("notification.create.end") >= n,
                       LONG, "the event that was cut off")
            assert goes.hits == 1
        wait_until(lambda: log_of(engine).count("Listening for requests") == 3, LONG,
                   "the engine on the first broker again")
        told = {event[2]["masakari_object.data"]["payload"]["instance_uuid"]
                for event in listener.seen if event[0] == "notification.create.end"}
        assert told == {vm_report(number)["notification"]["payload"]["instance_uuid"]
                        for number in (1, 2)}


QUORUM = {"rabbit_quorum_queue": "true", "rabbit_quorum_delivery_limit": "5",
          "rabbit_transient_quorum_queue": "true", "rabbit_transient_queues_ttl": "60"}


@pytest.mark.parametrize(("options", "fanout", "arguments"), [
    ({**QUORUM, "use_queue_manager": "true", "hostname": "node", "processname": "p"},
     "ha_engine_fanout_node:p:", {"x-queue-type": '"quorum"', "x-delivery-limit": "5",
                                  "x-expires": "60000"}),
    ({**QUORUM, "rabbit_stream_fanout": "true", "rabbit_qos_prefetch_count": "10"},
     "ha_engine_fanout", {"x-queue-type": '"stream"', "x-max-age": '"60s"'}),
])
def test_queues_of_other_kinds(broker, services, options, fanout, arguments):
    """Quorum queues, a stream and names that stay, declared as oslo.messaging declares them; a
    Python client's calls come through."""
    services.options["oslo_messaging_rabbit"].update(options)
    exchange = f"kind-{len(arguments)}"
    services.options["DEFAULT"]["control_exchange"] = exchange
    engine = services.engine()
    wait_until(lambda: "Listening for requests" in log_of(engine), LONG, "the engine")
    queues = broker.queues()
    own = [name for name in queues if name.startswith(fanout)]
    assert len(own) == 1
    for name, wanted in (("ha_engine", {"x-queue-type": '"quorum"', "x-delivery-limit": "5"}),
                         ("ha_engine.h1", {"x-queue-type": '"quorum"', "x-delivery-limit": "5"}),
                         (own[0], arguments)):
        queue = queues[name]
        assert dict(re.findall(r'{"([^"]+)",("?[^"}]+"?)}', queue["arguments"])) == wanted
        assert (queue["durable"], queue["auto_delete"]) == ("true", "false")
    if "rabbit_qos_prefetch_count" in options:
        assert broker.prefetch()["ha_engine.h1"] == options["rabbit_qos_prefetch_count"]
    transport, client = engine_client(broker, exchange=exchange, rabbit_quorum_queue=True)
    try:
        missing = python_notification("00000000-0000-4000-8000-000000000000")
        with pytest.raises(Exception, match="Failed to fetch notification recovery workflow"):
            client.call({}, "get_notification_recovery_workflow_details", notification=missing)
    finally:
        transport.cleanup()


def test_wrong_password_is_said(broker, services):
    """Who may not log in says so, without the password, and lives on."""
    services.options["DEFAULT"]["transport_url"] = broker.url(password="se/cret")
    engine = services.engine()
    wait_until(lambda: "out of reach" in log_of(engine), LONG, "the refusal")
    text = "\n".join(line for line in log_of(engine).splitlines() if "out of reach" in line)
    assert "se/cret" not in text and "se%2Fcret" not in text
    assert engine.alive()


def test_stop_while_the_broker_hangs(broker, services):
    """Programs end in time although a broker does not answer."""
    api, engine = services.api(), services.engine()
    broker.pause()
    try:
        services.rest.segment_with_host("h1")
        assert (engine.stop(30), api.stop(30)) == (0, 0)
    finally:
        broker.resume()
