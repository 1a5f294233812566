"""`yichuan resend MESSAGE --to ORGAN`: the same copy once more into the inbox of one recipient.

For an agency that lost what it had, or whose inbox was mended: the same bytes. Where nobody may
believe these any more (the bus's key that vouched for them was stolen), the copy is made again from
the sealed original, never from those bytes, and vouched for by today's key. Who has it already
drops it by its sender and id, so nothing comes twice. Nothing is decided anew, and nobody else gets
anything.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Final

import typer
from aiokafka.errors import KafkaError
from sqlalchemy import Connection, or_, select

from connectors.bus.clock import now
from connectors.bus.kafka import explain, start_producer
from connectors.bus.known_schemas import KnownSchemas
from connectors.bus.logins import ADMIN
from schemas.document_number import normal_document_number
from schemas.errors import Broken, Malformed, Refusal, UserError
from schemas.topics import inbox_of
from services.casebook.key_file import key_in_force
from services.casebook.read import message_of
from services.casebook.rows import MessageRow
from services.casebook.tables import MESSAGES
from services.casebook.work import Work
from services.casework.case import Handed
from services.cli.casebook_view import MATCHES_MAX, case_of, deliveries_of, reading
from services.cli.exit_codes import NO
from services.cli.installation import Installation, open_installation
from services.cli.log_reader import Logged, open_log
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note
from services.cli.recipients import Arrival, arrival_of, copy_in, copy_of, waiting_copies
from services.exchange.again import copy_again
from services.exchange.opening import open_office
from services.exchange.shelf import Shelf
from services.rulebook.load import kept
from services.rulebook.model import Organ

_SECONDS_MAX: Final = 60.0  # of connecting, of reading an inbox, of writing
_NO_ORIGINAL: Final = ("case.erased", "casebook.original_missing")
_BEFORE: Final = timedelta(hours=1)  # the broker's stamp of a copy is later than its decision


def resend(
    message: Annotated[
        str, typer.Argument(metavar="MESSAGE", help="message id or 文号 / 消息标识或文号")
    ],
    to: Annotated[str, typer.Option("--to", help="a recipient of it / 原收件机关")],
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Write a copy that an organ was sent into its inbox again."""
    place = open_installation(home)
    organ = place.organ(to)
    with reading(place.home) as connection:
        handed = handed_to(connection, message, organ, place)
        found = _in_inbox(place, organ, handed)
        value = _believed(place, found) or made_again(place, connection, message, organ)
    offset = asyncio.run(_write(place, replace(found, value=value)))
    is_made_again = value != found.value
    document = {
        "message": handed.message,
        "record": handed.record,
        "to": organ.code,
        "topic": found.place[0],
        "first_offset": found.offset,
        "offset": offset,
        "made_again": is_made_again,
    }
    if as_json:
        emit_json(document)
    else:
        print(
            in_language(
                f"已将 {handed.message} 再次写入 {organ.name} 的收件箱（{offset}）",
                f"{handed.message} is in the inbox of {organ.name} again, at {offset}",
            )
        )
        if is_made_again:
            note(
                "原副本由已停用的密钥签发，已按原件重新制作，以现用密钥签发",
                "the first copy was vouched for by a key that is believed no more: this one is made"
                " from the original, and vouched for by today's key",
            )


def handed_to(connection: Connection, text: str, organ: Organ, place: Installation) -> Handed:
    """Return what was written for the organ.

    Raises UserError resend.unknown, resend.ambiguous, resend.not_a_recipient, resend.pending.
    """
    row, handed = _found(connection, text, organ)
    waiting = waiting_copies(connection, row.case_id, place.home)
    if arrival_of(handed, waiting) is Arrival.PENDING:
        raise UserError("resend.pending", where=inbox_of(organ.alias), exit_code=NO)
    return handed


