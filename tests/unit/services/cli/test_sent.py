"""What was sent from this home, and how it can be named again."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.bus.home import Home
from schemas.ids import BUS, Alias, CaseId, MessageId, OrganCode, derive
from schemas.messages import Accepted, Withdrawal
from schemas.parts import Envelope, Flow
from services.cli.sent import Known, note_sent, sent_before, targets_of
from tests.agency_home import case_split

ALIAS = Alias("yanjiao")
ENVELOPE = Envelope(
    bus="b",
    message_id=MessageId(derive("m")),
    case_id=CaseId(derive("c")),
    flow=Flow.LEADS,
    record="Withdrawal",
    sender=OrganCode("11520203YC0001047R"),
    sent_at=datetime(2026, 9, 28, tzinfo=UTC),
    document_number="六岩案移〔2026〕1号",
)


def test_what_was_noted_is_read_again_in_order(tmp_path: Path) -> None:
    home = Home(tmp_path)
    first = Known.of(Withdrawal(ENVELOPE, "x"))
    second = replace(first, number=None)
    note_sent(home, ALIAS, first)
    note_sent(home, ALIAS, second)
    assert list(sent_before(home, ALIAS)) == [first, second]


@pytest.mark.parametrize("torn", [b'{"id": "1', b"\x00\x00", b"\xe5\x85", b"[]", b"{}"])
def test_a_line_that_was_cut_short_keeps_nobody_from_the_others(
    tmp_path: Path, torn: bytes
) -> None:
    home, known = Home(tmp_path), Known.of(Withdrawal(ENVELOPE, "x"))
    note_sent(home, ALIAS, known)
    with (tmp_path / "sent" / f"{ALIAS}.jsonl").open("ab") as ledger:
        ledger.write(torn + b"\n")
    note_sent(home, ALIAS, known)
    assert list(sent_before(home, ALIAS)) == [known, known]


def test_nothing_was_sent_from_a_new_home(tmp_path: Path) -> None:
    assert list(sent_before(Home(tmp_path), ALIAS)) == []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (ENVELOPE.message_id, True),
        ("六岩案移〔2026〕1号", True),
        ("六岩案移[2026]01号", True),
        ("六岩案移〔2026〕2号", False),
        ("", False),
    ],
)
def test_a_message_is_named_by_its_id_or_its_number(text: str, named: bool) -> None:  # noqa: FBT001 - a parameter of the table
    assert Known.of(Withdrawal(ENVELOPE, "x")).is_named(text) is named


def test_an_id_that_two_senders_have_used_means_both() -> None:
    elsewhere = replace(ENVELOPE, sender=BUS, case_id=CaseId(derive("another")))
    known = [Known.of(Withdrawal(each, "x")) for each in (ENVELOPE, elsewhere, ENVELOPE)]
    cases = [target.case_id for target in targets_of(known, ENVELOPE.message_id)]
    assert cases == [ENVELOPE.case_id, elsewhere.case_id]


def test_what_the_bus_wrote_into_a_case_is_answered_by_its_own_id() -> None:
    split = case_split(Withdrawal(ENVELOPE, "x"))
    known = Known.of(split)
    assert known.target.message_id == split.envelope.message_id
    assert known.target.case_id == split.envelope.case_id
    assert not known.is_named(ENVELOPE.message_id)


def test_a_receipt_names_the_message_that_it_is_about() -> None:
    about = MessageId(derive("about"))
    envelope = replace(ENVELOPE, sender=BUS, in_reply_to=about, document_number=None)
    known = Known.of(Accepted(envelope))
    assert known.target.message_id == about
    assert known.is_named(about)


def test_nothing_of_the_content_is_written_down(tmp_path: Path) -> None:
    home = Home(tmp_path)
    note_sent(home, ALIAS, Known.of(Withdrawal(ENVELOPE, "机密理由")))
    assert "机密理由" not in (tmp_path / "sent" / "yanjiao.jsonl").read_text(encoding="utf-8")
