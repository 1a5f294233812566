"""The guards of the chapter of the seal find what they are there to find."""

from dataclasses import replace
from typing import Any

import pytest

from schemas.codec import Opened, current, unframe
from schemas.parts import Delivery, Relation
from schemas.seal import copied
from schemas.seal_list import leaves
from tests.history import HANDLER, MONDAY, SENDER, message, organ
from tests.office import sealed
from tests.prove.kafka_requests import On
from tests.prove.kafka_words import array, compact, errors_of, integers, number, several, text
from tests.prove.login_table import ALL_REQUESTS, PLACES, doors, rights, unmatched
from tests.prove.seal_crowd import Crowd, Sealed, compare, said
from tests.prove.seal_login import PORT_KINDS


def test_what_is_tried_and_what_the_table_of_rights_says_are_the_same() -> None:
    table = dict(rights())
    assert unmatched(table) == []
    removed = table.pop(("Fetch", "other"))
    assert removed == "TOPIC_AUTHORIZATION_FAILED"
    assert unmatched(table) == ["Fetch (other)"]


def test_of_what_is_another_s_nothing_is_allowed_by_the_table() -> None:
    others = {each.name for each in ALL_REQUESTS if each.on is not On.CLUSTER}
    table = rights()
    allowed = [name for name in others if table[name, "other"] == "NO_ERROR"]
    assert allowed == []
    assert {"own", "flow", "other"} == {place for places in PLACES.values() for place in places}


def test_every_kind_of_http_port_is_knocked_at_by_three() -> None:
    assert {door.port for door in doors()} == set(PORT_KINDS) - {"kafka"}
    assert {len(door.statuses) for door in doors()} == {3}
    written = [door for door in doors() if door.method != "GET"]
    assert not [door for door in written if {200, 201, 204} & set(door.statuses)]


@pytest.mark.parametrize(
    ("form", "answer", "found"),
    [
        ("i E s", integers("ih", 0, 29) + text("no"), (29,)),
        ("[ s E ]", array(text("a") + integers("h", 0), text("b") + integers("h", 30)), (0, 30)),
        ("i ( S E ?", integers("i", 0) + several(compact("a") + integers("h", 31)), (31,)),
        ("E ?", integers("h", 0) + b"whatever", (0,)),
        ("( E T )", number(2) + integers("h", 53) + b"\0", (53,)),
    ],
)
def test_error_codes_are_found_in_an_answer(
    form: str, answer: bytes, found: tuple[int, ...]
) -> None:
    assert errors_of(form, answer) == found


def test_an_answer_that_ends_too_soon_is_no_answer() -> None:
    with pytest.raises(AssertionError, match="ends too soon"):
        errors_of("i E", integers("i", 0))


def test_a_copy_that_says_another_s_words_is_found() -> None:
    lead = message("lead_transfer", SENDER, "a", MONDAY)
    codec = current("LeadTransfer")
    original = codec.open(unframe(sealed(lead))[1])
    delivery = Delivery(organ(HANDLER), Relation.HANDLER, None, MONDAY)
    opened = codec.open(copied(original, codec, delivery, original.message).body)
    crowd = _crowd(lead)
    compare(crowd, opened, "here")
    assert crowd.kept > 20
    changes: tuple[dict[str, Any], ...] = ({"reason": "另有其故"}, {"legal_basis": None})
    for change in changes:
        with pytest.raises(AssertionError, match=r"is not what was sealed|the digest of"):
            compare(_crowd(replace(lead, **change)), opened, "here")
    shown: Any = opened.message
    lost = replace(shown, legal_basis=None)
    with pytest.raises(AssertionError, match="legal_basis is gone and not listed"):
        compare(_crowd(lead), replace(opened, message=lost), "here")


def _crowd(lead: Any) -> Crowd:
    value = sealed(lead)
    opened: Opened = current("LeadTransfer").open(unframe(value)[1])
    digests = leaves(opened)
    assert digests is not None
    return Crowd({lead.envelope.message_id: Sealed(lead, value, said(opened), digests)})