def _found(connection: Connection, text: str, organ: Organ) -> tuple[MessageRow, Handed]:
    rows = _messages(connection, text)
    if not rows:
        raise UserError("resend.unknown", where=text, exit_code=NO)
    found = [(row, handed) for row in rows for handed in _handed(connection, row, organ)]
    if not found:
        raise UserError("resend.not_a_recipient", where=organ.name, detail=text, exit_code=NO)
    if len(found) > 1:
        by_id = len({row.message_id for row, _ in found}) == len(found)
        named = (row.message_id if by_id else row.document_number for row, _ in found)
        detail = ", ".join(name or "" for name in named)
        raise UserError("resend.ambiguous", where=text, detail=detail, exit_code=NO)
    return found[0]


def _handed(connection: Connection, row: MessageRow, organ: Organ) -> Iterator[Handed]:
    """Yield what was written of a message for the organ, once at most."""
    case = case_of(connection, row.case_id)
    wanted = ((row.sender, row.message_id), organ.code)
    for handed in case.handed if case else ():
        if copy_of(handed) == wanted:
            yield handed
            return


def _messages(connection: Connection, text: str) -> list[MessageRow]:
    wanted = [MESSAGES.c.message_id == text]
    number = normal_document_number(text)
    if number is not None:
        wanted.append(MESSAGES.c.document_number == number)
    query = select(MESSAGES).where(or_(*wanted), MESSAGES.c.outcome == "accepted")
    return [message_of(row) for row in connection.execute(query.limit(MATCHES_MAX))]


def _in_inbox(place: Installation, organ: Organ, handed: Handed) -> Logged:
    """Return the copy as it lies in the inbox. Raises UserError resend.gone."""
    topic = inbox_of(organ.alias)
    schemas = KnownSchemas(place.home.schema_ids)
    wanted = copy_of(handed)
    with open_log(place.home, place.settings, _SECONDS_MAX) as log:
        spans = log.spans(topic)
        begins = log.begins_at(topic, _earliest(handed.at))
        ends = {where: end for where, (_, end) in spans.items()}
        for record in log.read(begins, ends, _SECONDS_MAX):
            try:
                if record.value and copy_in(record.value, schemas) == wanted:
                    return record
            except Malformed:
                continue  # not of this bus: what is looked for is
    raise UserError("resend.gone", where=topic, detail=handed.message, exit_code=NO)


def _believed(place: Installation, found: Logged) -> bytes | None:
    """Return its bytes, unless a connector of today refuses them."""
    opened = place.keyring.open(found.value or b"", found.at)
    return None if isinstance(opened, Refusal) else found.value


def made_again(place: Installation, connection: Connection, text: str, organ: Organ) -> bytes:
    """Return the copy as the exchange would write it today, from the sealed original.

    Raises UserError resend.erased where the original is kept no more, resend.not_believed where
    its sender's own seal does not hold any more; key.not_in_force where the bus has no key today.
    """
    row, handed = _found(connection, text, organ)
    first = open_office(place.home, place.settings)
    shelf = Shelf(first, partial(kept, place.home.rulebooks))
    work = Work(connection, key_in_force(connection, place.home.casebook_key))
    case = work.case(row.case_id)
    assert case is not None  # noqa: S101 - it was handed over there
    try:
        value = copy_again(shelf, work, case, deliveries_of(connection, row.case_id), handed)
    except Broken as error:
        if error.code in _NO_ORIGINAL:
            raise UserError("resend.erased", where=handed.message, exit_code=NO) from error
        raise
    opened = place.keyring.open(value, now())
    if isinstance(opened, Refusal):
        detail = f"{handed.message} {opened.code}"
        raise UserError("resend.not_believed", where=organ.name, detail=detail, exit_code=NO)
    return value


def _earliest(decided: datetime) -> datetime:
    return decided - _BEFORE


async def _write(place: Installation, found: Logged) -> int:
    """Write the same key and bytes; return the new offset when the broker has them."""
    topic, partition = found.place
    login = place.home.credentials(ADMIN)
    producer = await start_producer(place.settings, login, client_id="resend")
    try:
        sending = producer.send_and_wait(topic, found.value, key=found.key, partition=partition)
        written = await asyncio.wait_for(sending, _SECONDS_MAX)
    except (KafkaError, TimeoutError) as error:
        raise explain(error, where=topic) from error
    finally:
        await producer.stop()
    return int(written.offset)
