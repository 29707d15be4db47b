# SPDX-License-Identifier: Apache-2.0
"""What all functional tests share: a throw-away host."""
import pytest

from kit.host import Host


@pytest.fixture
def host():
    """A throw-away host without any service; see kit/host.py."""
    with Host("h1") as made:
        yield made
