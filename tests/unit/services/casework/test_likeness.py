"""Possible duplicates: by what a violation is known again, and who alone is told."""

from dataclasses import replace
from datetime import date, timedelta
from hashlib import sha256
from typing import Any

import pytest

from schemas.ids import CaseId, MatterCode
from schemas.messages import Lettered
from services.casework import likeness
from services.casework.case import State
from services.casework.effects import Advise, Effect
from services.casework.likeness import (
    MARKS_MAX,
    Mark,
    marks_of,
    may_be_alike,
    to_the_letter,
)
from services.casework.steps import Alike, Declined, Facts
from tests.history import (
    HANDLER,
    SENDER,
    STRANGER,
    SUPERIOR,
    History,
    all_of,
    demo,
    held_lead,
    in_state,
    is_refused,
    message,
    organ,
    refusal_of,
    the,
    violation,
)

OTHER, THIRD = CaseId("other"), CaseId("third")
PERSON = {"kind": "person", "name": "张示例", "id_number": None, "uscc": None}


def letter(record: str = "lead_transfer", **changes: Any) -> Lettered:
    found = message(record, SENDER, "letter", **changes)
    assert isinstance(found, Lettered)
    return found


def told(effects: tuple[Effect, ...]) -> list[Advise]:
    return [each for each in all_of(Advise, effects) if "duplicate" in each.code]


def keys(*letters: Lettered) -> list[set[str]]:
    return [{mark.key for mark in marks_of(each) if mark.first} for each in letters]


@pytest.mark.parametrize(
    ("changes", "days"),
    [
        ({}, (date(2026, 9, 10), date.max)),  # continuing
        ({"continuing": False}, (date(2026, 9, 10), date(2026, 9, 10))),
        ({"continuing": None, "act_to": "2026-09-12"}, (date(2026, 9, 10), date(2026, 9, 12))),
        (
            {"continuing": None, "act_from": None, "found_on": "2026-09-21"},
            (date(2026, 9, 21), date(2026, 9, 21)),
        ),
    ],
)
def test_a_place_s_mark_has_the_days_of_the_act(
    changes: dict[str, Any], days: tuple[date, date]
) -> None:
    document = {key: value for key, value in violation(**changes).items() if value is not None}
    place, *_ = marks_of(letter(violations=[document]))
    assert (place.first, place.last) == days


def test_a_mark_is_made_as_it_was_when_it_was_kept() -> None:
    """The index keeps them over releases: whoever makes them otherwise must make them all anew."""
    party = {**PERSON, "id_number": "52020319900520123X"}
    found = marks_of(letter(violations=[violation()], parties=[party]))
    parts = (
        ("place", "CG-001", "520203102000"),
        ("party", "CG-001", "id 52020319900520123X"),
        (
            *("letter", organ(SENDER), "CG-001", "520203102000"),
            *("2026-09-10", "", "2026-09-21", "id 52020319900520123X"),
        ),
    )
    assert [mark.key for mark in found] == [
        sha256("\x1f".join(each).encode()).hexdigest() for each in parts
    ]


def test_no_mark_holds_a_word_of_what_it_is_about() -> None:
    for mark in marks_of(letter()):
        assert len(mark.key) == 64
        assert set(mark.key) <= set("0123456789abcdef")


def test_two_share_a_mark_by_matter_and_place_or_by_matter_and_party() -> None:
    lead, case = letter(), letter("complaint_forward", violations=[violation()])
    assert len(keys(lead)[0]) == 3  # the place; the party by its code, and by its name
    elsewhere = letter(violations=[violation(place="520203103000")])
    nobody_s = letter(parties=None)
    another = letter(parties=None, violations=[violation(matter="CG-002")])
    of_lead, of_case, of_elsewhere, of_nobody, of_another = keys(
        lead, case, elsewhere, nobody_s, another
    )
    assert len(of_lead & of_case) == 1
    assert len(of_lead & of_elsewhere) == 2
    assert len(of_lead & of_nobody) == 1
    assert not of_another & of_lead


def test_a_person_is_known_by_the_number_and_never_by_the_name_alone() -> None:
    nameless = letter(parties=[PERSON])
    numbered = letter(parties=[PERSON | {"id_number": "520203199001010011"}])
    assert [len(found) for found in keys(nameless, numbered)] == [1, 2]


