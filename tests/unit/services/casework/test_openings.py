"""申请查看: who may ask for a withheld field, what the rulebook opens, and what its owner does."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from schemas.classes import FieldClass
from schemas.ids import BUS, MessageId
from schemas.parts import Relation
from services.casework.case import Life, State
from services.casework.effects import Advise, Effect, Open, Reject
from services.casework.steps import Facts
from services.confidentiality.asked import Asked, Asking, Classed
from services.rulebook.model import Rulebook
from services.rulebook.openings import How, OpeningRule, Openings
from tests.history import (
    HANDLER,
    PARTICIPANT,
    SENDER,
    STRANGER,
    SUPERIOR,
    History,
    all_of,
    delivered_to,
    demo,
    in_state,
    is_refused,
    organ,
    refusal_of,
    the,
)

CONTENT, PHONE, COMPLAINANT = "content", "parties[0].phone", "complainant"
CLASS_OF = {
    CONTENT: FieldClass.INVESTIGATIVE,
    PHONE: FieldClass.PERSONAL,
    COMPLAINANT: FieldClass.COMPLAINANT,
}
UNCLASSED = "more"
ROW = "clearances.csv:53"


def asking(*paths: str, shown: tuple[str, ...] = (), **changes: Any) -> Facts:
    """What was looked up: each path hidden, of its class, but for those that the copy shows."""
    fields = tuple(
        Asked("")
        if path in shown
        else Asked(
            path,
            withheld_by=ROW,
            withheld_basis="依据",
            classes=(Classed(path.replace("[0]", "[]"), CLASS_OF.get(path)),),
        )
        for path in paths
    )
    return Facts(asked=Asking(fields, **changes))


def request(
    history: History, *paths: str, by: str = PARTICIPANT, facts: Facts | None = None, **changes: Any
) -> tuple[Effect, ...]:
    """Ask for the paths of the case's opening message."""
    about = {"envelope": {"in_reply_to": history.opened.opening}}
    sent = history.next("opening_request", by, **{"paths": list(paths), **about, **changes})
    return history.decide(sent, facts or asking(*paths))


def answer(
    history: History, *opened: str, by: str = SENDER, facts: Facts | None = None, **changes: Any
) -> tuple[Effect, ...]:
    """Answer the case's last request."""
    about = {"envelope": {"in_reply_to": history.opened.openings[-1].request}}
    sent = history.next("opening_answer", by, **{"opened": list(opened), **about, **changes})
    return history.decide(sent, facts or asking(*opened))


def joint() -> History:
    """A joint plan, whose content its participants do not see."""
    return in_state(State.SENT, Life.JOINT)


def ruled(*rows: tuple[Relation, FieldClass, str | None, How]) -> Rulebook:
    """The demo with this table of openings."""
    table = Openings(tuple(OpeningRule(*row, basis="例", line=n) for n, row in enumerate(rows, 2)))
    return replace(demo(), openings=table)


def test_the_owner_is_asked_and_what_it_opens_goes_to_who_asked() -> None:
    history = joint()
    asked = request(history, CONTENT)
    assert delivered_to(asked) == [(SENDER, Relation.PARTICIPANT)]
    assert all_of(Open, asked) == []
    answered = answer(history, CONTENT)
    assert delivered_to(answered) == [(PARTICIPANT, Relation.PARTICIPANT)]
    opened = the(Open, answered)
    assert (opened.by, opened.to, opened.asker) == tuple(
        map(organ, (SENDER, PARTICIPANT, PARTICIPANT))
    )
    assert (opened.about, opened.author) == (history.opened.opening, organ(SENDER))
    (field,) = opened.fields
    assert (field.path, field.withheld_by, field.withheld_basis) == (CONTENT, ROW, "依据")
    assert (field.rule, field.basis) == (None, None)


def test_the_owner_refuses_with_reasons_and_nothing_goes_out() -> None:
    history = joint()
    request(history, CONTENT)
    assert refusal_of(answer(history, reason=None)) == "opening.reason_missing"
    for nothing in ("  ", "\u200b", "——"):
        assert refusal_of(answer(history, reason=nothing)) == "opening.reason_missing"
    refused = answer(history, reason="侦办需要")
    assert delivered_to(refused) == [(PARTICIPANT, Relation.PARTICIPANT)]
    assert all_of(Open, refused) == []
    assert history.opened.openings[-1].opened == ()


def test_what_is_opened_in_part_needs_reasons_for_the_rest() -> None:
    history = joint()
    history.rulebook = ruled()
    request(history, CONTENT, PHONE)
    assert refusal_of(answer(history, PHONE, reason=None)) == "opening.reason_missing"
    assert [each.path for each in the(Open, answer(history, PHONE)).fields] == [PHONE]


