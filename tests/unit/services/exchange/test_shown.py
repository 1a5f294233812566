"""What a copy's texts must not tell: of the case, and of the one it was split from."""

from typing import Any

import pytest

from schemas.codec import unframe
from schemas.oversight import SupervisionLetter
from schemas.sharing import ComplaintForward
from services.casebook.case_keys import CaseKeys
from services.casebook.store import Casebook
from services.casebook.tables import OUTBOX
from services.exchange import shown
from tests.history import MONDAY, SENDER, SUPERVISOR, History, organ, violation
from tests.office import Log, inboxes, office, run, sent
from tests.unit.services.exchange.test_split_cases import next_there, written

MARKET = "liuzhi-scjg"


def split(casebook: Casebook) -> tuple[History, History, str]:
    """Return a complaint, the child that was split from it, and who complained."""
    history, log = History(), Log()
    violations = [violation(number, matter="SC-002") for number in (1, 2, 3)]
    forward = sent(history, "complaint_forward", SENDER, violations=violations)
    objection = sent(history, "objection", MARKET, numbers=[2])
    run(casebook, [log.put(forward, MONDAY), log.put(objection, history.at)])
    (opens,) = written(casebook, Log())
    run(casebook, [next_there(casebook, opens)])
    schema_id, body = unframe(opens.value or b"")
    child = History(at=history.at, count=50)
    child.decide(office().codecs[schema_id].decode(body))
    assert isinstance(forward, ComplaintForward)
    complainant = forward.complainant
    assert complainant is not None
    assert complainant.name is not None
    return history, child, complainant.name


def told(casebook: Casebook, child: History, text: str) -> str | None:
    """Let the supervisor write to the forwarder in the child; return what it reads."""
    changes: dict[str, Any] = {"asked": text, "envelope": {"addressees": [organ(SENDER)]}}
    letter = sent(child, "supervision_letter", SUPERVISOR, **changes)
    run(casebook, [next_there(casebook, Log().put(letter, child.at))])
    (copy,) = (
        each.message
        for each in inboxes(casebook)
        if each.to == SENDER and isinstance(each.message, SupervisionLetter)
    )
    assert isinstance(copy, SupervisionLetter)
    return copy.asked


def test_a_child_does_not_tell_what_the_letter_of_its_parent_hides(casebook: Casebook) -> None:
    _, child, name = split(casebook)
    assert told(casebook, child, f"请向{name}核实") == f"请向{name[0]}**核实"


def test_where_the_parent_opens_no_more_the_child_s_texts_are_closed(casebook: Casebook) -> None:
    """Nobody can say any longer what must not stand in them."""
    history, child, name = split(casebook)
    with casebook.engine.begin() as connection:
        connection.execute(OUTBOX.delete())
        CaseKeys(connection, casebook.key).erase(history.opened.id, MONDAY)
    assert told(casebook, child, f"请向{name}核实") == "****"


@pytest.mark.parametrize("limit", ["SEARCHED_MAX", "SECRETS_MAX", "PARENTS_MAX"])
def test_where_more_would_have_to_be_looked_through_than_is_the_texts_are_closed(
    casebook: Casebook, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(shown, limit, 0)
    _, child, name = split(casebook)
    assert told(casebook, child, f"请向{name}核实") == "****"
