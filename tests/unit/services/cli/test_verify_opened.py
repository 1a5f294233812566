"""`yichuan verify` on fields opened later: whose, by whom, on what ground, withheld by what."""

import json
from typing import Any

import pytest

from connectors.bus.home import Home
from schemas.messages import LeadTransfer
from services.cli.main import main
from services.cli.verify_judge import exported
from tests.history import HANDLER, SENDER, organ
from tests.unit.services.cli.test_verify import LEAD, Put, asked, chosen, put
from tests.unit.services.cli.test_verify import _opened as opened_fields
from tests.unit.services.exchange.test_opening import home

__all__ = ["chosen", "home", "put"]  # fixtures


def test_opened_fields_say_whose_when_by_whom_on_what_ground_and_what_withheld_them(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(LEAD, LeadTransfer)
    assert LEAD.parties
    file = put(exported(opened_fields(home)))
    _, found = asked(capsys, file)
    opened = found["opened"]
    assert (found["from"], opened["opened_by"]) == (organ(SENDER), organ(SENDER))
    assert (opened["message"], opened["message_record"]) == (
        LEAD.envelope.message_id,
        "LeadTransfer",
    )
    assert (opened["reason"], opened["basis"]) == ("送达文书需要核对身份。", "意见二(三)2")
    assert {field["path"]: json.loads(field["value"]) for field in opened["fields"]} == {
        "parties[0].address": LEAD.parties[0].address,
        "reason": LEAD.reason,
    }
    assert {field["withheld_by"] for field in opened["fields"]} == {"clearances.csv:53"}
    assert "salt" not in opened["fields"][0]
    assert main(["verify", file]) == 0
    printed = capsys.readouterr().out
    for words in (
        "准予查看的字段",
        "clearances.csv:53",
        "送达文书需要核对身份",
        "reason",
        LEAD.reason,
    ):
        assert str(words) in printed


def test_a_changed_value_of_an_opened_field_is_named(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    def value(document: dict[str, Any]) -> None:
        document["fields"][0]["value"] = '"另一处"'

    def part(document: dict[str, Any]) -> None:
        document["parts"].pop()

    def author(document: dict[str, Any]) -> None:
        document["author"] = organ(HANDLER)

    for change, path in ((value, "fields[0].value"), (part, None), (author, "author")):
        file = exported(opened_fields(home))
        change(file["document"])
        code, found = asked(capsys, put(file))
        assert (code, found["code"]) == (1, "verify.tampered")
        assert path is None or found["tampered"] == [path]
        assert found["tampered"]
    file = exported(opened_fields(home))
    file["document"]["schema"] = "0" * 64
    assert asked(capsys, put(file))[1]["code"] == "verify.other_schema"
