# SPDX-License-Identifier: Apache-2.0
"""What all functional tests share: the test kit on the path, and a throw-away host."""
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from kit.host import Host  # noqa: E402  (the path comes first)


@pytest.fixture
def host():
    """A throw-away host without any service; see kit/host.py."""
    with Host("h1") as made:
        yield made


def pytest_configure(config):
    """Declares the markers."""
    config.addinivalue_line("markers", "plain_build: not run on sanitizer builds (it is about speed"
                            " or the demo, and would only repeat what they cover)")
