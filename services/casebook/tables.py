"""The tables, as the last migration leaves them.

Of a message's content only `originals` has any, and what waits in the `outbox`: both locked under
the key of its case (lockbox.py).

Every database compares alike: instants are integers, milliseconds since 1970 in UTC, and short
texts are ordered by their bytes, whatever language the database was made for.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeEngine

METADATA: Final = MetaData()


def _text(length: int) -> TypeEngine[str]:
    return String(length).with_variant(String(length, collation="C"), "postgresql")


# SQLite numbers rows by itself only for INTEGER, PostgreSQL wants BIGINT.
_SEQUENCE: Final = BigInteger().with_variant(Integer, "sqlite")

# `version` tells a program from before the migrations to stay away; `key` is the id of the
# exchange's own key, without which nothing of this opens.
SETTINGS: Final = Table(
    "settings",
    METADATA,
    Column("key", _text(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# One row is fence, redelivery check, loss detector and clock of a partition.
PROGRESS: Final = Table(
    "progress",
    METADATA,
    Column("topic", _text(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("clock_ms", BigInteger, nullable=False),
    Column("rulebook", _text(64)),  # the hash that decides the next record; null: none was decided
    Column("guided", _text(80)),  # year and rulebook whose guidance the last Tick opened
)

MESSAGES: Final = Table(
    "messages",
    METADATA,
    Column("sender", _text(32), primary_key=True),
    Column("message_id", _text(36), primary_key=True),
    Column("digest", _text(64), nullable=False),
    Column("case_id", _text(64), nullable=False),
    Column("record", _text(64), nullable=False),
    Column("document_number", _text(128)),
    Column("in_reply_to", _text(36)),
    Column("received_ms", BigInteger, nullable=False),
    Column("topic", _text(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("outcome", _text(16), nullable=False),
    Column("code", _text(64)),
    Column("receipt", LargeBinary),  # framed Accepted, Rejected or Held, for honest repeats
    Index("messages_by_case", "case_id"),
    Index("messages_by_number", "document_number"),
    Index("messages_by_id", "message_id"),
)

# (organ, 文号) in use; the row of a refused message is gone, so its number is free again.
NUMBERS: Final = Table(
    "numbers",
    METADATA,
    Column("organ", _text(32), primary_key=True),
    Column("number", _text(128), primary_key=True),
    Column("message_id", _text(36), nullable=False),
)

ORIGINALS: Final = Table(
    "originals",
    METADATA,
    Column("message_id", _text(36), primary_key=True),
    Column("sender", _text(32), primary_key=True),
    Column("case_id", _text(64), nullable=False),
    Column("record", _text(64), nullable=False),
    Column("fingerprint", _text(64), nullable=False),  # of the writer's schema
    Column("body", LargeBinary, nullable=False),  # the Avro body as received, sealed; locked
    Index("originals_by_case", "case_id"),
)

# The key of each case, itself locked under the exchange's own (key_file.py). An erased one is null.
CASE_KEYS: Final = Table(
    "case_keys",
    METADATA,
    Column("name", _text(64), primary_key=True),  # a case id, or `quarantine-` and a month
    Column("wrapped", LargeBinary),
    Column("erased_ms", BigInteger),
)

CASES: Final = Table(
    "cases",
    METADATA,
    Column("case_id", _text(64), primary_key=True),
    Column("topic", _text(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("state", _text(16), nullable=False),
    Column("stopped", _text(16)),  # gap or frozen; null: it moves
    Column("waiting", Integer, nullable=False),
    Column("body", Text, nullable=False),  # the Case without its duties, JSON
    Column("next_watch_ms", BigInteger),  # null: nothing to warn of, or the case stands still
    Column("rests_ms", BigInteger),  # since when nothing more is expected; null: something is
    Column("look_ms", BigInteger),  # when to ask whether its content is still kept
    Index("cases_stopped", "stopped"),
    Index("cases_by_look", "topic", "partition", "look_ms"),
)

DUTIES: Final = Table(
    "duties",
    METADATA,
    Column("duty_id", _text(36), primary_key=True),
    Column("case_id", _text(64), nullable=False),
    Column("position", Integer, nullable=False),  # its place in the case's list
    Column("topic", _text(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("kind", _text(32), nullable=False),
    Column("owner", _text(32), nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("next_rung_ms", BigInteger),  # null: nothing to fire, or the case stands still
    Column("body", Text, nullable=False),  # the Duty, JSON
    Index("duties_by_case", "case_id"),
    Index("duties_open", "open", "kind", "owner"),
    Index("duties_by_due", "open", "due_ms"),
)

# When a Tick has something to do in a case: its earliest rung or warning. What fires together lies
# together, whatever else is owed, and a duty's own row changes without touching an index.
WAKES: Final = Table(
    "wakes",
    METADATA,
    Column("topic", _text(64), primary_key=True),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", _text(64), primary_key=True),
    sqlite_with_rowid=False,
)

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("topic", _text(64), nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("case_id", _text(64), nullable=False),
    Column("message_id", _text(36), nullable=False),
    Column("sender", _text(32), nullable=False),
    Column("record", _text(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("outcome", _text(16), nullable=False),
    Column("code", _text(64)),
    Column("rulebook", _text(64), nullable=False),
    Column("entry", Text, nullable=False),  # the journal's entry: effects and facts, no content
    Index("decisions_by_case", "case_id"),
)

# What the bus itself said, so that a receipt or a card leads to its case. The day (since 1970, UTC;
# 0: before days were kept) comes first: what is said on one day lies together.
SAID: Final = Table(
    "said",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("message_id", _text(36), primary_key=True),
    Column("case_id", _text(64), nullable=False),
    sqlite_with_rowid=False,
)

# By what the violations of open transfers are known again: digests, and days as ordinals (0: none).
MARKS: Final = Table(
    "marks",
    METADATA,
    Column("key", _text(64), primary_key=True),
    Column("case_id", _text(64), primary_key=True),
    Column("first_day", Integer, primary_key=True),
    Column("last_day", Integer, primary_key=True),
    Index("marks_by_case", "case_id"),
)

# What is still to be published; a published row is gone.
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("seq", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("source_topic", _text(64), nullable=False),
    Column("source_partition", Integer, nullable=False),
    Column("topic", _text(64), nullable=False),
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("headers", Text),  # JSON: [[name, base64], …]
    Column("case_id", _text(64)),  # whose key the value is locked with; null: it is open
    Index("outbox_by_source", "source_topic", "source_partition", "seq"),
)

# Records of the flows that the secrecy gate refused, as long as the broker still has their bytes.
SECRETS: Final = Table(
    "secrets",
    METADATA,
    Column("topic", _text(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("note", Text, nullable=False),  # JSON: ids, code and path; no content
)

# How far a partition's records were copied to the originals topic, before they are deleted.
COPIED: Final = Table(
    "copied",
    METADATA,
    Column("topic", _text(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("next_offset", BigInteger, nullable=False),
)

# Stored files by the message that claims them; `lost`: nothing needs it, the store is to delete it.
BLOBS: Final = Table(
    "blobs",
    METADATA,
    Column("sender", _text(32), primary_key=True),
    Column("blob", _text(64), primary_key=True),
    Column("message_id", _text(36), primary_key=True),
    Column("case_id", _text(64), nullable=False),
    Column("lost", Boolean, nullable=False),
    Index("blobs_by_case", "case_id"),
    Index("blobs_lost", "lost"),
)

DEAD: Final = Table(
    "dead",
    METADATA,
    Column("topic", _text(64), primary_key=True),
    Column("partition", Integer, primary_key=True),
    Column("offset", BigInteger, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("code", _text(64), nullable=False),
    Column("message_id", _text(36)),
    Column("case_id", _text(64)),
)
