"""Records of the bus's own that lay in a gap: written again, from the decisions that wrote them.

A part of a case that was split off begins with such a record, and no other organ has it. Its
decision's entry holds all of it: ids, codes and days. Written again it is the same message, so one
that was decided after all is a repeat.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import and_, bindparam, case, null, select

from schemas.codec import frame
from schemas.disputes import CaseSplit, GuidanceYearOpened, LinkedEffect
from schemas.ids import BUS, MessageId
from schemas.seal import seal_message
from schemas.topics import flow_partition
from services.casebook.progress import Place
from services.casebook.retry import patiently
from services.casebook.rows import OutboxRow, Position
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.casebook.work import Work
from services.exchange.journal import WRITTEN, mark_of
from services.exchange.office import Office

_Record = CaseSplit | GuidanceYearOpened | LinkedEffect

# Looked at in one transaction: casebooks have millions, and most entries are a few kilobytes long.
DECISIONS_MAX: Final = 500
# Whose decisions may write: what splits a case off, what is made of a notice (at once, or when what
# held it is put right), and what guidance is counted by. The simulation's judge holds it.
WRITING: Final = frozenset(
    {
        "CaseTransfer",
        "Correction",
        "GuidanceRecord",
        "LeadTransfer",
        "Objection",
        "RoutingAssignment",
        "Tick",
    }
)
_RECORDS: Final[Mapping[str, TypeAdapter[_Record]]] = {
    kind.__name__: TypeAdapter(kind) for kind in (CaseSplit, GuidanceYearOpened, LinkedEffect)
}
_MAY_HAVE_WRITTEN: Final = and_(
    DECISIONS.c.record.in_(sorted(WRITING)), DECISIONS.c.entry.contains(mark_of(WRITTEN))
)
# By the number of the last one: each statement reads so many rows and no more, and of most of them
# no entry.
_NEXT: Final = (
    select(
        DECISIONS.c.seq, case((_MAY_HAVE_WRITTEN, DECISIONS.c.entry), else_=null()).label("entry")
    )
    .where(DECISIONS.c.seq > bindparam("after"))
    .order_by(DECISIONS.c.seq)
    .limit(bindparam("most"))
)


def write_again(casebook: Casebook, office: Office, lost: Mapping[Place, int]) -> int:
    """Put what the bus wrote and nobody has decided into the outbox; return how many records.

    `lost`: the partitions with a gap, each with an offset of it. Cut off, it is begun anew: what is
    in the outbox twice is decided once. Raises Unavailable casebook.unavailable.
    """
    done: set[MessageId] = set()  # no more than lie in the gaps or behind them
    last: int | None = 0
    while last is not None:
        last, put = patiently(_look_at, casebook, office, lost, last, done)
        done.update(put)
    return len(done)


def _look_at(
    casebook: Casebook,
    office: Office,
    lost: Mapping[Place, int],
    after: int,
    done: Collection[MessageId],
) -> tuple[int | None, Collection[MessageId]]:
    """Do it for the decisions behind one; return the last of them (None: no more), and what."""
    with casebook.engine.begin() as connection:
        rows = connection.execute(_NEXT, {"after": after, "most": DECISIONS_MAX}).all()
        found: dict[MessageId, _Record] = {}
        for record in _written(row.entry for row in rows if row.entry is not None):
            message_id = record.envelope.message_id
            if message_id not in done and _place(record, office) in lost:
                found.setdefault(message_id, record)
        work = Work(connection, casebook.key)
        work.preload((), ((BUS, message_id) for message_id in found), ())
        put = [each for each in found if work.message(BUS, each) is None]
        for record in (found[each] for each in put):
            place = _place(record, office)
            work.add_outbox(_row(record, Position(*place, lost[place]), office))
        work.flush()
    return (rows[-1].seq if rows else None), put


def _written(entries: Iterable[str]) -> Iterator[_Record]:
    """Yield the records that decisions wrote into a flow; one that was written twice, twice."""
    for effect in (each for entry in entries for each in json.loads(entry)["effects"]):
        if effect["effect"] == WRITTEN:
            told = effect["record"]
            yield _RECORDS[told["envelope"]["record"]].validate_json(json.dumps(told))


def _place(record: _Record, office: Office) -> Place:
    key = record.envelope.case_id.encode()
    return record.envelope.flow.value, flow_partition(key, office.partitions)


def _row(record: _Record, source: Position, office: Office) -> OutboxRow:
    envelope = record.envelope
    value = frame(office.own(envelope.record), seal_message(record, office.signer).body)
    return OutboxRow(source, envelope.flow.value, envelope.case_id.encode(), value)
