"""Cases get numbers by which other tables know them; closed duties leave the indexes.

A case's id is spread over all of an index: among ten million, each of a thousand cases that fall
due together was read from pages of its own, in each index. By number they lie as they were opened.
Keys and decisions from before keep none: they are found by the id, as before.
"""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0012"
down_revision: Final = "0011"

_FILLED_PERCENT: Final = 85  # of a page of PostgreSQL: a row that changes finds room beside itself
_SEQUENCE: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_OF_CASE: Final = "case_seq IS NOT NULL"


def upgrade() -> None:
    """Write the three tables anew, and add the number where it may be missing."""
    for table in ("cases", "duties", "wakes"):
        op.rename_table(table, f"{table}_before")
    _cases()
    _duties()
    _wakes()
    for table in ("wakes", "duties", "cases"):
        op.drop_table(f"{table}_before")
    op.create_index("cases_stopped", "cases", ["stopped"])
    op.create_index("cases_by_look", "cases", ["topic", "partition", "look_ms"])
    _index("duties_open", "duties", ["kind", "owner", "due_ms"], "open", "open = 1")
    _index("duties_by_due", "duties", ["due_ms"], "open", "open = 1")
    op.add_column("case_keys", sa.Column("case_seq", sa.BigInteger))
    _index("case_keys_of_case", "case_keys", ["case_seq"], _OF_CASE)
    op.add_column("decisions", sa.Column("case_seq", sa.BigInteger))
    op.drop_index("decisions_by_case", "decisions")
    _index("decisions_of_case", "decisions", ["case_seq"], _OF_CASE)
    _index("decisions_by_case", "decisions", ["case_id"], "case_seq IS NULL")
    if op.get_bind().dialect.name == "postgresql":
        for table in ("cases", "duties"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = {_FILLED_PERCENT})")


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("topic", _text(64), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("stopped", _text(16)),
        sa.Column("waiting", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("rests_ms", sa.BigInteger),
        sa.Column("look_ms", sa.BigInteger),
    )
    named = "case_id, topic, partition, state, stopped, waiting, body, rests_ms, look_ms"
    op.execute(f"INSERT INTO cases ({named}) SELECT {named} FROM cases_before")
    op.create_index("cases_by_id", "cases", ["case_id"], unique=True)


def _duties() -> None:
    op.create_table(
        "duties",
        sa.Column("case_seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("duty_id", _text(36), nullable=False),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("kind", _text(32), nullable=False),
        sa.Column("owner", _text(32), nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    named = "duty_id, case_id, kind, owner, due_ms, open, body"
    found = ", ".join(f"duty.{name}" for name in named.split(", "))
    op.execute(
        f"INSERT INTO duties (case_seq, position, {named})"
        f" SELECT cases.seq, duty.position, {found} FROM duties_before AS duty"
        " JOIN cases ON cases.case_id = duty.case_id"
    )


def _wakes() -> None:
    op.create_table(
        "wakes",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at_ms", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("case_id", _text(64), primary_key=True),
        sa.Column("case_seq", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    named = "topic, partition, at_ms, case_id"
    found = ", ".join(f"wake.{name}" for name in named.split(", "))
    op.execute(
        f"INSERT INTO wakes ({named}, case_seq) SELECT {found}, cases.seq FROM wakes_before AS wake"
        " JOIN cases ON cases.case_id = wake.case_id"
    )


def _index(name: str, table: str, columns: list[str], rows: str, in_sqlite: str = "") -> None:
    """Make an index that knows of these rows only."""
    op.create_index(
        name,
        table,
        columns,
        postgresql_where=sa.text(rows),
        sqlite_where=sa.text(in_sqlite or rows),
    )


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")
