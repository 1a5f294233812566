"""What is locked opens with its key and in its own place, and in no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Broken
from services.casebook.lockbox import (
    KEY_BYTES,
    NONCE_BYTES,
    Bound,
    WrappingKey,
    lock,
    pack,
    unlock,
    unpack,
)

KEY, OTHER = bytes(KEY_BYTES), bytes([7]) * KEY_BYTES
NONCE = bytes(NONCE_BYTES)
PLACE: Bound = ("original", "case", "organ", "message", "LeadTransfer", None)


def refuses(key: bytes, locked: bytes, bound: Bound = PLACE) -> None:
    with pytest.raises(Broken) as raised:
        unlock(key, locked, bound)
    assert (raised.value.code, raised.value.detail) == ("casebook.unreadable", bound[0])


@given(st.binary(max_size=200))
def test_what_was_locked_is_what_opens_and_nothing_of_it_shows(plain: bytes) -> None:
    locked = lock(KEY, NONCE, plain, PLACE)
    assert unlock(KEY, locked, PLACE) == plain
    assert len(plain) < 4 or plain not in locked


def test_every_bit_counts() -> None:
    locked = lock(KEY, NONCE, b"plain", PLACE)
    for bit in range(len(locked) * 8):
        changed = bytearray(locked)
        changed[bit // 8] ^= 1 << (bit % 8)
        refuses(KEY, bytes(changed))


def test_cut_or_empty_it_does_not_open() -> None:
    locked = lock(KEY, NONCE, b"plain", PLACE)
    for end in range(len(locked)):
        refuses(KEY, locked[:end])


@pytest.mark.parametrize("part", range(len(PLACE)))
def test_in_another_s_place_it_does_not_open(part: int) -> None:
    locked = lock(KEY, NONCE, b"plain", PLACE)
    refuses(KEY, locked, (*PLACE[:part], "another", *PLACE[part + 1 :]))


def test_two_lists_of_parts_are_never_the_same_place() -> None:
    refuses(KEY, lock(KEY, NONCE, b"plain", ("a", "b", "c")), ("a", "b,c"))
    refuses(KEY, lock(KEY, NONCE, b"plain", ("a", 1)), ("a", "1"))


def test_another_key_opens_nothing() -> None:
    refuses(OTHER, lock(KEY, NONCE, b"plain", PLACE))


def test_a_case_s_key_is_wrapped_for_its_case_and_by_one_key() -> None:
    own = WrappingKey(KEY)
    wrapped = own.wrap("case", OTHER, NONCE)
    assert own.unwrap("case", wrapped) == OTHER
    assert OTHER not in wrapped
    for key, name in ((own, "another"), (WrappingKey(OTHER), "case")):
        with pytest.raises(Broken, match=r"casebook\.unreadable"):
            key.unwrap(name, wrapped)


def test_a_key_s_id_tells_it_apart_and_its_text_tells_nothing() -> None:
    own = WrappingKey(OTHER)
    assert own.id == WrappingKey(OTHER).id != WrappingKey(KEY).id
    assert OTHER.hex() not in repr(own) + str(own) + own.id
    assert repr(OTHER)[2:10] not in repr(own)


@given(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=20))
def test_key_and_value_come_back_as_they_were_missing_or_empty(
    key: bytes | None, value: bytes | None
) -> None:
    assert unpack(pack(key, value)) == (key, value)
