"""Possible duplicates in the casebook: found by the index, told to the handler alone, journaled."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from schemas.load import default_example
from schemas.messages import Advice, Message, Rejected
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS, MARKS
from services.casework.case import State
from services.casework.decide import decide
from services.casework.steps import Alike, Declined, Facts
from services.exchange.journal import canonical, effect_text
from tests.history import (
    FAILED,
    HANDLER,
    MONDAY,
    NOBODYS,
    SENDER,
    STRANGER,
    SUPERIOR,
    History,
    in_state,
    not_filed,
    organ,
    violation,
)
from tests.office import Log, NewCasebook, everything, inboxes, office, rows, run, sent
from tests.unit.services.exchange.test_split_cases import next_there, three, written

DUPLICATE, BEFORE = "advice.possible_duplicate", "advice.declined_before"
NEW = {
    "number": 7,
    "kind": "witness",
    "name": "证人证言",
    "original": False,
    "copy_reason": "原件由本机关保存",
}


def history(number: int, sender: str = SENDER, **changes: Any) -> History:
    """A history that begins with a lead of the default violation."""
    begun = History(count=number * 100)
    numbered = {"document_number": f"案移〔2026〕{number}号"}
    sent(begun, "lead_transfer", sender, **({"envelope": numbered} | changes))
    return begun


def play(casebook: Casebook, log: Log, *histories: History) -> None:
    for each in histories:
        run(casebook, [log.put(message, each.at) for message in each.sent.values()])


def advised(casebook: Casebook, code: str = DUPLICATE) -> list[tuple[str, str | None]]:
    """(to, what is named) of each such advice."""
    return [
        (said.to, said.message.draft)
        for said in inboxes(casebook)
        if isinstance(said.message, Advice) and said.message.code == code
    ]


def codes(casebook: Casebook) -> list[str]:
    return [said.message.code for said in inboxes(casebook) if isinstance(said.message, Rejected)]


def opening(of: History) -> Message:
    return next(iter(of.sent.values()))


def test_the_second_of_two_tells_its_handler_and_nobody_else(casebook: Casebook) -> None:
    first, second = history(1), history(2, STRANGER)
    play(casebook, Log(), first, second)
    assert advised(casebook) == [(HANDLER, first.opened.id)]
    assert len(rows(casebook, MARKS)) == 2 * 4


def test_another_matter_place_and_party_are_not_alike(casebook: Casebook) -> None:
    other = [violation(matter="CG-002", place="520203103000", place_text="木岗镇示例街")]
    play(casebook, Log(), history(1), history(2, STRANGER, parties=None, violations=other))
    assert advised(casebook) == []


def test_one_whose_handler_is_another_is_told_of_and_not_named(casebook: Casebook) -> None:
    """The sender insists on another organ: both handle the same party's same matter."""
    insisting = {"addressees": ["liuzhi-scjg"], "insist_reason": "已由该局先行调查"}
    numbered = {"document_number": "案移〔2026〕1号"} | insisting
    numbered["addressees"] = [organ("liuzhi-scjg")]
    play(casebook, Log(), history(1, envelope=numbered), history(2, STRANGER))
    assert advised(casebook) == [(HANDLER, None)]


@pytest.mark.parametrize("way", [State.CLOSED, State.WITHDRAWN, State.DECLINED])
def test_what_has_ended_is_like_nothing_any_more(casebook: Casebook, way: State) -> None:
    first, log = in_state(way), Log()
    play(casebook, log, first, history(2, STRANGER))
    assert advised(casebook) == []
    kept = {row.case_id for row in rows(casebook, MARKS)} == {first.opened.id}
    assert kept is False
    ours = [row for row in rows(casebook, MARKS) if row.case_id == first.opened.id]
    assert [row.first_day for row in ours] == ([0] if way is State.DECLINED else [])


