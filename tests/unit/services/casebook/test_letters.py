"""Bytes that came, kept elsewhere: locked, bound to where they lay, erased with their key."""

from dataclasses import replace

import pytest

from schemas.errors import Broken
from services.casebook.case_keys import CaseKeys
from services.casebook.letters import LOCKED, locked_letter, opened_letter
from services.casebook.rows import OutboxRow, Position
from services.casebook.store import Casebook
from tests.history import MONDAY

SOURCE = Position("leads", 2, 5)
LETTER = OutboxRow(SOURCE, "dead-letters", None, None, (("yichuan-code", b"x.y"),))
CAME = (b"key", b"what came")


def locked_value(letter: OutboxRow) -> bytes:
    assert isinstance(letter.value, bytes)
    return letter.value


def test_what_is_locked_says_only_under_which_key_and_opens_where_it_lay(
    casebook: Casebook,
) -> None:
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        locked = locked_letter(keys, "case", LETTER, CAME)
        headers = dict(locked.headers)
        assert headers == {"yichuan-code": b"x.y", LOCKED: b"case"}
        assert locked.key is None
        value = locked_value(locked)
        assert b"what came" not in value
        found = opened_letter(keys, "dead-letters", SOURCE, headers, value)
        assert found == CAME
        elsewhere = [
            ("originals", SOURCE),
            ("dead-letters", None),
            ("dead-letters", replace(SOURCE, topic="copies")),
            ("dead-letters", replace(SOURCE, partition=3)),
            ("dead-letters", replace(SOURCE, offset=6)),
        ]
        for topic, place in elsewhere:
            with pytest.raises(Broken, match=r"casebook\.unreadable"):
                opened_letter(keys, topic, place, headers, value)
        keys.make(["another"])
        with pytest.raises(Broken, match=r"casebook\.unreadable"):
            opened_letter(keys, "dead-letters", SOURCE, headers | {LOCKED: b"another"}, value)


def test_when_its_key_is_erased_nothing_of_it_opens(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        locked = locked_letter(keys, "case", LETTER, CAME)
        keys.erase("case", MONDAY)
        headers = dict(locked.headers)
        assert opened_letter(keys, "dead-letters", SOURCE, headers, locked_value(locked)) is None


def test_one_without_bytes_stays_as_it_is_and_makes_no_key(casebook: Casebook) -> None:
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        assert locked_letter(keys, "case", LETTER, (None, None)) is LETTER
        assert not keys.has("case")


def test_one_that_comes_again_after_its_key_was_erased_is_left_without_bytes(
    casebook: Casebook,
) -> None:
    with casebook.engine.begin() as connection:
        keys = CaseKeys(connection, casebook.key)
        keys.erase("case", MONDAY)
        assert locked_letter(keys, "case", LETTER, CAME) is LETTER