def test_the_mark_to_the_letter_is_the_sender_s_own_and_changes_with_every_part() -> None:
    first = letter()
    envelope = replace(first.envelope, sender=organ(STRANGER))
    others = [
        replace(first, envelope=envelope),
        letter(parties=None),
        letter(violations=[violation(act_to="2026-09-20")]),
        letter(violations=[violation(place="520203103000")]),
    ]
    wholes = {to_the_letter(marks_of(each)) for each in (first, *others)}
    assert len(wholes) == 5
    assert {len(whole) for whole in wholes} == {1}
    assert to_the_letter(marks_of(letter(reason="另述"))) == to_the_letter(marks_of(first))


def test_a_case_has_no_more_marks_than_the_limit() -> None:
    many = [violation(number, place=f"5202031{number:02}000") for number in range(1, 100)]
    assert len(marks_of(letter(violations=many))) == MARKS_MAX


def test_what_was_put_right_is_marked_and_what_was_split_off_is_not() -> None:
    history = in_state(State.ISSUED)
    two = letter(violations=[violation(1), violation(2, matter="CG-002")])
    (charge,) = history.opened.charges
    only = marks_of(two, (charge,))
    assert only == marks_of(letter())
    corrected = marks_of(two, (replace(charge, matter=MatterCode("CG-002")),))
    assert corrected[0].key == marks_of(two)[4].key


def test_the_handler_alone_is_told_and_hears_of_its_own_cases_alone() -> None:
    history = History()
    facts = Facts(
        alike=(
            Alike(OTHER, organ(HANDLER)),
            Alike(THIRD, organ(STRANGER)),
            Alike(CaseId("x"), None),
        )
    )
    effects = history.decide(history.next("lead_transfer", SENDER), facts)
    advice = the(Advise, effects)
    assert (advice.to, advice.code) == (organ(HANDLER), "advice.possible_duplicate")
    assert advice.explanation == OTHER
    assert history.opened.state is State.ISSUED


def test_where_no_other_is_its_own_none_is_named() -> None:
    history = History()
    facts = Facts(alike=(Alike(THIRD, organ(STRANGER)),))
    effects = history.decide(history.next("complaint_forward", SENDER), facts)
    assert the(Advise, effects).explanation is None


def test_what_is_not_delivered_is_not_told_of() -> None:
    history = History()
    history.count = 7
    facts = Facts(alike=(Alike(OTHER, organ(HANDLER)),))
    held = history.next("lead_transfer", SENDER, violations=[violation(matter="CG-013")])
    assert told(history.decide(held, facts)) == []
    refused = history.next("filing_reply", HANDLER)
    assert told(history.decide(refused, facts)) == []


def test_who_gets_it_later_is_told_then_and_no_one_twice() -> None:
    facts = Facts(alike=(Alike(OTHER, organ(HANDLER)),))
    history = in_state(State.DISPUTED)
    assert told(history.decide(history.next("signed_for", HANDLER), facts)) == []
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    to_sender = history.next("designation", SUPERIOR, designee=organ(SENDER))
    advice = the(Advise, tuple(told(history.decide(to_sender, facts))))
    assert (advice.to, advice.explanation) == (organ(SENDER), None)


def test_a_held_one_is_told_of_when_it_is_released() -> None:
    history = History()
    held_lead(history)
    mend = history.next("correction", SENDER, corrections=[{"number": 1, "matter": "CG-001"}])
    facts = replace(history._facts(mend), alike=(Alike(OTHER, organ(HANDLER)),))
    assert the(Advise, history.decide(mend, facts)).to == organ(HANDLER)


def test_alike_are_open_ones_and_no_parts_of_one_case() -> None:
    case = in_state(State.ISSUED).opened
    other = replace(case, id=OTHER)
    assert may_be_alike(case, other)
    assert not may_be_alike(case, case)
    for state in (State.NEW, State.HELD, State.DECLINED, State.CLOSED, State.WITHDRAWN):
        assert not may_be_alike(case, replace(other, state=state))
    assert not may_be_alike(case, replace(other, parent=case.id))
    assert not may_be_alike(replace(case, parent=OTHER), other)
    assert not may_be_alike(replace(case, parent=THIRD), replace(other, parent=THIRD))
    assert may_be_alike(replace(case, parent=THIRD), other)


