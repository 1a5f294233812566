"""The tables, as the last migration leaves them.

Of a message's content only `originals` has any, and what waits in the `outbox`: both locked under
the key of its case (lockbox.py). Every database compares alike: instants are integers, milliseconds
since 1970 in UTC, and short texts are ordered by their bytes.
"""

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

from services.casebook.column_types import BYTES, SEQUENCE, part_index, place, position, short_text

METADATA: Final = MetaData()

# `version`: programs from before the migrations stay away; `key`: the id of the exchange's own key.
SETTINGS: Final = Table(
    "settings",
    METADATA,
    Column("key", short_text(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# One row is fence, redelivery check, loss detector and clock of a partition.
PROGRESS: Final = Table(
    "progress",
    METADATA,
    *place(key=True),
    Column("next_offset", BigInteger, nullable=False),
    Column("clock_ms", BigInteger, nullable=False),
    Column("rulebook", short_text(64)),  # its hash, for the next record; null: none was decided
    Column("guided", short_text(80)),  # year, rulebook and turn of the last Tick
)

MESSAGES: Final = Table(
    "messages",
    METADATA,
    Column("sender", short_text(32), primary_key=True),
    Column("message_id", short_text(36), primary_key=True),
    Column("digest", short_text(64), nullable=False),
    Column("case_id", short_text(64), nullable=False),
    Column("record", short_text(64), nullable=False),
    Column("document_number", short_text(128)),
    Column("in_reply_to", short_text(36)),
    Column("received_ms", BigInteger, nullable=False),
    *position(),
    Column("outcome", short_text(16), nullable=False),
    Column("code", short_text(64)),
    Column("receipt", BYTES),  # framed Accepted, Rejected or Held, for honest repeats
    Index("messages_by_case", "case_id"),
    Index("messages_by_number", "document_number"),
    Index("messages_by_id", "message_id"),
)

# (organ, 文号) in use; the row of a refused message is gone, so its number is free again.
NUMBERS: Final = Table(
    "numbers",
    METADATA,
    Column("organ", short_text(32), primary_key=True),
    Column("number", short_text(128), primary_key=True),
    Column("message_id", short_text(36), nullable=False),
)

ORIGINALS: Final = Table(
    "originals",
    METADATA,
    Column("message_id", short_text(36), primary_key=True),
    Column("sender", short_text(32), primary_key=True),
    Column("case_id", short_text(64), nullable=False),
    Column("record", short_text(64), nullable=False),
    Column("fingerprint", short_text(64), nullable=False),  # of the writer's schema
    Column("body", BYTES, nullable=False),  # the Avro body as received, sealed; locked
    Index("originals_by_case", "case_id"),
)

# The key of each case, locked under the exchange's own (key_file.py). An erased one is null.
CASE_KEYS: Final = Table(
    "case_keys",
    METADATA,
    Column("name", short_text(64), primary_key=True),  # a case id, or `quarantine-` and a month
    Column("wrapped", BYTES),
    Column("erased_ms", BigInteger),
    Column("case_seq", BigInteger),  # null: made when there was no case yet
    part_index("case_keys_of_case", "case_seq", rows="case_seq IS NOT NULL"),
)

# Other tables know a case by `seq`: ids are spread over all of an index; by seq what is opened
# together, and so falls due together, lies together.
CASES: Final = Table(
    "cases",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("case_id", short_text(64), nullable=False),
    *place(),
    Column("state", short_text(16), nullable=False),
    Column("stopped", short_text(16)),  # gap or frozen; null: it moves
    Column("waiting", Integer, nullable=False),
    Column("body", Text, nullable=False),  # the Case without its duties, JSON
    Column("rests_ms", BigInteger),  # since when nothing more is expected; null: something is
    Column("look_ms", BigInteger),  # when to ask whether its content is still kept
    Index("cases_stopped", "stopped"),
    Index("cases_by_look", "topic", "partition", "look_ms"),
)

# By which number a case is known. Not an index of `cases`: PostgreSQL writes into each index of a
# table whose row has changed and found no room beside itself, and into this one at any place.
CASE_NUMBERS: Final = Table(
    "case_numbers",
    METADATA,
    Column("case_id", short_text(64), primary_key=True),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# The indexes know of open duties only: one that is closed leaves them for good.
DUTIES: Final = Table(
    "duties",
    METADATA,
    Column("case_seq", BigInteger, primary_key=True, autoincrement=False),
    Column("position", Integer, primary_key=True, autoincrement=False),  # in the case's list
    Column("duty_id", short_text(36), nullable=False),
    Column("case_id", short_text(64), nullable=False),
    Column("kind", short_text(32), nullable=False),
    Column("owner", short_text(32), nullable=False),
    Column("due_ms", BigInteger, nullable=False),
    Column("open", Boolean, nullable=False),
    Column("body", Text, nullable=False),  # the Duty, JSON
    Column("ended", short_text(64)),  # when and how, beside its body: all that most steps change
    part_index("duties_open", "kind", "owner", "due_ms", rows="open", in_sqlite="open = 1"),
    part_index("duties_by_due", "due_ms", rows="open", in_sqlite="open = 1"),
)

# When a Tick has something to do in a case that moves: its earliest rung or warning.
WAKES: Final = Table(
    "wakes",
    METADATA,
    *place(key=True),
    Column("at_ms", BigInteger, primary_key=True, autoincrement=False),
    Column("case_id", short_text(64), primary_key=True),
    Column("case_seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Cases to be looked at anew, since the calendar, an organ or a power has changed (recounts.py).
RECOUNTS: Final = Table(
    "recounts",
    METADATA,
    *place(key=True),
    Column("case_id", short_text(64), primary_key=True),
    Column("case_seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

DECISIONS: Final = Table(
    "decisions",
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    *position(),
    Column("case_id", short_text(64), nullable=False),
    Column("message_id", short_text(36), nullable=False),
    Column("sender", short_text(32), nullable=False),
    Column("record", short_text(64), nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("outcome", short_text(16), nullable=False),
    Column("code", short_text(64)),
    Column("rulebook", short_text(64), nullable=False),
    Column("entry", Text, nullable=False),  # the journal's entry: effects and facts, no content
    Column("case_seq", BigInteger),  # null: of no case, or from before cases had one
    part_index("decisions_of_case", "case_seq", rows="case_seq IS NOT NULL"),
    part_index("decisions_by_case", "case_id", rows="case_seq IS NULL"),
)

# What the bus itself said, so that a receipt or a card leads to its case; what is said on one day
# (since 1970, UTC; 0: before days were kept) lies together.
SAID: Final = Table(
    "said",
    METADATA,
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("message_id", short_text(36), primary_key=True),
    Column("case_id", short_text(64), nullable=False),
    sqlite_with_rowid=False,
)

# By what violations of open transfers are known again: digests, and days as ordinals (0: none).
MARKS: Final = Table(
    "marks",
    METADATA,
    Column("case_id", short_text(64), primary_key=True),
    Column("key", short_text(64), primary_key=True),
    Column("first_day", Integer, primary_key=True, autoincrement=False),
    Column("last_day", Integer, primary_key=True, autoincrement=False),
    Index("marks_by_key", "key", "last_day", "first_day", "case_id"),  # most asked about is of late
    sqlite_with_rowid=False,
)

OUTBOX: Final = Table(
    "outbox",  # a published row is gone
    METADATA,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("source_topic", short_text(64), nullable=False),
    Column("source_partition", Integer, nullable=False),
    Column("topic", short_text(64), nullable=False),
    Column("key", BYTES),
    Column("value", BYTES),
    Column("headers", Text),  # JSON: [[name, base64], …]
    Column("case_id", short_text(64)),  # whose key the value is locked with; null: it is open
    Index("outbox_by_source", "source_topic", "source_partition", "seq"),
)

# Records of the flows that the secrecy gate refused, as long as the broker still has their bytes.
SECRETS: Final = Table(
    "secrets",
    METADATA,
    *position(key=True),
    Column("note", Text, nullable=False),  # JSON: ids, code and path; no content
)

# How far a partition's records were copied to `originals`, before they are deleted.
COPIED: Final = Table(
    "copied",
    METADATA,
    *place(key=True),
    Column("next_offset", BigInteger, nullable=False),
)

# Stored files by the message that claims them; `lost`: nothing needs it, the store is to delete it.
BLOBS: Final = Table(
    "blobs",
    METADATA,
    Column("sender", short_text(32), primary_key=True),
    Column("blob", short_text(64), primary_key=True),
    Column("message_id", short_text(36), primary_key=True),
    Column("case_id", short_text(64), nullable=False),
    Column("lost", Boolean, nullable=False),
    Index("blobs_by_case", "case_id"),
    Index("blobs_lost", "lost"),
)

DEAD: Final = Table(
    "dead",
    METADATA,
    *position(key=True),
    Column("at_ms", BigInteger, nullable=False),
    Column("code", short_text(64), nullable=False),
    Column("message_id", short_text(36)),
    Column("case_id", short_text(64)),
)