def test_what_the_rulebook_opens_at_once_waits_for_nobody() -> None:
    """demo: participants see the telephone number of a party at once (openings.csv)."""
    history = joint()
    effects = request(history, PHONE)
    opened = the(Open, effects)
    assert opened.by is None
    assert opened.message == opened.request
    (field,) = opened.fields
    assert field.rule is not None
    assert field.rule.startswith("openings.csv:")
    assert field.basis
    told = the(Advise, effects)
    assert (told.to, told.code) == (organ(SENDER), "advice.opened_by_the_rulebook")
    assert delivered_to(effects) == []
    assert history.opened.openings[-1].answered
    assert refusal_of(answer(history, PHONE)) == "opening.answered"


def test_of_several_fields_the_owner_is_asked_for_what_the_rulebook_leaves() -> None:
    history = joint()
    effects = request(history, PHONE, CONTENT)
    assert [each.path for each in the(Open, effects).fields] == [PHONE]
    assert delivered_to(effects) == [(SENDER, Relation.PARTICIPANT)]
    assert all_of(Advise, effects) == []
    assert refusal_of(answer(history, PHONE, CONTENT)) == "opening.not_asked_for"
    assert [each.path for each in the(Open, answer(history, CONTENT)).fields] == [CONTENT]
    assert history.opened.openings[-1].opened == (PHONE, CONTENT)


def test_who_has_become_the_handler_is_shown_at_once_what_the_clearances_show_it_now() -> None:
    history = in_state(State.DESIGNATED)
    handed = tuple(
        replace(each, relation=Relation.DESIGNEE) if each.to == organ(HANDLER) else each
        for each in history.opened.handed
    )
    history.case = replace(history.opened, handed=handed)
    before = request(history, COMPLAINANT, by=HANDLER)
    assert refusal_of(before) == "opening.never"  # designated, not yet filed (section 6, item 3)
    history.send("filing_reply", HANDLER)
    (field,) = the(Open, request(history, COMPLAINANT, by=HANDLER)).fields
    assert field.rule is not None
    assert field.rule.startswith("clearances.csv:")


@pytest.mark.parametrize("paths", [(COMPLAINANT,), (CONTENT, COMPLAINANT), (UNCLASSED,)])
def test_who_complained_and_what_has_no_class_is_opened_to_nobody(paths: tuple[str, ...]) -> None:
    for rulebook in (demo(), ruled()):  # also where the table says nothing
        history = joint()
        history.rulebook = rulebook
        before = history.opened
        effects = request(history, *paths)
        assert refusal_of(effects) == "opening.never"
        assert _where(effects) == f"paths[{len(paths) - 1}]"
        assert history.opened == before


def _where(effects: tuple[Effect, ...]) -> str | None:
    return the(Reject, effects).refusal.where


def test_a_row_for_one_field_goes_before_that_of_its_class() -> None:
    person = (Relation.PARTICIPANT, FieldClass.PERSONAL)
    history = joint()
    history.rulebook = ruled((*person, None, How.NEVER), (*person, "parties[].phone", How.ASK))
    assert delivered_to(request(history, PHONE)) == [(SENDER, Relation.PARTICIPANT)]
    history = joint()
    history.rulebook = ruled((*person, None, How.NEVER))
    assert refusal_of(request(history, PHONE)) == "opening.never"


def test_the_strictest_of_a_field_s_classes_decides() -> None:
    """A text that tells who complained counts as of that class too."""
    both = (Classed(CONTENT, FieldClass.INVESTIGATIVE), Classed(CONTENT, FieldClass.COMPLAINANT))
    facts = Facts(asked=Asking((Asked(CONTENT, ROW, "依据", both),)))
    assert refusal_of(request(joint(), CONTENT, facts=facts)) == "opening.never"
    none = Facts(asked=Asking((Asked(CONTENT, ROW, "依据"),)))
    assert refusal_of(request(joint(), CONTENT, facts=none)) == "opening.never"


def test_what_the_copy_shows_or_the_message_has_not_is_not_opened() -> None:
    history = joint()
    before = history.opened
    effects = request(history, CONTENT, PHONE, facts=asking(CONTENT, PHONE, shown=(PHONE,)))
    assert refusal_of(effects) == "opening.not_withheld"
    assert _where(effects) == "paths[1]"
    assert refusal_of(request(history, CONTENT, facts=Facts())) == "opening.not_withheld"
    assert history.opened == before


def test_what_is_open_is_not_opened_again_nor_a_part_of_it() -> None:
    history = joint()
    history.rulebook = ruled()
    whole = (Classed("parties", FieldClass.PERSONAL),)
    facts = Facts(asked=Asking((Asked("parties[0]", ROW, "", whole),)))
    request(history, "parties[0]", facts=facts)
    answer(history, "parties[0]", facts=facts)
    for again in ("parties[0]", PHONE):
        facts = Facts(asked=Asking((Asked(again, ROW, ""),)))
        assert refusal_of(request(history, again, facts=facts)) == "opening.already_open"


