# SPDX-License-Identifier: Apache-2.0
"""masakari-engine and its file of fencing devices."""
import pytest

from kit.host import tail
from kit.services import Services

EX_CONFIG = 78
EX_NOPERM = 77
GOOD = "[h1]\nagent = fence_ipmilan\npassword = geheim\n"


@pytest.mark.parametrize("text, mode, status, words", [
    (GOOD, 0o644, EX_NOPERM, "is open to others than its owner (mode 0644)"),
    (GOOD, 0o660, EX_NOPERM, "then chmod 600"),
    ("[h1]\npassword = geheim\n", 0o600, EX_CONFIG, "section [h1]: agent is missing"),
    ("[h1]\nagent = fence_apc\ngeheim\n", 0o600, EX_CONFIG, "line 3 is neither"),
])
def test_a_file_that_cannot_be_trusted_or_used_stops_it(text, mode, status, words):
    with Services() as services:
        services.db_sync()
        devices = services.dir / "fencing.conf"
        devices.write_text(text)
        devices.chmod(mode)
        services.options["fencing"] = {"devices_file": devices}
        process = services.start("masakari-engine", ready=False)
        assert process.popen.wait(60) == status
        log = process.log.read_text()
    assert "[fencing] devices_file" in log and words in log, tail(process.log)
    assert "geheim" not in log


def test_a_good_file_is_taken():
    with Services() as services:
        services.db_sync()
        devices = services.dir / "fencing.conf"
        devices.write_text(GOOD)
        devices.chmod(0o600)
        services.options["fencing"] = {"devices_file": devices}
        engine = services.engine()
        assert engine.stop() == 0
        assert "geheim" not in engine.log.read_text()
