"""The casebook of the first release: what `create_all` made before there were migrations."""

from typing import Final

import sqlalchemy as sa
from alembic import op
from sqlalchemy.types import TypeEngine

revision: Final = "0001"
down_revision: Final = None

_SEQUENCE: Final = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _positions()
    _messages()
    _cases()
    _logs()


def _text(length: int) -> TypeEngine[str]:
    return sa.String(length).with_variant(sa.String(length, collation="C"), "postgresql")


def _positions() -> None:
    op.create_table(
        "settings",
        sa.Column("key", _text(64), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "progress",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("next_offset", sa.BigInteger, nullable=False),
        sa.Column("clock_ms", sa.BigInteger, nullable=False),
    )


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("sender", _text(32), primary_key=True),
        sa.Column("message_id", _text(36), primary_key=True),
        sa.Column("digest", _text(64), nullable=False),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("record", _text(64), nullable=False),
        sa.Column("document_number", _text(128)),
        sa.Column("in_reply_to", _text(36)),
        sa.Column("received_ms", sa.BigInteger, nullable=False),
        sa.Column("topic", _text(64), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("outcome", _text(16), nullable=False),
        sa.Column("code", _text(64)),
        sa.Column("receipt", sa.LargeBinary),
    )
    op.create_index("messages_by_case", "messages", ["case_id"])
    op.create_index("messages_by_number", "messages", ["document_number"])
    op.create_index("messages_by_id", "messages", ["message_id"])
    op.create_table(
        "numbers",
        sa.Column("organ", _text(32), primary_key=True),
        sa.Column("number", _text(128), primary_key=True),
        sa.Column("message_id", _text(36), nullable=False),
    )
    op.create_table(
        "originals",
        sa.Column("message_id", _text(36), primary_key=True),
        sa.Column("sender", _text(32), primary_key=True),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("record", _text(64), nullable=False),
        sa.Column("fingerprint", _text(64), nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("originals_by_case", "originals", ["case_id"])


def _cases() -> None:
    op.create_table(
        "cases",
        sa.Column("case_id", _text(64), primary_key=True),
        sa.Column("topic", _text(64), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("stopped", _text(16)),
        sa.Column("waiting", sa.Integer, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("cases_stopped", "cases", ["stopped"])
    op.create_table(
        "duties",
        sa.Column("duty_id", _text(36), primary_key=True),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.Column("topic", _text(64), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("kind", _text(32), nullable=False),
        sa.Column("owner", _text(32), nullable=False),
        sa.Column("due_ms", sa.BigInteger, nullable=False),
        sa.Column("open", sa.Boolean, nullable=False),
        sa.Column("next_rung_ms", sa.BigInteger),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_index("duties_by_case", "duties", ["case_id"])
    op.create_index("duties_by_rung", "duties", ["topic", "partition", "next_rung_ms"])
    op.create_index("duties_open", "duties", ["open", "kind", "owner"])


def _logs() -> None:
    op.create_table(
        "decisions",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("topic", _text(64), nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("case_id", _text(64), nullable=False),
        sa.Column("message_id", _text(36), nullable=False),
        sa.Column("sender", _text(32), nullable=False),
        sa.Column("record", _text(64), nullable=False),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("outcome", _text(16), nullable=False),
        sa.Column("code", _text(64)),
        sa.Column("rulebook", _text(64), nullable=False),
        sa.Column("entry", sa.Text, nullable=False),
    )
    op.create_index("decisions_by_case", "decisions", ["case_id"])
    op.create_table(
        "said",
        sa.Column("message_id", _text(36), primary_key=True),
        sa.Column("case_id", _text(64), nullable=False),
    )
    op.create_table(
        "outbox",
        sa.Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
        sa.Column("source_topic", _text(64), nullable=False),
        sa.Column("source_partition", sa.Integer, nullable=False),
        sa.Column("topic", _text(64), nullable=False),
        sa.Column("key", sa.LargeBinary),
        sa.Column("value", sa.LargeBinary),
        sa.Column("headers", sa.Text),
    )
    op.create_index("outbox_by_source", "outbox", ["source_topic", "source_partition", "seq"])
    op.create_table(
        "dead",
        sa.Column("topic", _text(64), primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("offset", sa.BigInteger, primary_key=True),
        sa.Column("at_ms", sa.BigInteger, nullable=False),
        sa.Column("code", _text(64), nullable=False),
        sa.Column("message_id", _text(36)),
        sa.Column("case_id", _text(64)),
    )
