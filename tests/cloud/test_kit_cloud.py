# SPDX-License-Identifier: Apache-2.0
"""The cloud of the test kit itself: a host dies as a real one does, and Nova behaves as it does."""
import pytest

from kit.host import KitError, wait_until


def test_a_dead_host_is_left_by_its_guest_and_comes_back(cloud):
    nova = cloud.nova
    guest = nova.boot("kit-guest", "cmp1")
    with pytest.raises(KitError, match="still in use"):
        nova.call("POST", f"/servers/{guest}/action", {"evacuate": {}})
    nova.kill_host("cmp1")
    nova.force_down("cmp1")
    nova.call("POST", f"/servers/{guest}/action", {"evacuate": {}})

    def moved():
        seen = nova.server(guest)
        return (seen["status"] == "ACTIVE" and seen["OS-EXT-STS:task_state"] is None
                and seen["OS-EXT-SRV-ATTR:host"] != "cmp1")

    wait_until(moved, 120, "the guest to be elsewhere", 0.3)
    nova.revive("cmp1")
    nova.delete(guest)
    assert nova.boot_and_delete("cmp1")
