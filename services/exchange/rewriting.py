"""Records of the bus's own that lay in a gap: written again, from the decisions that wrote them.

A part of a case that was split off begins with such a record, and no other organ has it. Its
decision's entry holds all of it: ids, codes and days. Written again it is the same message, so one
that was decided after all is a repeat.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import TypeAdapter
from sqlalchemy import Connection, select

from schemas.codec import frame
from schemas.disputes import CaseSplit, GuidanceYearOpened, LinkedEffect
from schemas.ids import BUS
from schemas.seal import seal_message
from schemas.topics import flow_partition
from services.casebook.progress import Place
from services.casebook.rows import OutboxRow, Position
from services.casebook.store import Casebook
from services.casebook.tables import DECISIONS
from services.casebook.work import Work
from services.exchange.office import Office

_Record = CaseSplit | GuidanceYearOpened | LinkedEffect

_WRITTEN: Final = '"effect":"written"'  # as the journal writes it: in one form only
_RECORDS: Final[Mapping[str, TypeAdapter[_Record]]] = {
    kind.__name__: TypeAdapter(kind) for kind in (CaseSplit, GuidanceYearOpened, LinkedEffect)
}


def write_again(casebook: Casebook, office: Office, lost: Mapping[Place, int]) -> int:
    """Put what the bus wrote and nobody has decided into the outbox; return how many records.

    `lost`: the partitions with a gap, each with an offset of it.
    """
    with casebook.engine.begin() as connection:
        work = Work(connection, casebook.key)
        count = 0
        for record in _written(connection):
            envelope = record.envelope
            key = envelope.case_id.encode()
            place = (envelope.flow.value, flow_partition(key, office.partitions))
            if place in lost and work.message(BUS, envelope.message_id) is None:
                value = frame(office.own(envelope.record), seal_message(record, office.signer).body)
                work.add_outbox(OutboxRow(Position(*place, lost[place]), place[0], key, value))
                count += 1
        work.flush()
    return count


def _written(connection: Connection) -> Iterator[_Record]:
    """Yield each record that a decision wrote into a flow, once."""
    query = select(DECISIONS.c.entry).where(DECISIONS.c.entry.contains(_WRITTEN))
    found = [row.entry for row in connection.execute(query.order_by(DECISIONS.c.seq))]
    seen: set[str] = set()
    for effect in (each for entry in found for each in json.loads(entry)["effects"]):
        if effect["effect"] == "written":
            told = effect["record"]
            if told["envelope"]["message_id"] not in seen:
                seen.add(told["envelope"]["message_id"])
                yield _RECORDS[told["envelope"]["record"]].validate_json(json.dumps(told))
