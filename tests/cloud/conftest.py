# SPDX-License-Identifier: Apache-2.0
"""What the tests on real services share: one cloud for all of them.

With pytest-xdist all tests that use the cloud run on one worker (--dist loadgroup), so that a run
starts one. Each file of the others has servers of its own, and is a group beside it.
"""
import pathlib

import pytest

from kit.cloud import Cloud

HERE = pathlib.Path(__file__).parent


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the marks
def pytest_collection_modifyitems(items):
    """Puts every test that is in no group of its own into that of the cloud or of its file."""
    for item in items:
        if HERE in item.path.parents and item.get_closest_marker("xdist_group") is None:
            group = "cloud" if "cloud" in item.fixturenames else item.path.stem
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(scope="session")
def cloud():
    """MariaDB, RabbitMQ, memcached, Keystone, Placement and Nova with four hosts."""
    with Cloud() as made:
        yield made
