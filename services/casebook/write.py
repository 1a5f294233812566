"""Writing a working set: one statement per table, rows in one order, so that locks are too."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection

from schemas.ids import CaseId
from services.casebook.case_keys import CaseKeys
from services.casebook.changes import Changes, Wrote
from services.casebook.locked import names_of, original_values, outbox_values
from services.casebook.next_numbers import next_numbers
from services.casebook.progress import progress_row
from services.casebook.rows import (
    DeadRow,
    DecisionRow,
    SecretRow,
    Unsent,
    case_to_text,
    duty_to_text,
    end_to_text,
    to_ms,
)
from services.casebook.statements import Values, insert, remove, rewrite, upsert
from services.casebook.tables import (
    CASE_NUMBERS,
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
    WAKES,
)
from services.casework.case import Duty

_DUTY: Final = ("case_seq", "position")


def flush(
    connection: Connection, changes: Changes, keys: CaseKeys, seqs: dict[CaseId, int]
) -> list[Unsent]:
    """Write the changes; return what is to be published. Progress comes first: it is the fence.

    `seqs`: by which number each case is known; those of new cases are added.
    """
    progress = [progress_row(place, done) for place, done in changes.progress.items()]
    upsert(connection, PROGRESS, ("topic", "partition"), progress)
    upsert(connection, MESSAGES, ("sender", "message_id"), _messages(changes), changes.new.messages)
    _numbers(connection, changes)
    _write_cases(connection, changes, seqs)
    keys.make(names_of(filter(None, changes.originals.values()), changes.outbox))
    _originals(connection, changes, keys)
    _write_duties(connection, changes, seqs)
    _wakes(connection, changes, seqs)
    insert(connection, DECISIONS, [_decision(row, seqs) for row in changes.decisions])
    said: list[Values] = [
        {"day": day, "message_id": one, "case_id": case}
        for (day, one), case in changes.said.items()
    ]
    upsert(connection, SAID, ("day", "message_id"), said)
    unsent = _write_outbox(connection, changes, keys)
    place = ("topic", "partition", "offset")
    upsert(connection, DEAD, place, [_dead(row) for row in changes.dead])
    upsert(connection, SECRETS, place, [_secret(row) for row in changes.secrets])
    return unsent


def _write_cases(connection: Connection, changes: Changes, seqs: dict[CaseId, int]) -> None:
    """New ones get their numbers in the order in which they were decided."""
    rows = _cases(changes)
    new = [row for row in rows if row["case_id"] in changes.new.cases]
    for row, seq in zip(new, next_numbers(connection, CASES, len(new)), strict=True):
        seqs[row["case_id"]] = row["seq"] = seq
    insert(connection, CASES, new)
    numbers: list[Values] = [{"case_id": row["case_id"], "seq": row["seq"]} for row in new]
    insert(connection, CASE_NUMBERS, numbers)
    known = [row for row in rows if row["case_id"] not in changes.new.cases]
    for row in known:  # what stays is not written: SQLite would look for it in its index
        row["seq"] = seqs[row.pop("case_id")]
        del row["topic"], row["partition"]
    rewrite(connection, CASES, ("seq",), known)


def _write_outbox(connection: Connection, changes: Changes, keys: CaseKeys) -> list[Unsent]:
    """Write what is to be published, and say by which numbers it lies there, in its order."""
    whole = [changes.whole(row.value) for row in changes.outbox]
    seqs = next_numbers(connection, OUTBOX, len(changes.outbox))
    told = list(zip(seqs, changes.outbox, whole, strict=True))
    rows = [{"seq": seq, **outbox_values(keys, row, value)} for seq, row, value in told]
    insert(connection, OUTBOX, rows)
    return [Unsent(seq, row.topic, row.key, value, row.headers) for seq, row, value in told]


def _write_duties(connection: Connection, changes: Changes, seqs: dict[CaseId, int]) -> None:
    rows: dict[Wrote, list[Values]] = {wrote: [] for wrote in Wrote}
    for (case_id, position), wrote in changes.duties.items():
        case, _, _ = changes.cases[case_id]
        row = _duty(case.duties[position], wrote)
        row["case_seq"], row["position"] = seqs[case_id], position
        if wrote is Wrote.OPENED:
            row["case_id"] = case_id
        rows[wrote].append(row)
    insert(connection, DUTIES, rows[Wrote.OPENED])
    for wrote in (Wrote.MOVED, Wrote.FIRED, Wrote.ENDED):
        rewrite(connection, DUTIES, _DUTY, rows[wrote])


def _duty(duty: Duty, wrote: Wrote) -> Values:
    if wrote is Wrote.ENDED:
        return {"open": duty.closing is None, "ended": end_to_text(duty)}
    row: Values = {"body": duty_to_text(duty), "ended": end_to_text(duty)}
    if wrote is not Wrote.FIRED:
        row |= {"duty_id": duty.id, "kind": duty.kind, "owner": duty.owner}
        row |= {"due_ms": to_ms(duty.due), "open": duty.closing is None}
    return row


def _wakes(connection: Connection, changes: Changes, seqs: Mapping[CaseId, int]) -> None:
    """Put what is due from where it stood to where it stands. Nobody else writes of these cases."""
    moved = [pair for _, pair in sorted(changes.wakes.items()) if pair[0] != pair[1]]
    columns = tuple(column.name for column in WAKES.primary_key)
    remove(connection, WAKES, columns, [before for before, _ in moved if before is not None])
    later = [after for _, after in moved if after is not None]
    insert(connection, WAKES, [{**row, "case_seq": seqs[row["case_id"]]} for row in later])


def _numbers(connection: Connection, changes: Changes) -> None:
    rows: list[Values] = [
        {"organ": organ, "number": number, "message_id": message}
        for (organ, number), message in sorted(changes.numbers.items())
    ]
    keys = ("organ", "number")
    taken = [row for row in rows if row["message_id"] is not None]
    upsert(connection, NUMBERS, keys, taken, changes.new.numbers)
    remove(connection, NUMBERS, keys, [row for row in rows if row["message_id"] is None])


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
            "body": case_to_text(case),
            "rests_ms": to_ms(rest.since) if rest else None,
            "look_ms": to_ms(rest.look_at) if rest and rest.look_at else None,
        }
        for case, (topic, partition), rest in changes.cases.values()
    ]


def _decision(row: DecisionRow, seqs: Mapping[CaseId, int]) -> Values:
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
        "case_seq": seqs.get(row.case_id),
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
