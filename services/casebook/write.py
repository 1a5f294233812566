"""Writing a working set: one statement per table, rows in one order, so that locks are too."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from sqlalchemy import Connection

from schemas.ids import CaseId, MessageId, OrganCode
from services.casebook.case_keys import CaseKeys
from services.casebook.locked import names_of, original_values, outbox_values
from services.casebook.rows import (
    DeadRow,
    DecisionRow,
    MessageRow,
    Original,
    OutboxRow,
    Progress,
    SecretRow,
    ToVouch,
    case_to_text,
    duty_to_text,
    to_ms,
)
from services.casebook.statements import Values, insert, remove, upsert
from services.casebook.tables import (
    CASES,
    DEAD,
    DECISIONS,
    DUTIES,
    MESSAGES,
    NUMBERS,
    ORIGINALS,
    OUTBOX,
    PROGRESS,
    SAID,
    SECRETS,
)
from services.casework.case import Case, Duty
from services.casework.retention import Rest


@dataclass(slots=True)
class New:
    """Keys of rows that were looked for and not found."""

    cases: set[CaseId] = field(default_factory=set)
    messages: set[tuple[OrganCode, MessageId]] = field(default_factory=set)
    numbers: set[tuple[OrganCode, str]] = field(default_factory=set)


@dataclass(slots=True)
class Changes:
    """What a transaction will write."""

    progress: dict[tuple[str, int], Progress] = field(default_factory=dict)
    cases: dict[CaseId, tuple[Case, tuple[str, int], Rest | None]] = field(default_factory=dict)
    duties: dict[str, Values] = field(default_factory=dict)
    messages: dict[tuple[OrganCode, MessageId], MessageRow] = field(default_factory=dict)
    numbers: dict[tuple[OrganCode, str], MessageId | None] = field(default_factory=dict)
    originals: dict[tuple[OrganCode, MessageId], Original | None] = field(default_factory=dict)
    decisions: list[DecisionRow] = field(default_factory=list)
    said: dict[MessageId, CaseId] = field(default_factory=dict)
    outbox: list[OutboxRow] = field(default_factory=list)
    dead: list[DeadRow] = field(default_factory=list)
    secrets: list[SecretRow] = field(default_factory=list)
    new: New = field(default_factory=New)
    vouched: Mapping[ToVouch, bytes] = field(default_factory=dict)

    def whole(self, value: bytes | ToVouch | None) -> bytes | None:
        """Return what is written of a value: with the exchange's word, where it gets one."""
        return self.vouched[value] if isinstance(value, ToVouch) else value

    def put_case(
        self, before: Case | None, after: Case, topic: str, partition: int, rest: Rest | None
    ) -> None:
        """Note a case, and those of its duties that changed.

        A case that stops, or moves on, changes all its duties: what it owes waits with it.
        """
        self.cases[after.id] = (after, (topic, partition), rest)
        known = set(before.duties) if before and before.moves == after.moves else set()
        for position, duty in enumerate(after.duties):
            if duty not in known:
                self.duties[duty.id] = _duty(after, duty, position, topic, partition)


def flush(connection: Connection, changes: Changes, keys: CaseKeys) -> None:
    """Write the changes. Progress comes first: it is the fence."""
    upsert(connection, PROGRESS, ("topic", "partition"), _progress(changes))
    upsert(connection, MESSAGES, ("sender", "message_id"), _messages(changes), changes.new.messages)
    _numbers(connection, changes)
    keys.make(names_of(filter(None, changes.originals.values()), changes.outbox))
    _originals(connection, changes, keys)
    new_cases = {(case_id,) for case_id in changes.new.cases}
    upsert(connection, CASES, ("case_id",), _cases(changes), new_cases)
    upsert(connection, DUTIES, ("duty_id",), changes.duties.values())
    insert(connection, DECISIONS, [_decision(row) for row in changes.decisions])
    said = [{"message_id": one, "case_id": case} for one, case in changes.said.items()]
    upsert(connection, SAID, ("message_id",), said)
    sent = [outbox_values(keys, row, changes.whole(row.value)) for row in changes.outbox]
    insert(connection, OUTBOX, sent)
    place = ("topic", "partition", "offset")
    upsert(connection, DEAD, place, [_dead(row) for row in changes.dead])
    upsert(connection, SECRETS, place, [_secret(row) for row in changes.secrets])


