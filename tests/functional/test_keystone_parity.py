# SPDX-License-Identifier: Apache-2.0
"""A token of one's own is asked for as keystoneauth does: the library and our API ask the same
model of a Keystone."""
import random

import pytest

pytestmark = pytest.mark.one_thread

pytest.importorskip("keystonemiddleware", reason="needs the package python3-keystonemiddleware")

from keystoneauth1 import exceptions, loading, session
from keystonemiddleware import auth_token
from oslo_config import cfg

from kit.host import KitError
from kit.model_keystone import PATIENCE, ModelKeystone, ask, services_of

BAD_CONFIG = 78


@pytest.fixture(name="keystone")
def fixture_keystone():
    with ModelKeystone() as keystone:
        yield keystone


@pytest.fixture(name="services")
def fixture_services(keystone):
    with services_of(keystone) as services:
        yield services


# ---- a token of one's own ------------------------------------------------------------------------

IDENTITIES = {
    "password": [{"username": "u", "password": "p"}, {"user_id": "1", "password": "p"},
                 {"user_id": "1", "username": "u", "password": "p"},
                 {"username": "u", "password": ""}, {"user-name": "u", "password": "p"}],
    "token": [{"token": "t"}],
    "v3applicationcredential": [
        {"application_credential_id": "i", "application_credential_secret": "s"},
        {"application_credential_name": "n", "application_credential_secret": "s",
         "username": "u"},
        {"application_credential_name": "n", "application_credential_secret": "s",
         "user_id": "1"}],
}
IDENTITIES["v3password"], IDENTITIES["v3token"] = IDENTITIES["password"], IDENTITIES["token"]
DOMAINS = ("user_domain_id", "user_domain_name", "project_domain_id", "project_domain_name",
           "default_domain_id", "default_domain_name")
SCOPES = ("project_id", "project_name", "domain_id", "domain_name", "trust_id")
OLD_NAMES = {"project_id": ["tenant-id", "tenant_id"], "project_name": ["tenant-name",
                                                                        "tenant_name"]}


def generated_options(chance, keystone):
    """The options of some auth_type or other."""
    auth_type = chance.choice(list(IDENTITIES))
    options = {"auth_type": auth_type, "auth_url": keystone.base + chance.choice(
        ("", "/", "/v3", "/v3/"))}
    options.update(chance.choice(IDENTITIES[auth_type]))
    for name in DOMAINS:
        if chance.random() < 0.35 and (not name.startswith("default")
                                       or not auth_type.startswith("v3")):
            options[name] = chance.choice((f"{name} x", f"{name} x", ""))
    if auth_type != "v3applicationcredential":  # has its scope, and may not ask for one
        for name in chance.sample(SCOPES, chance.choice((0, 1, 1, 1, 2))):
            options[chance.choice([name, name, *(
                OLD_NAMES.get(name, []) if not auth_type.startswith("v3") else [])])] = name
        if chance.random() < 0.2:
            options["system_scope"] = "all"
    return options


def asked_by_the_library(services, keystone):
    """What keystoneauth sends with the options of the file, or None when it refuses them."""
    conf = cfg.ConfigOpts()
    conf([], project="masakari", default_config_files=[str(services.config_file())],
         default_config_dirs=[])
    loading.register_auth_conf_options(conf, "keystone_authtoken")
    keystone.asked.clear()
    try:
        plugin = loading.load_auth_from_conf_options(conf, "keystone_authtoken")
        plugin.get_token(session.Session())
    except exceptions.ClientException:
        return None
    return keystone.asked[-1]


def asked_by_ours(services, keystone):
    """The same of our API."""
    keystone.asked.clear()
    try:
        api = services.api()
    except KitError:
        assert services.started[-1].popen.wait(PATIENCE) == BAD_CONFIG
        return None
    ask(services, "/v1/segments", {"X-Auth-Token": "some"})
    assert api.stop() == 0
    return keystone.asked[-1]


def test_what_is_asked_for_a_token(keystone, services):
    chance = random.Random(20261129)
    wrong, refused = [], 0
    for _ in range(150):
        options = generated_options(chance, keystone)
        services.options["keystone_authtoken"] = options
        expected = asked_by_the_library(services, keystone)
        found = asked_by_ours(services, keystone)
        refused += expected is None
        if found != expected:
            wrong.append((options, found, expected))
    assert not wrong, wrong[0]
    assert 20 < refused < 100


def test_options_of_another_section(keystone, services):
    """Of keystonemiddleware, too, only sections that it has registered itself can be named."""
    own = services.options["keystone_authtoken"]
    services.options["other"] = {**own}
    services.options["keystone_authtoken"] = {"auth_section": "other"}
    conf = cfg.ConfigOpts()
    conf([], project="masakari", default_config_files=[str(services.config_file())],
         default_config_dirs=[])
    with pytest.raises(cfg.NoSuchOptError):
        auth_token.AuthProtocol(None, {"oslo_config_config": conf})
    assert asked_by_ours(services, keystone) is None
    services.options["keystone_authtoken"] = {**own, "auth_section": "keystone_authtoken"}
    assert asked_by_ours(services, keystone) == asked_by_the_library(services, keystone)
