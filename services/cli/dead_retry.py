"""`yichuan dead retry`: an operator's word on a frozen case, or the same bytes to where they lay.

Either is written as the administrator, acknowledged by the broker, and marked in the dead letters;
a crash in between may repeat it, which the message's id, and the case's state, make harmless.
"""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

import typer
from aiokafka.errors import KafkaError

from connectors.bus.clock import monotonic, now
from connectors.bus.home import home_at
from connectors.bus.kafka import explain, start_producer
from connectors.bus.keys import BUS_LOGIN, home_signer
from connectors.bus.logins import ADMIN
from connectors.bus.registry import SchemaIds
from schemas.codec import current, frame
from schemas.errors import Unavailable, UserError
from schemas.ids import BUS, CaseId, MessageId, derive
from schemas.messages import CaseSettled, SettleAction
from schemas.parts import Envelope
from schemas.seal import seal_message
from schemas.topics import DEAD_LETTERS
from services.casework.case import Case
from services.casework.standstill import UNSTORABLE
from services.cli.casebook_view import case_of
from services.cli.dead_book import Fate, Status, outcome_of
from services.cli.dead_desk import Desk, open_desk
from services.cli.dead_letter import DeadLetter, Retry, mark_headers
from services.cli.dead_text import all_lines, retry_lines
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json
from services.rulebook.load import load

_WRITE_SECONDS_MAX: Final = 30.0
_POLL_SECONDS: Final = 0.3
_REASON_MAX: Final = 500  # characters


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be written where. `partition` None: that of the key."""

    how: Retry
    topic: str
    partition: int | None
    key: bytes | None
    value: bytes
    settles: tuple[MessageId, CaseId] | None = None  # our own message's id, and its case


def dead_retry(
    named: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="number in `dead list`, a message id, or a code: all of it that nobody retried"
            " / 编号、消息标识，或代码：该代码未处理过的全部",
        ),
    ],
    discard: Annotated[
        bool, typer.Option("--discard", help="the case goes on without it / 舍弃该消息")
    ] = False,
    reason: Annotated[
        str, typer.Option("--reason", help="kept with the case / 理由，随案件保存")
    ] = "运维人员处理",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what it would do / 只说明，不改动")
    ] = False,
    wait: Annotated[float, typer.Option(min=0, max=600, help="seconds / 等待秒数")] = 30.0,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Have a frozen case decide its message again, or send dead bytes again."""
    if not reason.strip() or len(reason) > _REASON_MAX:
        raise UserError("command.usage", where="--reason", detail=f"1..{_REASON_MAX}")
    with open_desk(home_at(home).checked()) as desk:
        if "." in named:  # numbers and ids have none
            _all_of(desk, named, discard=discard, dry_run=dry_run, as_json=as_json)
            return
        letter = desk.find(named)
        fate = desk.fate(letter)
        step = plan(desk, letter, fate, reason, discard=discard)
        case: Case | None = None
        if not dry_run:
            asyncio.run(_write(desk, [(letter, step)]))
            case = _await(desk, step, wait) if wait else None
    document = {
        "id": str(letter.offset),
        "as": step.how.value,
        "to": step.topic,
        "partition": step.partition,
        "message": fate.message,
        "case": fate.case,
        "settled_by": step.settles[0] if step.settles else None,
        "dry_run": dry_run,
        "state": case.state.value if case else None,
    }
    if as_json:
        emit_json(document)
    else:
        print("\n".join(retry_lines(document)))


def _all_of(desk: Desk, code: str, *, discard: bool, dry_run: bool, as_json: bool) -> None:
    """Write again the bytes of every letter of a code, in their order; each is marked by itself.

    Whatever ends it in between, the same command goes on behind the last one that was marked.
    Raises UserError dead.unknown where there is none, and what `plan` does.
    """
    if discard:
        raise UserError("command.usage", where="--discard", detail=code)
    of_code = [letter for letter in desk.letters if letter.code == code]
    letters = [each for each in of_code if each.size is not None and not desk.marks_of(each)]
    if not letters:
        raise UserError("dead.unknown", where=code, exit_code=NO)
    steps = _resending(desk, letters, code)
    if not dry_run:
        asyncio.run(_write(desk, steps))
    deque(steps, maxlen=0)  # of a dry run: planned, and not written
    if as_json:
        emit_json({"code": code, "letters": len(letters), "dry_run": dry_run})
    else:
        print("\n".join(all_lines(code, len(letters), dry_run=dry_run)))


def _resending(
    desk: Desk, letters: Sequence[DeadLetter], code: str
) -> Iterator[tuple[DeadLetter, Step]]:
    """Yield what is to be written of each."""
    for portion in desk.whole(letters):
        for letter, fate in desk.fates(portion):
            step = plan(desk, letter, fate, code, discard=False)
            if step.how is not Retry.RESENT:  # a case's standstill is looked at one by one
                raise UserError("command.usage", where=code, detail=str(letter.offset))
            yield letter, step