def _numbers(connection: Connection, changes: Changes) -> None:
    rows: list[Values] = [
        {"organ": organ, "number": number, "message_id": message}
        for (organ, number), message in sorted(changes.numbers.items())
    ]
    keys = ("organ", "number")
    taken = [row for row in rows if row["message_id"] is not None]
    upsert(connection, NUMBERS, keys, taken, changes.new.numbers)
    remove(connection, NUMBERS, keys, [row for row in rows if row["message_id"] is None])


def _progress(changes: Changes) -> list[Values]:
    return [
        {
            "topic": topic,
            "partition": partition,
            "next_offset": progress.next_offset,
            "clock_ms": to_ms(progress.clock),
            "rulebook": progress.rulebook,
            "guided": progress.guided,
        }
        for (topic, partition), progress in changes.progress.items()
    ]


def _messages(changes: Changes) -> list[Values]:
    return [
        {
            "sender": row.sender,
            "message_id": row.message_id,
            "digest": row.digest,
            "case_id": row.case_id,
            "record": row.record,
            "document_number": row.document_number,
            "in_reply_to": row.in_reply_to,
            "received_ms": to_ms(row.received_at),
            "topic": row.position.topic,
            "partition": row.position.partition,
            "offset": row.position.offset,
            "outcome": row.outcome,
            "code": row.code,
            "receipt": changes.whole(row.receipt),
        }
        for row in changes.messages.values()
    ]


def _originals(connection: Connection, changes: Changes, keys: CaseKeys) -> None:
    kept = [original_values(keys, row) for row in changes.originals.values() if row is not None]
    columns = ("message_id", "sender")
    upsert(connection, ORIGINALS, columns, kept)
    dropped = [key for key, row in sorted(changes.originals.items()) if row is None]
    rows: list[Values] = [{"sender": sender, "message_id": message} for sender, message in dropped]
    remove(connection, ORIGINALS, columns, rows)


def _cases(changes: Changes) -> list[Values]:
    return [
        {
            "case_id": case.id,
            "topic": topic,
            "partition": partition,
            "state": case.state,
            "stopped": case.stop.reason if case.stop else None,
            "waiting": len(case.waiting),
            "next_watch_ms": _next_watch_ms(case),
            "body": case_to_text(case),
            "rests_ms": to_ms(rest.since) if rest else None,
            "look_ms": to_ms(rest.look_at) if rest and rest.look_at else None,
        }
        for case, (topic, partition), rest in changes.cases.values()
    ]


def _next_watch_ms(case: Case) -> int | None:
    return to_ms(min(watch.at for watch in case.watches)) if case.moves and case.watches else None


def _duty(case: Case, duty: Duty, position: int, topic: str, partition: int) -> Values:
    wakes_at = duty.wakes_at if case.moves else None  # a Tick passes by a case that stands still
    return {
        "duty_id": duty.id,
        "case_id": case.id,
        "position": position,
        "topic": topic,
        "partition": partition,
        "kind": duty.kind,
        "owner": duty.owner,
        "due_ms": to_ms(duty.due),
        "open": duty.closing is None,
        "next_rung_ms": to_ms(wakes_at) if wakes_at else None,
        "body": duty_to_text(duty),
    }


def _decision(row: DecisionRow) -> Values:
    return {
        "topic": row.position.topic,
        "partition": row.position.partition,
        "offset": row.position.offset,
        "case_id": row.case_id,
        "message_id": row.message_id,
        "sender": row.sender,
        "record": row.record,
        "at_ms": to_ms(row.at),
        "outcome": row.outcome,
        "code": row.code,
        "rulebook": row.rulebook,
        "entry": row.entry,
    }


def _secret(row: SecretRow) -> Values:
    return {**asdict(row.position), "note": row.note}


def _dead(row: DeadRow) -> Values:
    return {
        "topic": row.position.topic,
        "partition": row.position.partition,
        "offset": row.position.offset,
        "at_ms": to_ms(row.at),
        "code": row.code,
        "message_id": row.message_id,
        "case_id": row.case_id,
    }
