"""What goes out next: the allowance is the agency's letters', never its connector's receipts'."""

from typing import Final

from connectors.bus.allowance import UNANSWERED_MAX, UNANSWERED_SECONDS_MAX, Allowance
from connectors.bus.clock import now
from connectors.bus.ledger import Ledger, Outgoing
from connectors.bus.spool import Spool, Spooled
from connectors.bus.system import State
from connectors.bus.unanswered import SILENT
from schemas.messages import Message
from tests.agency_home import County, lead, written

PLENTY: Final = 10_000.0  # letters a second
AT: Final = 100.0
NUMBER: Final = 30  # letters in the spool


def spool_of(county: County, letters: int, receipts: int, per_second: float = PLENTY) -> Spool:
    """A spool with so many letters, and behind them so many receipts, each of a case of its own."""
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    with ledger.transaction():
        for number in range(letters + receipts):
            place = f"{number}.json" if number < letters else None
            ledger.put_in_spool(Outgoing(_letter(number), b"value", place), now())
    return Spool(ledger, Allowance(per_second), lambda: True)


def _letter(number: int) -> Message:
    return lead(f"number {number}", envelope={"document_number": None})


def sent(spool: Spool, heads: tuple[Spooled, ...], at: float) -> int:
    spool.published(written(heads), at, now())
    return len(heads)


def test_letters_go_out_within_the_allowance_and_receipts_beside_them(county: County) -> None:
    spool = spool_of(county, NUMBER, 3, per_second=10)
    heads = spool.heads(200, [], AT)
    assert len(heads) == 10 + 3
    assert spool.holds_back
    sent(spool, heads, AT)
    assert spool.heads(200, [], AT) == ()
    assert spool.holds_back
    assert len(spool.heads(200, [], AT + 0.5)) == 5


def test_what_is_all_allowed_goes_out_in_its_order_and_nothing_is_held_back(
    county: County,
) -> None:
    spool = spool_of(county, NUMBER, 3)
    heads = spool.heads(200, [], AT)
    assert [head.message_id for head in heads[:2]] == [
        _letter(number).envelope.message_id for number in range(2)
    ]
    assert sent(spool, heads, AT) == NUMBER + 3
    assert spool.heads(200, [], AT) == ()
    assert not spool.holds_back


def test_at_once_go_so_many_and_not_those_cases_that_wait(county: County) -> None:
    spool = spool_of(county, NUMBER, 0)
    first, *_ = heads = spool.heads(4, [], AT)
    assert len(heads) == 4
    assert first.case_id not in {head.case_id for head in spool.heads(NUMBER, [first.case_id], AT)}


def test_an_answer_makes_room_for_the_next_letter_and_receipts_take_none(county: County) -> None:
    spool = spool_of(county, UNANSWERED_MAX + 5, 2)
    heads = spool.heads(1_000, [], AT)
    assert sent(spool, heads, AT) == UNANSWERED_MAX + 2
    assert spool.heads(1_000, [], AT + 1) == ()
    spool.answered(heads[-1].message_id)  # a receipt: counted among none
    assert spool.heads(1_000, [], AT + 1) == ()
    spool.answered(heads[0].message_id)
    assert len(spool.heads(1_000, [], AT + 1)) == 1
    assert len(spool.heads(1_000, [], AT + UNANSWERED_SECONDS_MAX)) == 5


def test_a_letter_that_was_answered_before_its_acknowledgement_is_not_silent(
    county: County,
) -> None:
    ledger = Ledger(county.agency().folder / "ledger.sqlite")
    spool = Spool(ledger, Allowance(PLENTY), lambda: True)
    letters = [_letter(number) for number in range(2)]
    with ledger.transaction():
        for letter in letters:
            ledger.put_in_spool(Outgoing(letter, b"value", "a.json"), now())
    heads = spool.heads(200, [], AT)
    first = heads[0].message_id
    with ledger.transaction():
        ledger.settled(first, State.ACCEPTED, {})
    spool.answered(first)
    assert sent(spool, heads, AT) == len(letters)
    assert spool.silent(now() + SILENT) == 1
