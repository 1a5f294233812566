"""A superior that ends without an heir while it is asked to designate (guidance 二(二)3)."""

from dataclasses import replace
from datetime import timedelta

from services.casework.case import State
from services.casework.effects import Advise
from services.rulebook.model import OrganType, Rulebook
from tests.history import (
    HANDLER,
    SUPERIOR,
    SUPERVISOR,
    History,
    all_of,
    duties,
    in_state,
    is_refused,
    ledger,
    organ,
    refusal_of,
)
from tests.unit.services.casework.test_succession import AFTER, merged

ASKED_ANEW = {"addressees": [organ(SUPERVISOR)], "document_number": "六综执报〔2026〕9号"}


def asked_and_gone() -> History:
    """The superior that was asked to designate ends without an heir."""
    history = in_state(State.REFERRED)
    history.send("designation_request", HANDLER)
    history.rulebook = merged(history.rulebook, SUPERIOR, None)
    return history


def with_another_government(rulebook: Rulebook) -> Rulebook:
    """One in which the supervisor's organ has become the county's government, as nobody's heir."""
    directory = rulebook.directory
    now = replace(directory.organs[organ(SUPERVISOR)], type=OrganType.COUNTY_GOVERNMENT)
    organs = {**directory.organs, now.code: now}
    return replace(rulebook, directory=replace(directory, organs=organs))


def test_who_asked_a_superior_that_has_ended_is_told_once_and_the_designation_is_held() -> None:
    history = asked_and_gone()
    told = [each for each in all_of(Advise, history.tick(AFTER)) if each.to == organ(HANDLER)]
    assert [each.code for each in told] == ["advice.superior_gone"]
    assert "六枝特区人民政府已撤销，没有继受机关" in (told[0].explanation or "")
    assert duties(history.opened)["designate", organ(SUPERIOR)].held_until is not None
    assert all_of(Advise, history.tick(AFTER + timedelta(days=1))) == []
    again = history.send("designation_request", HANDLER, envelope={"addressees": []})
    assert refusal_of(again) == "designation.pending"


def test_it_asks_who_is_now_above_and_owes_that_anew() -> None:
    history = asked_and_gone()
    history.tick(AFTER)
    history.rulebook = with_another_government(history.rulebook)
    effects = history.tick(AFTER + timedelta(days=1))
    told = [(each.to, each.code) for each in all_of(Advise, effects)]
    codes = ("advice.superior_gone", "advice.designation_draft")
    assert told == [(organ(HANDLER), code) for code in codes]
    assert "请向六枝特区司法局重新报请" in (all_of(Advise, effects)[0].explanation or "")
    assert ledger(effects) == [("designate", "superseded"), ("request_designation", "open")]
    effects = history.send("designation_request", HANDLER, envelope=ASKED_ANEW)
    assert ledger(effects) == [("request_designation", "met"), ("designate", "open")]
    assert set(duties(history.opened)) == {("designate", organ(SUPERVISOR))}
    assert not is_refused(history.send("designation", SUPERVISOR, designee=organ(HANDLER)))
