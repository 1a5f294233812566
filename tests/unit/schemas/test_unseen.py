"""What nobody sees in a text: all of it is known, and taken out."""

import sys
import unicodedata

import pytest

from schemas.unseen import UNSEEN, may_hold_unseen, without_unseen


def test_every_format_mark_and_control_that_is_no_blank_is_known() -> None:
    for code in range(sys.maxunicode + 1):
        character = chr(code)
        if unicodedata.category(character) in {"Cf", "Mn", "Me", "Cc"} and not character.isspace():
            assert code in UNSEEN, hex(code)


def test_what_is_written_is_seen() -> None:
    for code in UNSEEN:
        assert unicodedata.category(chr(code)) not in {"Lu", "Ll", "Nd", "No", "Sc", "Zs"}, hex(
            code
        )


@pytest.mark.parametrize("code", sorted(UNSEEN)[:: len(UNSEEN) // 300])
def test_each_is_found_and_taken_out(code: int) -> None:
    text = f"张{chr(code)}伟"
    assert may_hold_unseen(text)
    assert without_unseen(text) == "张伟"


@pytest.mark.parametrize("text", ["", "张伟 138", "反映人\t张伟\n"])
def test_a_text_without_any_comes_back_as_it_is(text: str) -> None:
    assert not may_hold_unseen(text)
    assert without_unseen(text) is text


def test_a_rare_ideograph_stays() -> None:
    assert without_unseen("\U00020bb7某") == "\U00020bb7某"