def test_a_held_one_is_like_nothing_until_it_is_released(casebook: Casebook) -> None:
    held, log = history(1, violations=[violation(matter=NOBODYS)]), Log()
    play(casebook, log, held)
    assert rows(casebook, MARKS) == []
    play(casebook, log, history(2, STRANGER))
    wrong = held.next("correction", SENDER, corrections=[{"number": 9, "matter": "CG-001"}])
    run(casebook, [log.put(wrong, MONDAY + timedelta(hours=1))])
    assert codes(casebook) == ["filing.number_unknown"]
    assert advised(casebook) == []
    mend = held.next("correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    run(casebook, [log.put(mend, MONDAY + timedelta(hours=2))])
    ((to, named),) = advised(casebook)
    assert (to, named is None) == (HANDLER, False)


def test_who_gets_it_by_designation_is_told_then(casebook: Casebook) -> None:
    log, first, disputed = Log(), history(1, STRANGER), history(2)
    sent(disputed, "objection", HANDLER)
    sent(disputed, "negotiation_result", HANDLER, **FAILED)
    sent(disputed, "designation_request", HANDLER)
    sent(disputed, "designation", SUPERIOR, designee=organ(SENDER))
    play(casebook, log, first, disputed)
    assert advised(casebook) == [(HANDLER, first.opened.id), (SENDER, None)]


def test_what_is_split_off_takes_its_marks_with_it(casebook: Casebook) -> None:
    run(casebook, three(History()))
    (split,) = written(casebook, Log())
    before = {row.case_id for row in rows(casebook, MARKS)}
    run(casebook, [next_there(casebook, split)])
    assert len({row.case_id for row in rows(casebook, MARKS)} - before) == 1
    assert advised(casebook) == []


def test_wherever_a_batch_ends_the_answer_is_the_same(
    casebook: Casebook, new_casebook: NewCasebook
) -> None:
    log, ways = Log(), [in_state(State.DECLINED), history(3, STRANGER), history(4, "dayong")]
    records = [log.put(each, MONDAY) for way in ways for each in way.sent.values()]
    run(casebook, records)
    assert len(advised(casebook)) == 1
    with new_casebook() as other:
        for record in records:
            run(other, [record])
        assert everything(other) == everything(casebook)


def test_the_journal_s_facts_give_the_same_decision_without_a_look_up(casebook: Casebook) -> None:
    play(casebook, Log(), history(1), second := history(2, STRANGER))
    told = [json.loads(row.entry) for row in rows(casebook, DECISIONS)]
    entry = next(each for each in told if each["case"] == second.opened.id)
    assert len(entry["facts"]["alike"]) == 1
    facts = Facts(alike=tuple(Alike(**each) for each in entry["facts"]["alike"]))
    at = datetime.fromisoformat(entry["at"])
    again = decide(None, opening(second), facts, office().rulebook, at)
    effects = [json.loads(effect_text(effect)) for effect in again.effects]
    assert canonical(effects) == canonical(entry["effects"])


def declined(number: str = "案移〔2026〕1号", **changes: Any) -> History:
    """A lead that its receiver has answered: not filed."""
    way = History()
    sent(way, "lead_transfer", SENDER, envelope={"document_number": number}, **changes)
    sent(way, "filing_reply", HANDLER, answers=[not_filed()])
    return way


def evidence() -> list[dict[str, Any]]:
    """The evidence list of the default lead."""
    listed: list[dict[str, Any]] = default_example("lead_transfer")["evidence"]
    return listed


def test_the_very_violation_that_was_declined_comes_back_without_a_link(casebook: Casebook) -> None:
    play(casebook, Log(), declined(), history(2))
    assert codes(casebook) == ["transfer.declined_before"]
    assert [row.case_id for row in rows(casebook, MARKS)] == [declined().opened.id]


def test_another_sender_s_is_another_matter(casebook: Casebook) -> None:
    play(casebook, Log(), declined(), history(2, STRANGER))
    assert (codes(casebook), advised(casebook)) == ([], [])


@pytest.mark.parametrize("register", ["案移〔2026〕1号", "案移[2026]01号"])
def test_a_link_alone_is_no_new_evidence_however_it_is_numbered(
    casebook: Casebook, register: str
) -> None:
    source = {"kind": "transfer", "register_number": register}
    shuffled = [each | {"number": 10 - each["number"]} for each in evidence()]
    play(casebook, Log(), declined(), history(2, source=source, evidence=shuffled))
    assert codes(casebook) == ["transfer.no_new_evidence"]


def test_with_a_link_and_new_evidence_it_is_a_new_case_and_the_old_one_is_named(
    casebook: Casebook,
) -> None:
    before = declined()
    source = {"kind": "transfer", "register_number": "案移〔2026〕1号"}
    again = history(2, source=source, evidence=[*evidence(), NEW])
    play(casebook, Log(), before, again)
    assert codes(casebook) == []
    assert advised(casebook, BEFORE) == [(HANDLER, f"{before.opened.id}：7")]
    entry = json.loads(rows(casebook, DECISIONS)[-1].entry)
    facts = entry["facts"]["declined"]
    evidence_numbers = tuple(facts.pop("new_evidence"))
    assert Declined(**facts, new_evidence=evidence_numbers) == Declined(
        before.opened.id, organ(HANDLER), is_linked=True, new_evidence=(7,)
    )


@pytest.mark.parametrize(
    "source",
    [
        {"kind": "transfer", "register_number": "案移〔2026〕99号"},  # nobody's
        {"kind": "transfer", "register_number": "无号"},
        {"kind": "transfer"},
        {"kind": "patrol", "register_number": "案移〔2026〕1号"},
    ],
)
def test_what_names_no_declined_letter_of_one_s_own_is_no_link(
    casebook: Casebook, source: dict[str, str]
) -> None:
    play(casebook, Log(), declined(), history(2, source=source, evidence=[*evidence(), NEW]))
    assert codes(casebook) == ["transfer.declined_before"]


def test_a_letter_that_is_still_open_is_no_link_to_a_declined_one(casebook: Casebook) -> None:
    source = {"kind": "transfer", "register_number": "案移〔2026〕1号"}
    play(casebook, Log(), history(1), history(2, source=source))
    assert (codes(casebook), len(advised(casebook))) == ([], 1)
