"""Whatever an operator is shown as wrong has its section in deploy/runbook.md."""

import re
from typing import Final

from schemas.errors import texts
from tests.house.tree import REPO

RUNBOOK: Final = "deploy/runbook.md"
# Ours alone to mend: their cure is to give the log to the maintainers, as errors.toml says.
DEFECTS: Final = frozenset(
    {"case.no_handler", "exchange.defect", "organ.unknown", "rules.duty_missing"}
)
# Reasons of a /healthz that are no errors.
REASONS: Final = frozenset(
    {
        "progress.stuck",
        "publish.failing",
        "partitions.none",
        "ticks.failing",
        "secret.readable",
    }
)


def headings() -> set[str]:
    """The codes and reasons that the runbook knows."""
    text = (REPO / RUNBOOK).read_text(encoding="utf-8")
    return set(re.findall(r"^### (\S+)$", text, re.MULTILINE))


def given(pattern: str, *globs: str) -> set[str]:
    """What a pattern finds in the product's modules."""
    found: set[str] = set()
    for glob in globs:
        for path in REPO.glob(glob):
            text = path.read_text(encoding="utf-8")
            found |= set(re.findall(pattern, text, re.MULTILINE))
    return found


def test_every_error_that_the_doctor_finds_has_a_section() -> None:
    codes = given(r'(?:wrong|judge)\(\s*"([a-z_.]+)"', "services/cli/doctor_*.py")
    assert len(codes) > 30
    assert sorted(codes - headings()) == []


def test_every_reason_of_a_healthz_has_a_section() -> None:
    exchange = given(r'f?"([a-z]+\.[a-z]+)(?: \{[^"]*)?"', "services/exchange/measures.py")
    reasons = {reason for reason in exchange if reason not in texts()}
    connector = given(r'(?:f|Health\(\()"([a-z]+)(?:: \{|")', "connectors/bus/vitals.py")
    missed = given(r'^CODE: Final = "([a-z.]+)"', "connectors/bus/inbox_read.py")
    loops = ("connectors/bus/connector.py", "connectors/bus/carrying.py")
    failing = given(r'_failed(?:\(|, )"([a-z]+)"', *loops)
    assert {"progress.stuck", "ticks.failing"} <= reasons
    listed = {"stuck", "quarantine", "spool", "starting", "attachments", "unanswered", "unread"}
    assert connector == listed
    assert failing == {"publish", "inbox", "system", "commit", "attachments", "staging", "key"}
    assert missed == {"inbox.gap"}
    assert sorted((reasons | connector | failing | missed) - headings()) == []


def test_every_reason_for_which_a_process_stops_has_a_section() -> None:
    codes = given(
        r'Broken\(\s*"([a-z_.]+)"',
        "services/exchange/*.py",
        "services/casebook/*.py",
        "connectors/bus/*.py",
    )
    assert {"log.gap", "clock.skew"} <= codes
    assert sorted(codes - headings() - DEFECTS) == []


def test_the_runbook_has_no_section_for_what_does_not_exist() -> None:
    known = set(texts()) | REASONS
    assert sorted(code for code in headings() if "." in code and code not in known) == []
