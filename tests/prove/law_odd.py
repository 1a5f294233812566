"""Odd messages: the table of them and the tests that hold it, counted by the codes they get."""

import re
import sys
from collections import Counter
from typing import Final

from tests.odd import ACCEPTED, OPENS, table
from tests.prove.chapter import Check, Ground

SECONDS_MAX: Final = 900.0
CODES_SHOWN: Final = 12
_TESTS: Final = (
    "tests/unit/services/casework/test_odd_messages.py",
    "tests/unit/services/exchange/test_odd_messages.py",
)


def odd_messages_answered(ground: Ground) -> str:
    """Run the tests of both files; count what the table says."""
    command = [sys.executable, "-m", "pytest", *_TESTS, "-q", "-p", "no:cacheprovider"]
    printed = ground.command(*command, seconds_max=SECONDS_MAX)
    passed = re.search(r"(\d+) passed", printed)
    odd = table()
    assert passed is not None, "pytest told no count"
    assert int(passed[1]) >= len(odd), f"{passed[1]} tests for {len(odd)} cells"
    codes = Counter(each.code for each in odd if each.code not in (ACCEPTED, OPENS))
    lawful = len(odd) - codes.total()
    shown = ", ".join(f"{code} {count}" for code, count in codes.most_common(CODES_SHOWN))
    return (
        f"{len(odd)} odd messages ({len({each.record for each in odd})} records in"
        f" {len({each.place for each in odd})} places): {codes.total()} refused with {len(codes)}"
        f" codes ({shown}, …), {lawful} lawful there; with contradictions and repeats"
        f" {passed[1]} tests passed"
    )


CHECKS: Final = (Check("odd_messages", odd_messages_answered),)
