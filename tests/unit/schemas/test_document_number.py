"""schemas/document_number.py: a number as clerks type it, in its one form."""

import pytest

from schemas.document_number import normal_document_number


@pytest.mark.parametrize(
    "typed",
    [
        "案移〔2026〕12号",
        "案移[2026]12号",
        "案移(2026)12号",
        "案移（2026）12号",
        "案移\uff3b2026\uff3d12号",
        "案移【2026】12号",
        "案移〖2026〗12号",
        "案移{2026}12号",
        "案移〔\uff12\uff10\uff12\uff16〕\uff11\uff12号",
        " 案移 〔2026〕 12 号\n",
        "案移〔2026〕0012号",
    ],
)
def test_what_a_clerk_types_is_one_number(typed: str) -> None:
    assert normal_document_number(typed) == "案移〔2026〕12号"


@pytest.mark.parametrize("number", ["六岩案移〔2026〕1号", "AJ〔2026〕999999号"])
def test_a_number_in_its_form_stays(number: str) -> None:
    assert normal_document_number(number) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12",
        "案移2026-12号",
        "案移〔26〕12号",
        "案移〔2026〕号",
        "案移〔2026〕0号",
        "案移〔2026〕12",
        "案移〔2026〕第12号",
        "案移〔2026〕1234567号",
        "〔2026〕12号",
        "案1移〔2026〕12号",
        "案移〔2026〕12号之一",
        "案移〔٢٠٢٦〕12号",
        "案移〔2026〕12号\0",
        "案移〔2026〕\u00b2号",
        "案移〔2026〕\u2461号",
        "案移〔2026〕1\u2082号",
        "案移\u32c02026〕1号",
    ],
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert normal_document_number(text) is None
