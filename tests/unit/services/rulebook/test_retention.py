"""retention.toml: terms by the life of a case, orders for one case, and nothing misread."""

import pytest

from schemas.errors import UserError
from services.casework.case import Life
from services.rulebook import retention
from services.rulebook.retention import LIVES, What, read_retention
from tests.history import demo

CASE = "0191f3a0-0000-5000-8000-000000000001"
TERM = '[terms.transfer]\nyears = 30\nbasis = "规定"\n'
ORDER = (
    f'[[order]]\ncase = "{CASE}"\nwhat = "hold"\nby = "法院"\nbasis = "文号"\nsince = 2027-03-01\n'
)


def read(text: str) -> retention.Retention:
    return read_retention("retention.toml", text.encode())


def fault(text: str) -> str:
    with pytest.raises(UserError) as raised:
        read(text)
    assert (raised.value.code, raised.value.where) == ("rules.invalid", "retention.toml")
    return (raised.value.detail or "").partition("：")[0]


def test_every_life_of_a_case_has_a_name_here_and_in_the_demo_a_term() -> None:
    assert set(LIVES) == set(Life)
    assert set(demo().retention.terms) == set(Life)
    assert demo().retention.quarantine is not None
    assert demo().retention.orders == ()


def test_an_empty_file_erases_nothing() -> None:
    assert read("") == retention.Retention()


def test_terms_orders_and_the_quarantine_are_read() -> None:
    found = read(TERM + '[quarantine]\nmonths = 6\nbasis = "法"\n' + ORDER + "until = 2028-03-01\n")
    assert found.terms["transfer"].years == 30
    assert found.quarantine is not None
    assert (found.quarantine.months, found.quarantine.basis) == (6, "法")
    (order,) = found.orders
    assert (order.what, order.by, str(order.since), str(order.until)) == (
        What.HOLD,
        "法院",
        "2027-03-01",
        "2028-03-01",
    )
    assert found.by_case == {CASE: (order,)}


def test_two_orders_of_one_case_are_both_found() -> None:
    both = read(ORDER + ORDER.replace("hold", "erase"))
    assert [order.what for order in both.by_case[both.orders[0].case]] == [What.HOLD, What.ERASE]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (TERM.replace("transfer", "elsewhere"), "terms"),
        (TERM.replace("30", "0"), "years"),
        (TERM.replace("30", "101"), "years"),
        (TERM.replace("30", "1.5"), "years"),
        (TERM.replace('basis = "规定"\n', ""), "basis"),
        (TERM + "more = 1\n", "more"),
        ('[quarantine]\nmonths = 121\nbasis = "法"\n', "months"),
        ('[quarantine]\nmonths = 6\nbasis = "法"\nmore = 1\n', "more"),
        (ORDER.replace(CASE, "no case"), "case"),
        (ORDER.replace("hold", "keep"), "what"),
        (ORDER.replace("since = 2027-03-01\n", ""), "since"),
        (ORDER + "more = 1\n", "more"),
        ("more = 1\n", "more"),
    ],
)
def test_a_fault_is_named(text: str, key: str) -> None:
    assert fault(text) == key


def test_too_many_orders_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "ORDERS_MAX", 1)
    assert fault(ORDER + ORDER) == "order"
