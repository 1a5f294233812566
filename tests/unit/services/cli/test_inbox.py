"""Fields that were opened, as the command line tells them: inbox, simulate, trace."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Self

import pytest

from connectors.bus.home import Home
from schemas.ids import BUS
from schemas.messages import DutyNotice, Outcome, Rung, Stage
from schemas.parts import Relation
from services.casework.effects import Open, ToOpen
from services.cli.inbox import gist
from services.cli.mailbox import Letter
from services.cli.main import main
from services.cli.trace_text import lines
from services.cli.words import ENDS
from services.exchange.journal import effect_text
from tests.expected import FOLDER
from tests.history import HANDLER, MONDAY, SENDER, SUPERVISOR, demo, message, organ
from tests.unit.services.cli.one_case import filed_case
from tests.unit.services.cli.test_verify import _opened as opened_fields
from tests.unit.services.cli.test_verify import chosen
from tests.unit.services.exchange.test_opening import home

__all__ = ["chosen", "home"]  # fixtures
PATHS = ("reason", "parties[0].name")


class Inbox:
    """An inbox of one letter, without a broker."""

    def __init__(self, letter: Letter) -> None:
        self._letter = letter

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing was opened."""

    async def end(self) -> int:
        return 1

    async def present(self, _newest: int) -> AsyncIterator[Letter]:
        yield self._letter


def test_an_inbox_shows_which_fields_were_opened_and_what_they_say(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = opened_fields(home)
    letter = Letter(0, MONDAY, opened.message, None, opened)
    monkeypatch.setattr("services.cli.inbox.open_mailbox", lambda *_: Inbox(letter))
    assert main(["inbox", HANDLER]) == 0
    printed = capsys.readouterr().out
    for words in ("准予查看的内容", 'reason="', 'parties[0].address="'):
        assert words in printed


@pytest.mark.usefixtures("home")
def test_an_inbox_shows_whose_duty_a_card_is_about_which_one_and_when_it_was_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letter = message("lead_transfer", SENDER, "a lead")
    envelope = replace(letter.envelope, record="DutyNotice", sender=BUS)
    due = datetime(2026, 9, 30, 16, tzinfo=UTC)
    card = DutyNotice(envelope, Rung.RED, "sign_for", organ(HANDLER), MONDAY, due, MONDAY)
    rows: list[tuple[str, ...]] = []
    monkeypatch.setattr("services.cli.inbox.table", lambda _, told: rows.extend(told))
    for provisional, words in ((False, ""), (True, "（暂定）")):
        got = Letter(0, MONDAY, replace(card, provisional=provisional), None, None)
        monkeypatch.setattr("services.cli.inbox.open_mailbox", lambda *_, got=got: Inbox(got))
        assert main(["inbox", SUPERVISOR]) == 0
        name = demo().directory.organs[organ(HANDLER)].name
        assert rows.pop()[5] == f"红牌：{name}签收，2026-09-30 24:00{words} 到期"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"rung": Rung.YELLOW}, "黄牌"),
        ({"stage": Stage.SERVED}, "已送达"),
        ({"outcome": Outcome.PENALTY}, "给予行政处罚"),
        (
            {"code": "document_number.used", "rule": "F-001"},
            "该文号已用于另一消息 document_number.used",
        ),
        ({"code": "of.a_later_version"}, "of.a_later_version"),
        ({"code": None, "rule": "F-001"}, "F-001"),
        ({}, ""),
    ],
)
def test_what_a_message_says_is_told_in_words(said: dict[str, object], words: str) -> None:
    assert gist(SimpleNamespace(**said)) == words


def test_every_outcome_of_a_case_has_its_words() -> None:
    assert set(ENDS) == set(Outcome) - {Outcome.UNKNOWN}


def test_a_simulation_says_to_whom_what_is_opened(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", str(FOLDER / "variants" / "withheld_fields_opened.yaml")]) == 0
    printed = capsys.readouterr().out
    assert "准予" in printed
    assert "查看：complainant" in printed


@pytest.mark.parametrize("by", [None, SENDER])
def test_a_trace_says_who_opened_what_to_whom(by: str | None) -> None:
    bus = filed_case()
    row = bus.rows[0]
    fields = tuple(ToOpen(path, "clearances.csv:41", "例", None, None) for path in PATHS)
    opener = None if by is None else organ(by)
    request, to = row.message_id, organ(HANDLER)
    names = (request, "LeadTransfer", organ(SENDER), to, Relation.SUPERIOR, fields)
    entry = json.loads(row.entry)
    entry["effects"].append(json.loads(effect_text(Open(request, request, to, opener, *names))))
    bus.rows[0] = replace(row, entry=json.dumps(entry))
    told = bus.story()
    (opened,) = (each for each in told["steps"][0]["effects"] if each["effect"] == "opened")
    assert opened["to"]["alias"] == HANDLER
    assert (opened["by"] or {}).get("alias") == by
    text = "\n".join(lines(told))
    assert f"准予查看 {opened['to']['name']}: reason、parties[0].name" in text
