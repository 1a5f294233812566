"""Many rows at once: what a row may hold comes back as it was; one that may not is refused."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError

from services.casebook.statements import Values, insert, remove, rewrite
from services.casebook.store import Casebook
from services.casebook.tables import DUTIES, NUMBERS, OUTBOX
from tests.office import rows
from tests.office import statements as noted

GREATEST = 2**63 - 1
ANY_TEXT = 'tab\t, line\nand return\r, \\N, \\., "quoted", 罚〔2026〕1号, \U0001f5c2'
ANY_BYTES = bytes(range(256)) * 40
REFUSED = (  # however a row is written
    pytest.param({"headers": "\0"}, DataError, id="nul"),
    pytest.param({"headers": "\ud800"}, UnicodeEncodeError, id="surrogate"),
    pytest.param({"topic": "x" * 65}, DataError, id="long"),
    pytest.param({"topic": None}, IntegrityError, id="null"),
)


def out(seq: int, **changed: object) -> Values:
    row: Values = {"seq": seq, "source_topic": "leads", "source_partition": 0, "topic": "journal"}
    return {**row, "key": None, "value": None, "headers": None, "case_id": None, **changed}


def duty(number: int, **changed: object) -> Values:
    names = ("duty_id", "case_id", "kind", "owner", "body")
    row: Values = {"case_seq": number, "position": 0, **dict.fromkeys(names, "x")}
    return {**row, "due_ms": 0, "open": True, "ended": None, **changed}


def test_rows_come_back_as_they_were(casebook: Casebook) -> None:
    given = [
        out(GREATEST - 1, source_partition=2**31 - 1, topic="", value=b"", headers=""),
        out(GREATEST, key=ANY_BYTES, value=ANY_BYTES, headers=ANY_TEXT, case_id="案"),
    ]
    kept = [duty(1, due_ms=-GREATEST - 1, body=ANY_TEXT), duty(2, due_ms=GREATEST, open=False)]
    with casebook.engine.begin() as connection, noted(connection) as asked:
        insert(connection, OUTBOX, given)
        insert(connection, DUTIES, kept)
    assert len(asked) == 2
    assert [row._asdict() for row in rows(casebook, OUTBOX)] == given
    assert [row._asdict() for row in rows(casebook, DUTIES)] == kept


def test_many_are_written_anew_and_deleted_by_one_statement_each_and_others_stay(
    casebook: Casebook,
) -> None:
    given = [duty(1), duty(1, position=1), duty(2), duty(3)]
    anew = [
        {"case_seq": 2, "position": 0, "body": ANY_TEXT, "due_ms": -GREATEST - 1, "open": False},
        {"case_seq": 1, "position": 1, "body": "", "due_ms": GREATEST, "open": True},
    ]
    gone = [{"case_seq": 3, "position": 0}, {"case_seq": 3, "position": 1}]
    with casebook.engine.begin() as connection:
        insert(connection, DUTIES, given)
        with noted(connection) as asked:
            rewrite(connection, DUTIES, ("case_seq", "position"), anew)
            remove(connection, DUTIES, ("case_seq", "position"), gone)
    assert len(asked) == 2
    kept = [duty(1), duty(1) | anew[1], duty(2) | anew[0]]
    found = [row._asdict() for row in rows(casebook, DUTIES)]
    assert sorted(found, key=lambda row: (row["case_seq"], row["position"])) == kept


@pytest.mark.parametrize(
    ("changed", "error"),
    [*REFUSED, pytest.param({"source_partition": 2**31}, DataError, id="great for its column")],
)
def test_of_changes_one_of_which_cannot_be_stored_none_is(
    casebook: Casebook, changed: Values, error: type[Exception]
) -> None:
    first, second = out(1, headers="[]"), out(2, headers="[]")
    with casebook.engine.begin() as connection:
        insert(connection, OUTBOX, [first, second])
    anew = [{**row, "topic": "originals"} for row in (first, second)]
    with pytest.raises(error), casebook.engine.begin() as connection:
        rewrite(connection, OUTBOX, ("seq",), [anew[0], {**anew[1], **changed}])
    assert [row._asdict() for row in rows(casebook, OUTBOX)] == [first, second]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        *REFUSED,
        pytest.param({"seq": 1}, IntegrityError, id="again"),
        pytest.param({"seq": GREATEST + 1}, OverflowError, id="great"),
        pytest.param({"source_partition": 2**31}, OverflowError, id="great for its column"),
    ],
)
def test_of_rows_one_of_which_cannot_be_stored_none_is(
    casebook: Casebook, changed: Values, error: type[Exception]
) -> None:
    with pytest.raises(error), casebook.engine.begin() as connection:
        insert(connection, OUTBOX, [out(1), {**out(2), **changed}])
    assert rows(casebook, OUTBOX) == []


def test_the_connection_is_of_use_after_a_refusal(casebook: Casebook) -> None:
    given: list[Values] = [
        {"organ": "o", "number": str(each), "message_id": "m"} for each in range(2)
    ]
    with casebook.engine.connect() as connection:
        with pytest.raises(UnicodeEncodeError):
            insert(connection, OUTBOX, [out(1), out(2, headers="\ud800")])
        connection.rollback()
        insert(connection, NUMBERS, given)
        assert connection.scalar(text("SELECT count(*) FROM numbers")) == 2
