# SPDX-License-Identifier: Apache-2.0
"""What all programs share, as the real ones do it: arguments, bad files, reload, drain. Nothing
that they need beside the database is there, and they run nevertheless."""
import os
import re
import signal
import subprocess
import time

import pytest

from kit.services import free_port, program as path_of

DAEMONS = ("masakari-api", "masakari-engine", "masakari-instancemonitor")
TOOLS = ("masakari-manage", "masakari-status")
PROGRAMS = (*DAEMONS, *TOOLS)


@pytest.fixture
def home(tmp_path):
    kept = {name: value for name, value in os.environ.items()
            if not name.startswith("OS_") and name not in ("NOTIFY_SOCKET", "WATCHDOG_USEC")}
    return {**kept, "HOME": str(tmp_path), "OS_MASAKARI_CONFIG_DIR": str(tmp_path)}


def write_config(directory, more=""):
    """One file for all: each project has sections of its own but for [DEFAULT] and [libvirt]."""
    path = directory / "all.conf"
    path.write_text(f"""
[DEFAULT]
auth_strategy = noauth2
compute_driver = libvirt
transport_url = local://
state_path = {directory}/state
masakari_api_listen = 127.0.0.1
masakari_api_listen_port = {free_port()}
[database]
connection = sqlite:///{directory}/masakari.sqlite
[libvirt]
connection_uri = qemu+unix:///system?socket={directory}/no-libvirt
[api]
auth_type = none
endpoint = http://127.0.0.1:{free_port()}/v1
{more}""")
    return path


def run(home, program, *arguments):
    return subprocess.run([path_of(program), *map(str, arguments)], env=home, text=True,
                          capture_output=True, timeout=60, check=False)


def wait_for(log, pattern, process, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        if log.exists() and re.search(pattern, log.read_text()):
            return
        time.sleep(0.02)
    raise AssertionError(f"no {pattern!r}: {log.exists() and log.read_text()}")


@pytest.mark.parametrize("program", PROGRAMS)
def test_information(home, program):
    assert re.fullmatch(rf"{program} \d+\.\d+\.\d+\n", run(home, program, "--version").stdout)
    done = run(home, program, "--help")
    assert done.returncode == 0 and f"Usage: {program} [OPTION...]" in done.stdout
    assert "\n#log_dir = <unset>\n" in run(home, program, "--sample-config").stdout
    wanted = 2 if program in TOOLS else 64
    assert run(home, program, "--no-such-option").returncode == wanted


@pytest.mark.parametrize("program", PROGRAMS)
def test_bad_configuration(home, program, tmp_path):
    path = write_config(tmp_path, "[DEFAULT]\ngraceful_shutdown_timeout = soon\n")
    command = {"masakari-manage": ["db", "version"], "masakari-status": ["upgrade", "check"]}
    done = run(home, program, "--config-file", path, *command.get(program, []))
    number = path.read_text().splitlines().index("graceful_shutdown_timeout = soon") + 1
    assert done.returncode == (2 if program in TOOLS else 78) and done.stdout == ""
    assert done.stderr == (
        f"{program}: {path}:{number}: [DEFAULT] graceful_shutdown_timeout = soon: "
        "must be a whole number from 0 to 2147483647 in seconds\n")


# As deployment tools write it for the Python services behind HAProxy with Keystone and RabbitMQ.
OF_THE_PYTHON_SERVICES = """
[DEFAULT]
debug = False
use_journal = False
use_stderr = True
fatal_deprecations = False
auth_strategy = keystone
masakari_api_listen = 192.0.2.5
masakari_api_listen_port = 15868
masakari_api_workers = 8
os_privileged_user_name = masakari
os_privileged_user_password = sesame
os_privileged_user_tenant = service
os_privileged_user_auth_url = http://127.0.0.1:5000/v3
nova_catalog_admin_info = compute:nova:internalURL
transport_url = rabbit://masakari:sesame@127.0.0.1:1,masakari:sesame@127.0.0.2:1//masakari?ssl=1
wait_period_after_service_update = 180
notification_driver = taskflow_driver
[database]
connection = mysql+pymysql://masakari:sesame@127.0.0.1:1/masakari?charset=utf8&ssl_verify_cert=true
max_overflow = 50
max_pool_size = 5
connection_recycle_time = 600
[taskflow]
connection = mysql+pymysql://masakari:sesame@127.0.0.1:1/masakari?charset=utf8
[keystone_authtoken]
auth_type = password
auth_url = http://127.0.0.1:5000
username = masakari
password = sesame
project_name = service
memcached_servers = 127.0.0.1:11211,127.0.0.2:11211
memcache_security_strategy = ENCRYPT
memcache_secret_key = sesame
service_token_roles_required = True
[host_failure]
evacuate_all_instances = True
ignore_instances_in_error_state = False
[oslo_messaging_rabbit]
ssl = True
rabbit_quorum_queue = True
heartbeat_in_pthread = True
[oslo_messaging_notifications]
driver = messagingv2
driver = log
[taskflow_driver_recovery_flows]
instance_failure_recovery_tasks = pre: ['stop_instance_task'],
  main: ['start_instance_task'], post: ['confirm_instance_active_task']
[oslo_middleware]
enable_proxy_headers_parsing = True
"""


def test_a_file_of_the_python_services_is_read(home, tmp_path):
    """Nothing in it stops the reading, nor does a database that is away; the address that is not
    of this machine does, and the log says so."""
    path = tmp_path / "masakari.conf"
    path.write_text(OF_THE_PYTHON_SERVICES)
    done = run(home, "masakari-api", "--debug")
    assert done.returncode == 78 and "sesame" not in done.stderr
    lines = done.stderr.splitlines()
    assert " CRITICAL " in lines[-1] and "cannot listen on 192.0.2.5 port 15868" in lines[-1]
    (away,) = [line for line in lines if "cannot connect" in line and "masakari.store" in line]
    assert " WARNING " in away and "masakari@127.0.0.1:1/masakari" in away
    assert [line for line in lines if " is no option of" in line] == []
    (effect,) = [line for line in lines if "without effect in this program: " in line]
    assert "heartbeat_in_pthread" in effect
    assert "[host_failure]" not in effect and "[database] max_pool" not in effect


@pytest.mark.parametrize("program", DAEMONS)
def test_reload_and_drain(home, program, tmp_path):
    path = write_config(tmp_path)
    (tmp_path / "state").mkdir()
    assert run(home, "masakari-manage", "--config-file", path, "db", "sync").returncode == 0
    log = tmp_path / "log"
    with subprocess.Popen([path_of(program), "--config-file", path, "--log-file", log], env=home,
                          stderr=subprocess.PIPE, text=True) as process:
        try:
            wait_for(log, rf"{program} \S+ is ready", process)
            text = path.read_text()
            path.write_text(text + "[DEFAULT]\ndebug = true\nlog_date_format = %H\n")
            process.send_signal(signal.SIGHUP)
            wait_for(log, r"\[DEFAULT\] debug changed from 'false' to 'true'", process)
            wait_for(log, r"\[DEFAULT\] log_date_format was changed .* with a restart", process)
            wait_for(log, "configuration reloaded", process)
            path.write_text(text + "nonsense\n")
            process.send_signal(signal.SIGHUP)
            wait_for(log, "configuration not reloaded, the old one stays: .*neither a section",
                     process)
            assert process.poll() is None
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, ""), log.read_text()
    assert not re.search(r" CRITICAL | Traceback", log.read_text())
