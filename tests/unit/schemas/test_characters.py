"""A client of an agency's own gets no text through that a connector would refuse."""

import sys
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.characters import unfit_text
from schemas.checks import lawful_form
from schemas.errors import Refusal
from schemas.ids import BUS
from schemas.messages import Tick
from schemas.parts import Attachment, Party, PartyKind, Seal
from schemas.text_form import unfit_character
from schemas.topics import RECORDS
from tests.any_message import default_lead, default_message, messages

UNFIT = "[\u202e]"
FIT = "第一条\t〔2026〕\r\n\u200e\u3000\ue5e5"


def refused(where: str, detail: str = "U+202E") -> Refusal:
    return Refusal("message.character_unfit", where, detail)


@pytest.mark.parametrize(
    ("sign", "name"), [("\x1b", "U+001B"), ("\x08", "U+0008"), ("\x9b", "U+009B")]
)
def test_controls_are_refused_in_a_sealed_letter_too(sign: str, name: str) -> None:
    lead = replace(default_lead(), reason=f"理由{sign}")
    assert lawful_form(lead) == refused("reason", name)


def test_the_place_is_named_in_whatever_part_it_is() -> None:
    lead = replace(default_lead(), reason=FIT)
    assert unfit_text(lead) is None
    party = Party(PartyKind.PERSON, name=UNFIT)
    assert unfit_text(replace(lead, parties=(Party(PartyKind.PERSON, name="王某"), party))) == (
        refused("parties[1].name")
    )
    file = Attachment(name=UNFIT)
    named = replace(lead, envelope=replace(lead.envelope, attachments=(file,)))
    assert unfit_text(named) == refused("envelope.attachments[0].name")
    copy: Any = default_message("copy")
    assert unfit_text(replace(copy, matters=("A", FIT))) is None
    odd = replace(copy, matters=("A", UNFIT))
    assert unfit_text(odd) == refused("matters[1]")


def test_what_is_verified_otherwise_is_not_looked_at() -> None:
    lead = default_lead()
    assert unfit_text(replace(lead, envelope=replace(lead.envelope, seal=Seal(UNFIT)))) is None


def test_the_bus_may_repeat_what_it_took_before_there_was_such_a_look() -> None:
    request: Any = default_message("withdrawal")
    odd = replace(request, reason="理由\u202e")
    assert lawful_form(odd) == refused("reason")
    theirs = replace(odd, envelope=replace(odd.envelope, sender=BUS))
    assert lawful_form(theirs) is None


def test_a_tick_has_texts_of_its_envelope_only() -> None:
    assert isinstance(default_message("tick"), Tick)
    assert unfit_text(default_message("tick")) is None


@pytest.mark.parametrize("record", RECORDS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_no_text_of_any_message_is_left_out(record: str, data: st.DataObject) -> None:
    message = data.draw(messages(record))
    assert unfit_text(message) is None
    texts = list(places(message, ""))
    path, value = data.draw(st.sampled_from(texts))
    sign = data.draw(st.sampled_from("\x00\x1f\x7f\x9f\u2066\ufdd0\U0010ffff"))
    spoilt = with_text(message, path, value + sign)
    found = unfit_text(spoilt)
    assert found == refused(path.removeprefix("."), f"U+{ord(sign):04X}")


def test_what_is_printable_is_fit() -> None:
    """So most texts need no look at each character."""
    for code in range(sys.maxunicode + 1):
        sign = chr(code)
        assert not (sign.isprintable() and unfit_character(sign)), ascii(sign)


def places(value: Any, path: str) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        yield path, value
    elif isinstance(value, tuple):
        for index, each in enumerate(value):
            yield from places(each, f"{path}[{index}]")
    elif is_dataclass(value) and type(value).__name__ not in {"Seal", "Delivery"}:
        for each in fields(value):
            yield from places(getattr(value, each.name), f"{path}.{each.name}")


def with_text(value: Any, path: str, text: str) -> Any:
    if not path:
        return text
    if path.startswith("["):
        number, _, rest = path[1:].partition("]")
        index = int(number)
        return (*value[:index], with_text(value[index], rest, text), *value[index + 1 :])
    name = path[1:].partition("[")[0].partition(".")[0]
    inner = with_text(getattr(value, name), path[1 + len(name) :], text)
    return replace(value, **{name: inner})
