"""schemas/json_text.py: encodings, none of them guessed."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Refusal, texts
from schemas.json_form import FormError
from schemas.json_text import Encoding, from_text, in_utf8, parse

LETTER = '{"reason": "经查，该户外广告牌未经批准设置，涉嫌违反规定。"}'


def test_gbk_and_gb18030_become_utf8_where_the_configuration_says_so() -> None:
    for encoding in ("gbk", "gb18030"):
        assert in_utf8(LETTER.encode(encoding), Encoding.GB18030) == LETTER.encode()
    rare = '{"name": "𠮷㐂"}'  # four bytes each, not in GBK
    assert in_utf8(rare.encode("gb18030"), Encoding.GB18030) == rare.encode()
    marked = ("\ufeff" + LETTER).encode("gb18030")
    assert in_utf8(marked, Encoding.GB18030) == LETTER.encode()


def test_ascii_is_the_same_in_both() -> None:
    for encoding in Encoding:
        assert in_utf8(b'{"reason": "\\u7406"}', encoding) == b'{"reason": "\\u7406"}'


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (LETTER.encode(), "message.encoding_ambiguous"),
        (b"\xef\xbb\xbf" + LETTER.encode(), "message.encoding_ambiguous"),
        (LETTER.encode("utf-16"), "message.utf16"),
        (b'{"reason": "\xff\xff"}', "message.not_gb18030"),
        (LETTER.encode("gb18030")[:-4] + b"\x81", "message.not_gb18030"),
    ],
)
def test_what_is_in_another_encoding_is_refused_and_never_guessed(raw: bytes, code: str) -> None:
    found = in_utf8(raw, Encoding.GB18030)
    assert isinstance(found, Refusal)
    assert found.code == code


def test_utf8_is_handed_on_as_it_is() -> None:
    assert in_utf8(b"\xff", Encoding.UTF_8) == b"\xff"


def test_every_character_is_written_so_that_it_is_read_again() -> None:
    every = [chr(point) for point in range(0x20, 0x110000) if not 0xD800 <= point <= 0xDFFF]
    for start in range(0, len(every), 50_000):
        text = "".join(every[start : start + 50_000])
        raw = from_text(json.dumps(text, ensure_ascii=False), Encoding.GB18030)
        assert json.loads(raw.decode("gb18030")) == text


@given(st.binary(max_size=300), st.sampled_from(Encoding))
def test_any_bytes_give_an_object_or_a_code(raw: bytes, encoding: Encoding) -> None:
    found = in_utf8(raw, encoding)
    if isinstance(found, Refusal):
        assert found.code in texts()
        return
    with suppress(FormError):
        assert isinstance(parse(found), dict)
