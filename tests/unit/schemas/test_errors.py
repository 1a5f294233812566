"""Codes, their texts in two languages, and whose fault an exception says it is."""

import pytest

from schemas.errors import Broken, Malformed, Unavailable, UserError, YichuanError, text


def test_a_code_has_its_texts_in_both_languages() -> None:
    words = text("home.login_missing")
    assert words.code == "home.login_missing"
    assert words.in_language("zh") == (words.zh, words.remedy_zh)
    assert words.in_language("en") == (words.en, words.remedy_en)


def test_an_unknown_code_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError, match=r"no\.such_code"):
        text("no.such_code")


def test_an_error_says_its_code_its_place_and_its_detail() -> None:
    error = Malformed("message.malformed", where="leads/0/7", detail="3 bytes")
    assert str(error) == "message.malformed leads/0/7 3 bytes"
    assert (error.code, error.where, error.detail) == ("message.malformed", "leads/0/7", "3 bytes")
    assert str(Broken("log.gap")) == "log.gap"


def test_only_what_may_pass_by_itself_is_retried() -> None:
    retriable = [cls for cls in YichuanError.__subclasses__() if cls.retriable]
    assert retriable == [Unavailable]


def test_a_wrong_command_exits_with_two_unless_it_says_otherwise() -> None:
    assert UserError("home.config_invalid").exit_code == 2
    assert UserError("home.login_missing", exit_code=3).exit_code == 3
