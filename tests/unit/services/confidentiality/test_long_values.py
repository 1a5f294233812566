"""What somebody makes long on purpose: the look for it costs what its length does."""

import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.confidentiality import addresses, free_text
from services.confidentiality.addresses import tails
from services.confidentiality.free_text import (
    LOOKS_MAX,
    NAMES_MAX,
    SECRETS_MAX,
    SOUGHT_CHARACTERS_MAX,
    TOO_MANY,
    scrubbed,
    search_for,
)
from services.confidentiality.kinds import Kind
from services.confidentiality.told_numbers import HIDDEN

# As they were, in the square of a length: what they find is found still.
OLD_BRACKETS = re.compile(r"[(（\[【][^)）\]】]*[)）\]】]")
OLD_HOUSE = re.compile(r"\D{2,}(?:\d|[一二三四五六七八九十百]+(?:号|栋|幢|组|单元|室|户))")
LONG = SOUGHT_CHARACTERS_MAX - 100
SECONDS_MAX = 2.0  # of the processor; the square of LONG took more than ten


@given(st.text(st.sampled_from("张伟（(【)）】["), max_size=30))
def test_what_is_in_brackets_is_taken_out_as_before(name: str) -> None:
    assert free_text._without_brackets(name) == OLD_BRACKETS.sub("", name)


@given(st.text(st.sampled_from("某路一十3号室"), max_size=20))
def test_a_house_s_number_is_seen_as_before(address: str) -> None:
    found = addresses._HOUSE.match(address)
    assert (found is None) == (OLD_HOUSE.match(address) is None)


@pytest.mark.parametrize("sign", ["(", "（", "[", ")", "()", "、", "张、"])
def test_no_name_of_signs_holds_the_case_up(sign: str) -> None:
    name = "某甲" + sign * (LONG // len(sign))
    begin = process_time()
    search_for([(Kind.NAME, name)], ["某甲反映的情况"], numbers=True)
    assert process_time() - begin < SECONDS_MAX


@pytest.mark.parametrize("sign", ["一", "十百", "1", "省", "a省", "小区"])
def test_no_address_of_numbers_holds_the_case_up(sign: str) -> None:
    begin = process_time()
    list(tails("某路" + sign * (LONG // len(sign))))
    assert process_time() - begin < SECONDS_MAX


def test_with_more_values_than_are_sought_the_texts_are_masked_whole() -> None:
    names = [(Kind.NAME, f"王{chr(0x4E00 + number)}") for number in range(SECRETS_MAX)]
    assert search_for(names, ["某某"], numbers=False) is not TOO_MANY
    search = search_for([*names, (Kind.NAME, "李四")], ["某某"], numbers=False)
    assert search is TOO_MANY
    assert scrubbed("某某", search) == HIDDEN


def test_with_more_names_in_one_field_than_are_sought_the_texts_are_masked_whole() -> None:
    def search(names: int) -> object:
        value = "、".join(f"王{chr(0x4E00 + number)}" for number in range(names))
        return search_for([(Kind.NAME, value)], ["王某某"], numbers=False)

    assert search(NAMES_MAX - 1) is not TOO_MANY  # and all of them as one
    assert search(NAMES_MAX) is TOO_MANY


def test_with_longer_values_than_are_sought_the_texts_are_masked_whole() -> None:
    value = "某" * SOUGHT_CHARACTERS_MAX
    assert search_for([(Kind.NAME, value)], ["某某"], numbers=False) is not TOO_MANY
    assert search_for([(Kind.NAME, value + "某")], ["某某"], numbers=False) is TOO_MANY


def test_with_more_to_take_out_than_there_is_time_for_the_texts_are_masked_whole() -> None:
    names = [(Kind.NAME, f"王{chr(0x4E00 + number)}") for number in range(100)]
    whole = "".join(name for _, name in names)
    text = whole + "。" * (LOOKS_MAX // 100 - len(whole))
    search = search_for(names, [text], numbers=False)
    assert len(search.secrets) == 100
    assert search_for(names, [text + "。"], numbers=False) is TOO_MANY
    assert search_for(names[:99], [text + "。"], numbers=False) is not TOO_MANY


def test_signs_that_are_many_letters_in_another_form_count_as_these() -> None:
    """U+FDFA is fifteen letters: a letter full of them, and a few names, took twenty seconds."""
    names = [(Kind.NAME, f"王{chr(0x4E00 + number)}") for number in range(10)]
    text = "、".join(name for _, name in names) + "\ufdfa" * 20_000
    assert search_for(names, [text], numbers=False) is TOO_MANY
    few = text[: LOOKS_MAX // 10 // 15 - 100]
    assert len(search_for(names, [few], numbers=False).secrets) == 10


def test_a_form_that_was_looked_at_is_made_anew_once_something_is_taken_out() -> None:
    values = [(Kind.NAME, "王小明"), (Kind.NAME, "小明王"), (Kind.PHONE, "13800000000")]
    text = "王小明王，小明王，138 0000 0000"
    search = search_for(values, [text], numbers=False)
    shown = scrubbed(text, search)
    assert "小明" not in shown
    assert "0000" not in shown.replace("138****0000", "")
