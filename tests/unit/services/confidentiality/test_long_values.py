"""What somebody makes long on purpose: the look for it costs what its length does."""

import re
from unittest.mock import Mock

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
CLOSING = ")）]】"
WITHOUT_LIMIT = re.compile(r"[*+]|\{\d+,\}")


@given(st.text(st.sampled_from("张伟（(【)）】["), max_size=30))
def test_what_is_in_brackets_is_taken_out_as_before(name: str) -> None:
    assert free_text._without_brackets(name) == OLD_BRACKETS.sub("", name)


@given(st.text(st.sampled_from("某路一十3号室"), max_size=20))
def test_a_house_s_number_is_seen_as_before(address: str) -> None:
    found = addresses._HOUSE.match(address)
    assert (found is None) == (OLD_HOUSE.match(address) is None)


@pytest.mark.parametrize("sign", ["(", "（", "[", "()", ")(", "、", "张、"])
def test_behind_the_last_bracket_that_closes_none_is_looked_for(
    sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each that opens there looks to the end, so that what it costs is the square of a length."""
    looked_at: list[str] = []

    def noted(_: str, text: str) -> str:
        looked_at.append(text)
        return text

    monkeypatch.setattr(free_text, "_IN_BRACKETS", Mock(sub=noted))
    name = "某甲" + sign * (LONG // len(sign))
    search_for([(Kind.NAME, name)], ["某甲反映的情况"], numbers=True)
    (text,) = looked_at
    assert text == "" or text[-1] in CLOSING
    assert sum(each in CLOSING for each in name[len(text) :]) == 0


def test_no_address_is_gone_over_again_from_each_of_its_places() -> None:
    """From a place that is given a pattern with one repetition goes over the rest once, and back.

    With two, as it was, it goes over it from each place at which the first may end.
    """
    assert repetitions(OLD_HOUSE) == 2
    assert repetitions(addresses._HOUSE) == 1
    assert [repetitions(each) for each in (*addresses._LEVELS, addresses._ORGAN)] == [0] * 5


def repetitions(pattern: re.Pattern[str]) -> int:
    """Return how often something is repeated without a limit."""
    return len(WITHOUT_LIMIT.findall(pattern.pattern))


@pytest.mark.parametrize("sign", ["一", "十百", "1", "省", "a省", "小区"])
def test_a_long_address_has_as_many_tails_as_levels(sign: str) -> None:
    assert len(list(tails("某路" + sign * (LONG // len(sign))))) <= len(addresses._LEVELS)


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