def test_what_was_refused_may_be_asked_for_again() -> None:
    history = joint()
    request(history, CONTENT)
    answer(history)
    assert not is_refused(request(history, CONTENT))


def test_one_request_at_a_time_and_its_answer_once_by_its_owner() -> None:
    history = joint()
    request(history, CONTENT)
    assert refusal_of(request(history, CONTENT)) == "opening.pending"
    assert refusal_of(answer(history, CONTENT, by=PARTICIPANT)) == "reply.not_asked"
    assert refusal_of(answer(history, PHONE)) == "opening.not_asked_for"
    assert not is_refused(answer(history, CONTENT))
    assert refusal_of(answer(history, CONTENT)) == "opening.answered"


def test_what_was_erased_opens_no_more() -> None:
    history = joint()
    gone = Facts(asked=Asking(is_erased=True))
    assert refusal_of(request(history, CONTENT, facts=gone)) == "opening.original_erased"
    request(history, CONTENT)
    assert refusal_of(answer(history, CONTENT, facts=gone)) == "opening.original_erased"
    assert not is_refused(answer(history, facts=gone))  # refused: nothing is to be opened


def test_more_than_one_message_can_carry_is_refused() -> None:
    facts = asking(CONTENT, is_too_large=True)
    assert refusal_of(request(joint(), CONTENT, facts=facts)) == "opening.too_large"


def test_a_rulebook_that_came_since_binds_the_owner_too() -> None:
    history = joint()
    request(history, CONTENT)
    history.rulebook = ruled(
        (Relation.PARTICIPANT, FieldClass.INVESTIGATIVE, None, How.NEVER),
    )
    effects = answer(history, CONTENT)
    assert refusal_of(effects) == "opening.never"
    assert _where(effects) == "opened[0]"
    assert not is_refused(answer(history))


def test_what_a_rulebook_that_came_since_shows_to_all_is_opened_by_the_answer() -> None:
    history = joint()
    request(history, CONTENT)
    effects = answer(history, CONTENT, facts=asking(CONTENT, shown=(CONTENT,)))
    (field,) = the(Open, effects).fields
    assert (field.path, field.withheld_by) == (CONTENT, None)


def test_of_two_requests_each_is_answered_to_who_made_it() -> None:
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    history.rulebook = replace(ruled(), clearances=type(demo().clearances)())
    requests: dict[str, MessageId] = {}
    for by in (HANDLER, SUPERIOR):
        assert not is_refused(request(history, PHONE, by=by)), by
        requests[by] = history.opened.openings[-1].request
    for by in (SUPERIOR, HANDLER):
        effects = answer(history, PHONE, envelope={"in_reply_to": requests[by]})
        assert [to for to, _ in delivered_to(effects)] == [by]
        assert the(Open, effects).to == organ(by)


def test_who_has_no_copy_asks_for_nothing_and_nothing_is_answered() -> None:
    """Whether the message is unknown or another's: one code for both, so nobody learns which."""
    history = joint()
    before = history.opened
    assert refusal_of(request(history, CONTENT, by=SENDER)) == "opening.nothing_delivered"
    unknown = {"in_reply_to": "7c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11"}
    assert refusal_of(request(history, CONTENT, envelope=unknown)) == "opening.nothing_delivered"
    assert refusal_of(request(history, CONTENT, by=STRANGER)) == "case.unknown"
    about = {"in_reply_to": before.opening}
    assert refusal_of(history.send("opening_answer", SENDER, envelope=about)) == (
        "reply.target_unknown"
    )
    assert history.opened == before
    of_the_bus = tuple(replace(handed, author=BUS) for handed in before.handed)
    history.case = replace(before, handed=of_the_bus)
    assert refusal_of(request(history, CONTENT)) == "opening.nothing_delivered"


def test_who_took_the_owner_s_place_answers_and_who_took_the_asker_s_gets_it() -> None:
    history = joint()
    request(history, CONTENT)
    last = date(2026, 9, 20)
    ended = {
        organ(alias): replace(
            demo().directory.organs[organ(alias)], valid_to=last, successor=organ(heir)
        )
        for alias, heir in ((SENDER, STRANGER), (PARTICIPANT, "liuzhi-jtj"))
    }
    organs = {**demo().directory.organs, **ended}
    history.rulebook = replace(demo(), directory=replace(demo().directory, organs=organs))
    handed = history.opened.handed
    effects = answer(history, CONTENT, by=STRANGER)
    opened = the(Open, effects)
    assert (opened.by, opened.to) == (organ(STRANGER), organ("liuzhi-jtj"))
    assert opened.asker == organ(PARTICIPANT)  # it sealed the request
    assert handed