LINKED = Declined(OTHER, organ(HANDLER), is_linked=True)
UNLINKED = Declined(OTHER, organ(HANDLER), is_linked=False)


@pytest.mark.parametrize(
    ("before", "code"),
    [(LINKED, "transfer.no_new_evidence"), (UNLINKED, "transfer.declined_before")],
)
def test_what_was_declined_does_not_come_again_as_it_was(before: Declined, code: str) -> None:
    history = History()
    lead = history.next("lead_transfer", SENDER)
    assert refusal_of(history.decide(lead, Facts(declined=before))) == code
    assert history.case is None


def test_with_new_evidence_and_a_link_it_is_a_new_case_and_its_handler_sees_which() -> None:
    history = History()
    again = replace(LINKED, new_evidence=(3, 4))
    effects = history.decide(history.next("lead_transfer", SENDER), Facts(declined=again))
    advice = the(Advise, effects)
    assert (advice.to, advice.code) == (organ(HANDLER), "advice.declined_before")
    assert advice.explanation == "other：3, 4"
    assert history.opened.state is State.ISSUED


def test_another_organ_decides_for_itself_and_learns_nothing() -> None:
    for before in (LINKED, UNLINKED):
        history = History()
        elsewhere = replace(before, handler=organ(STRANGER))
        effects = history.decide(history.next("lead_transfer", SENDER), Facts(declined=elsewhere))
        assert all_of(Advise, effects) == []
        assert not is_refused(effects)


def test_a_rulebook_may_let_it_come_again() -> None:
    policy = replace(demo().disputes, declined_needs_new_evidence=False)
    history = History(rulebook=replace(demo(), disputes=policy))
    effects = history.decide(history.next("lead_transfer", SENDER), Facts(declined=UNLINKED))
    assert the(Advise, effects).explanation == OTHER


def test_a_refused_one_is_refused_whatever_was_declined() -> None:
    history = History()
    again = replace(LINKED, new_evidence=(3,))
    two = [violation(1), violation(2, matter="SC-002")]
    lead = history.next("lead_transfer", SENDER, violations=two)
    assert is_refused(history.decide(lead, Facts(declined=again)))


def test_a_mark_without_a_day_is_the_earliest() -> None:
    undated = {key: value for key, value in violation().items() if key != "act_from"}
    undated |= {"found_on": None, "continuing": None}
    document = {key: value for key, value in undated.items() if value is not None}
    assert marks_of(letter(violations=[document]))[0].first == date.min
    assert isinstance(marks_of(letter())[0], Mark)


def many(violations: int, parties: int, *, apart: bool) -> Lettered:
    """A lawful letter of many violations, alike or each of its own day, by many parties."""
    one = letter()
    (first,), (party, *_) = one.violations or (), one.parties or ()
    day = date(2020, 1, 1)
    return replace(
        one,
        violations=tuple(
            replace(first, number=n + 1, found_on=day + timedelta(n if apart else 0))
            for n in range(violations)
        ),
        parties=tuple(replace(party, uscc=None, name=f"某{n}公司") for n in range(parties)),
    )


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize(("violations", "parties"), [(2_000, 2_000), (2_000, 190), (2_000, 2)])
def test_no_letter_s_marks_cost_its_violations_times_its_parties(
    violations: int, parties: int, monkeypatch: pytest.MonkeyPatch, *, apart: bool
) -> None:
    made: list[None] = []
    digest = likeness._digest

    def counted(*parts: str) -> str:
        made.append(None)
        return digest(*parts)

    monkeypatch.setattr(likeness, "_digest", counted)
    marks = marks_of(many(violations, parties, apart=apart))
    assert len(made) < MARKS_MAX**2  # all there are of the first letter are four million
    assert len(marks) <= MARKS_MAX
    assert len(set(marks)) == len(marks)


@pytest.mark.parametrize("apart", [True, False])
def test_violations_that_are_alike_have_the_marks_of_one(*, apart: bool) -> None:
    """Those that are kept are the first, one violation after the other, as before."""
    marks = marks_of(many(3, 4, apart=apart))
    each = [
        marks_of(replace(many(3, 4, apart=apart), violations=(violation,)))
        for violation in many(3, 4, apart=apart).violations or ()
    ]
    assert marks == tuple(dict.fromkeys(mark for one in each for mark in one))
