"""An exchange's office with keys of its own, and records as the broker would give them.

No broker: a `Log` seals messages, puts them where they belong and counts offsets, as the connectors
and Kafka would; `Stored` reads back what a batch left in the casebook.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, Engine, Table, event, select

from schemas.codec import current, frame, unframe, without_vouched
from schemas.errors import Malformed
from schemas.ids import BUS, CaseId, MessageId, OrganCode, derive
from schemas.jwk import jwk_of, signer_of
from schemas.messages import CaseSettled, Message, SettleAction, Tick
from schemas.parts import Envelope, Flow
from schemas.seal import seal_message
from schemas.topics import RECORDS, flow_partition
from services.casebook.case_keys import CaseKeys
from services.casebook.headers import headers_from_text
from services.casebook.letters import LOCKED, opened_letter
from services.casebook.locked import original_of, outbox_value
from services.casebook.rows import Position
from services.casebook.store import Casebook, open_url
from services.casebook.tables import CASES, METADATA, ORIGINALS, OUTBOX, SETTINGS
from services.cli.dead_letter import source_of
from services.exchange.batch import run_batch, take_batch
from services.exchange.incoming import Incoming
from services.exchange.intake import Intake, take_in
from services.exchange.office import Office
from services.exchange.shelf import Shelf
from services.exchange.tally import Tally
from services.rulebook.model import PublicKey
from tests.any_message import SteadySigner
from tests.history import History, demo

NewCasebook = Callable[[], AbstractContextManager[Casebook]]

PARTITIONS = 4
# Of every test's database: one may be opened by another process than made it.
KEY_FILE: Final = Path(__file__).with_name("casebook_key.txt")
OUTSIDER = OrganCode("91520203YC0009999X")  # has a key, but no place in the directory
_SINCE = datetime(2020, 1, 1, tzinfo=UTC)


@cache
def _private() -> dict[OrganCode, Ed25519PrivateKey]:
    """A key for the bus, each organ of the demo and an outsider; the same in every run.

    Ed25519: the same message has the same seal, so that runs can be compared to the byte.
    """
    codes = [BUS, OUTSIDER, *sorted(demo().directory.organs)]
    seeds = (sha256(code.encode()).digest() for code in codes)
    return {
        code: Ed25519PrivateKey.from_private_bytes(seed)
        for code, seed in zip(codes, seeds, strict=True)
    }


@cache
def signers() -> dict[OrganCode, SteadySigner]:
    """Who can seal."""
    return {code: SteadySigner(signer_of(key)) for code, key in _private().items()}


# A registry never gives an id anew: those that the first release's casebook has stay theirs.
FIRST_RELEASE: Final = (
    "LeadTransfer",
    "CaseTransfer",
    "FilingReply",
    "OutcomeFeedback",
    "CaseProgress",
    "Withdrawal",
    "Correction",
    "Delivered",
    "SignedFor",
    "Accepted",
    "Rejected",
    "Held",
    "Advice",
    "DutyNotice",
    "Tick",
    "CaseSettled",
)


@cache
def office() -> Office:
    """What an exchange of the demo decides with."""
    keys: dict[str, PublicKey] = {}
    for code, key in _private().items():
        jwk = jwk_of(key.public_key())
        keys[jwk.kid] = PublicKey(jwk.kid, code, jwk.algorithm, jwk.x, jwk.y, _SINCE)
    rulebook = demo()
    rulebook = replace(rulebook, directory=replace(rulebook.directory, keys=keys))
    later = [record for record in RECORDS if record not in FIRST_RELEASE]
    codecs = {number: current(name) for number, name in enumerate((*FIRST_RELEASE, *later), 1)}
    ids = {codec.fingerprint: number for number, codec in codecs.items()}
    return Office(rulebook, signers()[BUS], PARTITIONS, codecs, ids)


def sealed(message: Message, by: OrganCode | None = None) -> bytes:
    """The message's value, sealed by its sender or by somebody else."""
    body = seal_message(message, signers()[by or message.envelope.sender]).body
    return frame(office().own(type(message).__name__), body)


@dataclass(slots=True)
class Log:
    """Records in the order in which the broker took them."""

    next_offset: dict[tuple[str, int], int] = field(default_factory=dict)

    def put(
        self, message: Message, at: datetime, by: OrganCode | None = None, **where: Any
    ) -> Incoming:
        """Seal the message and put it where it belongs, or where `where` says."""
        return self.raw(sealed(message, by), message.envelope, at, **where)

    def raw(
        self,
        value: bytes | None,
        envelope: Envelope,
        at: datetime,
        *,
        topic: str | None = None,
        partition: int | None = None,
        key: bytes | None = b"",
    ) -> Incoming:
        """Put bytes where a message with this envelope belongs, or elsewhere."""
        own = envelope.case_id.encode()
        topic = topic or envelope.flow.value
        partition = flow_partition(own, PARTITIONS) if partition is None else partition
        offset = self.next_offset.get((topic, partition), 0)
        self.next_offset[topic, partition] = offset + 1
        at = at.astimezone(UTC)
        return Incoming(Position(topic, partition, offset), own if key == b"" else key, value, at)

    def tick(self, at: datetime, partition: int, flow: Flow = Flow.LEADS) -> Incoming:
        """Put a Tick of the bus into a partition."""
        envelope = Envelope(
            bus=demo().bus,
            message_id=MessageId(derive("tick", flow, str(partition), at.isoformat())),
            case_id=CaseId(derive("ticks", flow, str(partition))),
            flow=flow,
            record="Tick",
            sender=BUS,
            sent_at=at,
        )
        return self.put(Tick(envelope, flow, partition), at, partition=partition)


