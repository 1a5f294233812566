"""What a transaction asks again and again, as statements that are made once.

One that is put together anew for each record costs more than it takes to run.
"""

from typing import Final

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    and_,
    bindparam,
    cast,
    exists,
    func,
    or_,
    select,
    tuple_,
)

from services.casebook.among_keys import among
from services.casebook.tables import (
    CASE_KEYS,
    CASE_NUMBERS,
    CASES,
    DECISIONS,
    DUTIES,
    MESSAGES,
    NUMBERS,
    ORIGINALS,
    OUTBOX,
    PROGRESS,
    RECOUNTS,
    WAKES,
)


def _pair_among(*columns: ColumnElement[object]) -> ColumnElement[bool]:
    """Whether the columns are one of `keys`."""
    return tuple_(*columns).in_(bindparam("keys", expanding=True))


# Not by pairs: SQLite reads the whole table for (a, b) IN (VALUES ...), whatever its indexes. Of
# several organs that used one id the reader picks the right one.
MESSAGES_OF: Final = select(MESSAGES).where(among(MESSAGES.c.message_id, "ids"))
NUMBERS_OF: Final = select(NUMBERS).where(
    NUMBERS.c.organ == bindparam("organ"),
    among(NUMBERS.c.number, "numbers"),
)
_OF_SOURCES: Final = tuple_(OUTBOX.c.source_topic, OUTBOX.c.source_partition).in_(
    bindparam("sources", expanding=True)
)
UNSENT_BEFORE: Final = (
    select(OUTBOX.c.seq).where(_OF_SOURCES, OUTBOX.c.seq < bindparam("first")).limit(1)
)
# Destinations that are left alone for a while.
_SHUT: Final[BindParameter[str]] = bindparam("shut", expanding=True)
UNSENT_BEHIND: Final = (
    select(OUTBOX)
    .where(_OF_SOURCES, OUTBOX.c.seq > bindparam("after"), OUTBOX.c.topic.not_in(_SHUT))
    .order_by(OUTBOX.c.seq)
    .limit(bindparam("most", type_=Integer))
)
# Of one partition: by its index, wherever others' rows wait.
_OF_SOURCE: Final = and_(
    OUTBOX.c.source_topic == bindparam("topic"),
    OUTBOX.c.source_partition == bindparam("partition"),
    OUTBOX.c.seq > bindparam("after"),
)
UNSENT_OF: Final = (
    select(OUTBOX)
    .where(_OF_SOURCE, OUTBOX.c.seq < bindparam("first"), OUTBOX.c.topic.not_in(_SHUT))
    .order_by(OUTBOX.c.seq)
    .limit(bindparam("most", type_=Integer))
)
LAST_SHUT: Final = select(func.max(OUTBOX.c.seq)).where(_OF_SOURCE, OUTBOX.c.topic.in_(_SHUT))
UNSENT_NUMBERED: Final = select(OUTBOX).where(among(OUTBOX.c.seq, "seqs")).order_by(OUTBOX.c.seq)
# Locked in one order.
LOCKED: Final = (
    select(PROGRESS)
    .where(_pair_among(PROGRESS.c.topic, PROGRESS.c.partition))
    .order_by(PROGRESS.c.topic, PROGRESS.c.partition)
    .with_for_update()
)
DUTIES_OF: Final = (
    select(DUTIES.c.case_seq, DUTIES.c.body, DUTIES.c.ended)
    .where(among(DUTIES.c.case_seq, "seqs"))
    .order_by(DUTIES.c.case_seq, DUTIES.c.position)
)
_CASE: Final = select(CASES.c.seq, CASES.c.case_id, CASES.c.body)
CASES_OF: Final = _CASE.join(CASE_NUMBERS, CASE_NUMBERS.c.seq == CASES.c.seq).where(
    among(CASE_NUMBERS.c.case_id, "cases")
)
CASES_BY_SEQ: Final = _CASE.where(among(CASES.c.seq, "seqs"))
# For each partition when something falls due there, when a case is asked about, and whether one is
# to be counted anew: one probe each.
FIRST_DUE: Final = select(
    PROGRESS.c.topic,
    PROGRESS.c.partition,
    select(func.min(WAKES.c.at_ms))
    .where(WAKES.c.topic == PROGRESS.c.topic, WAKES.c.partition == PROGRESS.c.partition)
    .scalar_subquery()
    .label("wake_ms"),
    select(func.min(CASES.c.look_ms))
    .where(CASES.c.topic == PROGRESS.c.topic, CASES.c.partition == PROGRESS.c.partition)
    .scalar_subquery()
    .label("look_ms"),
    select(func.min(RECOUNTS.c.case_id))
    .where(RECOUNTS.c.topic == PROGRESS.c.topic, RECOUNTS.c.partition == PROGRESS.c.partition)
    .scalar_subquery()
    .label("recount"),
).where(_pair_among(PROGRESS.c.topic, PROGRESS.c.partition))
# In words that no index has: PostgreSQL would look through all that is open for each case.
_IS_OPEN: Final = cast(DUTIES.c.open, Integer) == 1
# Those that owe something, whatever else the partition has. Who owes does not rest, so nobody asks
# whether its content is still kept; in a casebook from before that was asked, all were to be, once.
_OWING: Final = select(CASES.c.topic, CASES.c.partition, CASES.c.case_id, CASES.c.seq).where(
    CASES.c.topic == bindparam("topic"),
    CASES.c.partition == bindparam("partition"),
    exists().where(DUTIES.c.case_seq == CASES.c.seq, _IS_OPEN),
)
OWING: Final = _OWING.where(CASES.c.look_ms.is_(None))
OWING_OF_BEFORE: Final = _OWING.where(CASES.c.look_ms <= bindparam("at"))
# Of one partition, in words that no index has: who owes, or stands still, is found by what it is,
# and the partition may have a million others.
_THERE: Final = (
    func.coalesce(CASES.c.topic, "") == bindparam("topic"),
    func.coalesce(CASES.c.partition, -1) == bindparam("partition"),
    ~exists().where(
        RECOUNTS.c.topic == CASES.c.topic,
        RECOUNTS.c.partition == CASES.c.partition,
        RECOUNTS.c.case_id == CASES.c.case_id,
    ),
)
_UNLISTED: Final = select(CASES.c.topic, CASES.c.partition, CASES.c.case_id, CASES.c.seq)
OWED_BY: Final = _UNLISTED.where(
    CASES.c.seq.in_(
        select(DUTIES.c.case_seq).where(
            among(DUTIES.c.kind, "kinds"), among(DUTIES.c.owner, "owners"), DUTIES.c.open
        )
    ),
    *_THERE,
)
STOPPED_FOR: Final = _UNLISTED.where(among(CASES.c.stopped, "reasons"), *_THERE)
RECOUNTED: Final = (
    select(RECOUNTS.c.case_id, RECOUNTS.c.case_seq)
    .where(
        RECOUNTS.c.topic == bindparam("topic"),
        RECOUNTS.c.partition == bindparam("partition"),
    )
    .order_by(RECOUNTS.c.case_id)
    .limit(bindparam("most", type_=Integer))
)
_KEY: Final = select(CASE_KEYS.c.name, CASE_KEYS.c.wrapped)
KEYS_NAMED: Final = _KEY.where(among(CASE_KEYS.c.name, "names"))
KEYS_OF: Final = _KEY.where(among(CASE_KEYS.c.case_seq, "seqs"))
NUMBER_OF: Final = (
    select(CASE_NUMBERS.c.seq).where(CASE_NUMBERS.c.case_id == bindparam("case")).scalar_subquery()
)
# Of a case; `case` is its id: what was decided before cases had numbers is found by that. `=`, not
# IN: PostgreSQL uses no index for a subquery's IN that stands beside an OR, and reads all there is.
DECISIONS_OF: Final = select(DECISIONS).where(
    or_(
        DECISIONS.c.case_seq == NUMBER_OF,
        and_(DECISIONS.c.case_seq.is_(None), DECISIONS.c.case_id == bindparam("case")),
    )
)
DECISIONS_COUNTED: Final = DECISIONS_OF.with_only_columns(func.count(), maintain_column_froms=True)
ORIGINAL: Final = select(ORIGINALS).where(
    ORIGINALS.c.sender == bindparam("sender"), ORIGINALS.c.message_id == bindparam("message")
)
DUE: Final = (
    select(WAKES.c.case_id, WAKES.c.case_seq)
    .where(
        WAKES.c.topic == bindparam("topic"),
        WAKES.c.partition == bindparam("partition"),
        WAKES.c.at_ms <= bindparam("at"),
    )
    .order_by(WAKES.c.at_ms, WAKES.c.case_id)
    .limit(bindparam("most", type_=Integer))
)
