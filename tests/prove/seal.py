"""The chapter of the seal: whose a message is, what a copy proves, what must not pass for it."""

import json
import re
import sys
from collections.abc import Callable
from typing import Final

from tests.prove import seal_canary, seal_crowd, seal_impostors, seal_login, seal_peer
from tests.prove.chapter import Check, Ground
from tests.prove.seal_attachments import attachment_500_mb, attachment_refused

SECONDS_MAX: Final = 540.0


def tested(ground: Ground, files: tuple[str, ...]) -> str:
    """Run these tests and return how many passed; a failed one is shown."""
    output = ground.command(
        sys.executable, "-m", "pytest", "-q", "--tb=short", *files, seconds_max=SECONDS_MAX
    )
    found = re.search(r"(\d+) passed", output)
    assert found is not None, output[-500:]
    return f"{found[1]} tests passed: {', '.join(files)}"


def cost(ground: Ground) -> str:
    """Measure sealing and verifying, before and now."""
    output = ground.command(sys.executable, "-m", "tests.bench.seal", seconds_max=SECONDS_MAX)
    lines = [json.loads(line) for line in output.splitlines()]
    figures = {(line["key"], line["what"]): line.get("median_us") for line in lines}
    told = (
        f"{key}: seal {figures[key, 'seal, before']} → {figures[key, 'seal, now']},"
        f" verify {figures[key, 'verify, before']} → {figures[key, 'verify, now']}"
        for key in ("ES256", "Ed25519", "SM2-SM3")
    )
    return f"µs a message, before → now; {'; '.join(told)}"


def _tests(*files: str) -> Callable[[Ground], str]:
    return lambda ground: tested(ground, files)


_UNIT: Final = "tests/unit"
CHECKS: Final[tuple[Check, ...]] = (
    Check("second_implementation", _tests("tests/contract/test_seal_vectors.py")),
    Check(
        "every_bit_and_every_impostor",
        _tests(
            f"{_UNIT}/services/exchange/test_impostors.py",
            f"{_UNIT}/schemas/test_seal.py",
            f"{_UNIT}/schemas/test_seal_copy.py",
        ),
    ),
    Check(
        "verify_a_file",
        _tests(
            f"{_UNIT}/services/cli/test_verify.py", f"{_UNIT}/services/cli/test_verify_opened.py"
        ),
    ),
    Check(
        "opened_later",
        _tests(
            f"{_UNIT}/schemas/test_seal_open.py",
            f"{_UNIT}/services/casework/test_openings.py",
            f"{_UNIT}/services/exchange/test_fields_opened.py",
        ),
    ),
    Check(
        "keys_rotated_and_revoked",
        _tests(
            f"{_UNIT}/services/cli/test_keys_change.py",
            f"{_UNIT}/services/cli/test_keys_casebook.py",
            f"{_UNIT}/services/cli/test_resend_again.py",
            f"{_UNIT}/services/casebook/test_rotation.py",
            f"{_UNIT}/connectors/bus/test_reseal.py",
        ),
    ),
    Check("sm2_by_openssl", _tests("tests/contract/test_sm2_openssl.py")),
    Check("cost", cost),
    Check("attachment_500_mb", attachment_500_mb),
    Check("attachment_refused", attachment_refused),
    *seal_peer.CHECKS,
    *seal_crowd.CHECKS,
    *seal_login.CHECKS,
    *seal_impostors.CHECKS,
    *seal_canary.CHECKS,
)