def take(*incoming: Incoming) -> list[Intake]:
    """Judge records as the exchange does."""
    return [take_in(each, office()) for each in incoming]


def run(casebook: Casebook, incoming: Iterable[Incoming], by: Office | None = None) -> Tally:
    """Decide a batch of records."""
    return run_on(casebook, Shelf(by or office()), incoming)


def run_on(casebook: Casebook, shelf: Shelf, incoming: Iterable[Incoming]) -> Tally:
    """Decide a batch of records with these rulebooks."""
    return run_batch(casebook, shelf, take_batch(casebook, shelf, list(incoming)))


@dataclass(frozen=True, slots=True)
class Said:
    """A row of the outbox, opened."""

    to: str
    message: Message
    value: bytes


def rows(casebook: Casebook, table: Table) -> list[Any]:
    """Every row of a table, by its primary key."""
    with casebook.engine.connect() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


@contextmanager
def statements(of: Engine | Connection) -> Iterator[list[str]]:
    """Note the statements that are run meanwhile."""
    found: list[str] = []

    def note(*told: object) -> None:
        found.append(str(told[2]))

    event.listen(of, "before_cursor_execute", note)
    yield found
    event.remove(of, "before_cursor_execute", note)


def opened(casebook: Casebook, table: Table) -> list[dict[str, Any]]:
    """Every row of a table, by its primary key, with what is locked in it opened."""
    found = [dict(row._mapping) for row in rows(casebook, table)]
    with casebook.engine.connect() as connection:
        keys = CaseKeys(connection, casebook.key)
        for row, values in zip(rows(casebook, table), found, strict=True):
            if table is OUTBOX:
                values["value"] = outbox_value(keys, row)
                headers = dict(headers_from_text(row.headers))
                if LOCKED in headers:
                    place = source_of(headers)
                    plain = opened_letter(keys, row.topic, place, headers, row.value)
                    values["key"], values["value"] = plain or (None, None)
            if table is ORIGINALS:
                values["body"] = original_of(keys, row).body
    return found


def open_at(url: str) -> Casebook:
    """Open a casebook with the key that the tests' databases have in common."""
    return open_url(url, KEY_FILE)


def inboxes(casebook: Casebook) -> list[Said]:
    """What the outbox holds for inboxes, in its order."""
    found = []
    for row in outbox(casebook):
        if row.topic.startswith("inbox."):
            schema_id, body = unframe(row.value)
            opened = office().codecs[schema_id].open(body)
            found.append(Said(row.topic.removeprefix("inbox."), opened.message, row.value))
    return found


def outbox(casebook: Casebook) -> list[SimpleNamespace]:
    """The outbox's rows, opened."""
    return [SimpleNamespace(**row) for row in opened(casebook, OUTBOX)]


@dataclass(frozen=True, slots=True)
class Stored:
    """What a broker says of a record that it has."""

    offset: int


def told(casebook: Casebook) -> list[tuple[str, str]]:
    """(organ, record) of what the outbox holds for inboxes, in its order."""
    return [(said.to, type(said.message).__name__) for said in inboxes(casebook)]


def dead_letters(casebook: Casebook) -> list[tuple[bytes | None, bytes | None, dict[str, str]]]:
    """(key, value, headers) of the outbox's dead letters."""
    return [
        (row.key, row.value, {name: value.decode() for name, value in headers})
        for row in outbox(casebook)
        if row.topic == "dead-letters"
        for headers in [headers_from_text(row.headers)]
    ]


def everything(casebook: Casebook) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table: opened, without keys and the numbers that only count rows.

    A case's number is told as its id: PostgreSQL leaves out those of a transaction that was undone.
    Nor the bus's word on what it sends, which is one for a batch: where a batch ends is chance.
    """
    cases = {row["seq"]: row["case_id"] for row in opened(casebook, CASES)}

    def known(column: str, value: Any) -> Any:
        if column == "case_seq":
            return cases.get(value, value)
        return unvouched(value) if column in {"value", "receipt"} else value

    return {
        name: [
            tuple(
                known(column, value)
                for column, value in row.items()
                if column not in {"seq", "wrapped"}
            )
            for row in opened(casebook, table)
            if table is not SETTINGS or row["key"] != "key"
        ]
        for name, table in METADATA.tables.items()
    }


def unvouched(value: bytes | None) -> bytes | None:
    """Return a framed value without the bus's word; any other value as it is."""
    try:
        schema_id, body = unframe(value or b"")
        seal = office().codecs[schema_id].open(body).message.envelope.seal
    except (Malformed, KeyError):
        return value
    if seal is None or seal.vouched is None:
        return value
    return frame(schema_id, without_vouched(body, seal.vouched))


def sent(history: History, record: str, sender: str, **changes: Any) -> Message:
    """The next message of a history, which goes on as if it had been decided."""
    message = history.next(record, sender, **changes)
    history.decide(message)
    return message


def settlement(history: History, action: SettleAction, about: Message) -> Message:
    """An operator's word on the message that froze the history's case."""
    envelope = replace(
        about.envelope,
        message_id=MessageId(derive("settle", about.envelope.message_id, action)),
        case_id=history.opened.id,
        flow=history.opened.flow,
        record="CaseSettled",
        sender=BUS,
        in_reply_to=about.envelope.message_id,
        document_number=None,
        officers=None,
    )
    return CaseSettled(envelope, action, "缺陷已修复")