def plan(desk: Desk, letter: DeadLetter, fate: Fate, reason: str, *, discard: bool) -> Step:
    """Return what a retry writes.

    Raises UserError case.not_frozen, settle.retry_impossible, dead.already_retried, dead.no_bytes,
    dead.no_source, topics.missing.
    """
    if fate.status is Status.FROZEN and fate.case is not None and fate.message is not None:
        if letter.code == UNSTORABLE and not discard:
            raise UserError("settle.retry_impossible", where=str(letter.offset), exit_code=NO)
        action = SettleAction.DISCARD if discard else SettleAction.RETRY
        return _settlement(desk, letter, fate.case, fate.message, action, reason)
    if discard or fate.status in (Status.DECIDED, Status.DISCARDED):
        raise UserError("case.not_frozen", where=fate.case or str(letter.offset), exit_code=NO)
    if desk.marks_of(letter):
        raise UserError("dead.already_retried", where=str(letter.offset), exit_code=NO)
    if letter.value is None:
        raise UserError("dead.no_bytes", where=str(letter.offset), exit_code=NO)
    source = letter.source
    if source is None:
        raise UserError("dead.no_source", where=str(letter.offset), exit_code=NO)
    if not desk.has_partition(source.topic, source.partition):
        raise UserError("topics.missing", where=f"{source.topic}/{source.partition}", exit_code=NO)
    return Step(Retry.RESENT, source.topic, source.partition, letter.key, letter.value)


def _settlement(
    desk: Desk,
    letter: DeadLetter,
    case_id: CaseId,
    message: MessageId,
    action: SettleAction,
    reason: str,
) -> Step:
    """Return the word on the case, sealed with the bus's key.

    Its id follows from the letter: a case that freezes again has a new letter, and a new word.
    """
    case = case_of(desk.connection, case_id)
    assert case is not None  # noqa: S101 - its status says that it stands still
    settled = MessageId(derive("settle", message, action, str(letter.offset)))
    envelope = Envelope(
        bus=load(desk.home.rulebook).bus,
        message_id=settled,
        case_id=case_id,
        flow=case.flow,
        record="CaseSettled",
        sender=BUS,
        sent_at=now(),
        in_reply_to=message,
    )
    signer = home_signer(desk.home, BUS_LOGIN)
    body = seal_message(CaseSettled(envelope, action, reason), signer).body
    schema_id = SchemaIds.load(desk.home.schema_ids).id_for(current("CaseSettled").fingerprint)
    how = Retry.SETTLED if action is SettleAction.RETRY else Retry.DISCARDED
    value = frame(schema_id, body)
    return Step(how, case.flow.value, None, case_id.encode(), value, (settled, case_id))


async def _write(desk: Desk, steps: Iterable[tuple[DeadLetter, Step]]) -> None:
    """Write each step, then its mark; each when the one before is acknowledged. One login."""
    login = desk.home.credentials(ADMIN)
    producer = await start_producer(desk.settings, login, client_id="dead-retry")
    try:
        for letter, step in steps:
            record = {"key": step.key, "value": step.value, "partition": step.partition}
            await _send(producer, step.topic, **record)
            mark = mark_headers(letter.offset, step.how)
            key = str(letter.offset).encode()  # not its own, which may hold anything
            await _send(producer, DEAD_LETTERS, key=key, partition=0, headers=mark)
    finally:
        await producer.stop()


async def _send(producer: Any, topic: str, **record: Any) -> None:  # noqa: ANN401 - aiokafka ships no types
    try:
        await asyncio.wait_for(producer.send_and_wait(topic, **record), _WRITE_SECONDS_MAX)
    except (KafkaError, TimeoutError) as error:
        raise explain(error, where=topic) from error


def _await(desk: Desk, step: Step, seconds_max: float) -> Case | None:
    """Wait for the effect of a settlement; what was only sent again has none to be seen here.

    Raises UserError dead.froze_again or the code it was refused with, Unavailable dead.no_answer.
    """
    if step.settles is None:
        return None
    settled, case_id = step.settles
    deadline = monotonic() + seconds_max
    while (found := outcome_of(desk.connection, settled, case_id)) is None:
        desk.connection.rollback()  # so that the next look sees what has been committed since
        if monotonic() > deadline:
            raise Unavailable("dead.no_answer", where=case_id, detail=f"{seconds_max:g} s")
        time.sleep(_POLL_SECONDS)
    if found.code is not None:
        raise UserError(found.code, where=case_id, exit_code=NO)
    case = found.case
    if case is not None and case.is_frozen:
        raise UserError("dead.froze_again", where=case_id, exit_code=NO)
    return case
