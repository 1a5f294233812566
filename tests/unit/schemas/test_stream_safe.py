"""NFKC in bounded runs: the same for what people write, and no more work than the length."""

import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.document_number import normal_document_number
from schemas.errors import Refusal
from schemas.secrecy import Gate, NoSharing
from schemas.secrecy_text import fold, folding
from schemas.stream_safe import RUN_MAX, nfkc, short_runs
from services.confidentiality.forms import name_form, number_form
from services.confidentiality.kinds import Kind
from services.confidentiality.masks import masked
from services.confidentiality.places import NOWHERE
from services.confidentiality.told_numbers import has_number, without_numbers

GATE = Gate(NoSharing())
whole_nfkc = unicodedata.normalize  # noqa: TID251 - what the bounded one is held against
# Of several combining classes; alone, taken apart, half-width, above the first plane.
MARKS = "\u0301\u0327\u0345\u0f73\uff9e\uff9f\u302e\U0001d165\U0001e8d0"
WRITTEN = st.text(st.sampled_from("机密（）\uff41é1\u212bガ\u1100\u1161" + MARKS), max_size=RUN_MAX)
UNBOUNDED = st.text(st.sampled_from("é机" + MARKS), max_size=200)


@given(st.one_of(st.text(max_size=200), WRITTEN))
def test_a_text_without_long_runs_is_normalised_as_by_unicode_itself(text: str) -> None:
    if longest_run(text) <= RUN_MAX:
        assert nfkc(text) == whole_nfkc("NFKC", text)
        table = folding(())
        old = whole_nfkc("NFKC", text).translate(table).lower()
        assert fold(text, table) == old


@given(UNBOUNDED)
def test_of_a_run_the_first_thirty_are_left_and_nothing_else_is_lost(text: str) -> None:
    short = short_runs(text)
    assert longest_run(short) <= RUN_MAX
    starters = [each for each in text if not combines(each)]
    assert [each for each in short if not combines(each)] == starters
    if longest_run(text) <= RUN_MAX:
        assert short == text


def test_every_character_that_combines_is_known() -> None:
    for code in range(sys.maxunicode + 1):
        sign = chr(code)
        kept = short_runs(sign * (RUN_MAX + 9)) if combines(sign) else sign * RUN_MAX
        assert kept == sign * RUN_MAX, ascii(sign)


def test_no_number_of_marks_hides_what_the_gate_looks_for() -> None:
    for many in (RUN_MAX, 1_000):
        marks = "\u0301" * many + "\u0327" * many
        text = f"（机{marks}密{marks}）附件{marks}"
        assert GATE.text(text, "reason") == Refusal("secrecy.marked", where="reason")
        assert GATE.in_bytes(b"\xff" + text.encode())


@pytest.mark.parametrize(
    "look",
    [
        lambda text: GATE.in_bytes(b"\xff" + text.encode()),
        lambda text: GATE.text(text, "reason"),
        name_form,
        number_form,
        normal_document_number,
        has_number,
        without_numbers,
        lambda text: masked(Kind.NAME, text, NOWHERE),
    ],
)
def test_twice_the_marks_are_no_more_than_twice_the_work(
    look: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = []

    def counted(form: str, text: str) -> str:
        work.append(sum(run * run for run in runs(text)))
        return whole_nfkc(form, text)  # type: ignore[arg-type] # one of the forms

    monkeypatch.setattr(unicodedata, "normalize", counted)
    for many in (200, 400):
        look("机密" + ("\u0301" * many + "\u0327" * many + "\U0001d165甲") * 2)
        assert sum(work) <= 2 * (RUN_MAX + 1) ** 2 * 2
        work.clear()


def combines(sign: str) -> bool:
    return unicodedata.combining(whole_nfkc("NFKD", sign)[0]) != 0


def runs(text: str) -> list[int]:
    found = [0]
    for sign in text:
        if combines(sign):
            found[-1] += 1
        else:
            found.append(0)
    return found


def longest_run(text: str) -> int:
    return max(runs(text))
