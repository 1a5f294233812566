"""What the supervisor did, and what it was told of breaches: to whom, and by whom."""

import json
from datetime import timedelta

from services.casework.case import State
from services.cli.statistics_figures import FIGURES
from services.cli.statistics_items import of_entry
from services.cli.words import STATES
from services.exchange.journal import effect_text
from tests.history import HANDLER, MONDAY, SUPERVISOR, in_state, organ


def test_a_supervision_letter_shows_whom_it_asks_and_an_explanation_who_gave_it() -> None:
    history = in_state(State.ISSUED)
    history.tick(MONDAY + timedelta(days=4))
    to = {"addressees": [organ(HANDLER)]}
    asked = history.send("supervision_letter", SUPERVISOR, answer_by="2026-10-20", envelope=to)
    explained = history.send("breach_annotation", HANDLER, duty="sign_for", owner=organ(HANDLER))
    effects = [json.loads(effect_text(each)) for each in (*asked, *explained)]
    line = {"at": history.at.isoformat(), "case": history.opened.id, "effects": effects}
    found = [(each.figure, each.organ, each.detail) for each in of_entry(line, lambda _: None)]
    assert found == [
        ("supervised", organ(SUPERVISOR), organ(HANDLER)),
        ("explained", organ(HANDLER), ""),
    ]


def test_what_a_handler_without_power_refers_is_not_called_a_negotiation_that_failed() -> None:
    history = in_state(State.FILED)
    effects = history.send("designation_request", HANDLER)
    lines = [json.loads(effect_text(each)) for each in effects]
    line = {"at": history.at.isoformat(), "case": history.opened.id, "effects": lines}
    (found,) = of_entry(line, lambda _: history.case)
    assert (found.figure, found.organ) == ("referred", organ(HANDLER))
    for words in (FIGURES[found.figure], STATES[history.opened.state]):
        assert "待指定管辖" in words[0]
        assert "协商" not in words[0]
