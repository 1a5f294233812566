"""The rows of the casebook as frozen values, and how a Case and its duties become text. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter

from schemas.ids import CaseId, MessageId, OrganCode, RulebookHash
from schemas.seal import Unvouched
from services.casework.case import Case, Closing, Duty
from services.casework.term import Term

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Asked by their validator and serializer: validate_json and dump_json take a quarter longer.
_CASE: Final = TypeAdapter(Case)
_DUTY: Final = TypeAdapter(Duty)
_TERM: Final = TypeAdapter(Term | None)
# Half of a duty's text is its term, and one rule's are alike: read once, written once.
_TERMS_MAX: Final = 4_096
_BUT_DUTIES: Final = {"duties"}
_APART: Final = {"term", "closed_at", "closing"}  # of a duty
_TERM_BEGINS: Final = b',"term":'  # in no JSON string: quotes are escaped
_TERM_ENDED: Final = b',"begins_at":'  # it came before that once, and now last


def to_ms(at: datetime) -> int:
    """Return an aware instant as milliseconds since 1970."""
    return (at - _EPOCH) // _MILLISECOND


def from_ms(ms: int) -> datetime:
    """Return milliseconds since 1970 as an instant in UTC."""
    return _EPOCH + ms * _MILLISECOND


@dataclass(frozen=True, slots=True)
class Position:
    """Where a record lies in the log."""

    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> tuple[str, int]:
        """The partition that it lies in."""
        return self.topic, self.partition


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a partition is decided, and its clock: the running maximum of log append times.

    `rulebook` is the one that decides its next record; None before its first record. `guided`: what
    its last Tick has looked at: of which year, by which rulebook, since which turn
    (exchange/turned.py).
    """

    next_offset: int
    clock: datetime
    rulebook: RulebookHash | None = None
    guided: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ToVouch:
    """A value for an inbox, which gets the exchange's word when its transaction is written."""

    schema_id: int
    copy: Unvouched


@dataclass(frozen=True, slots=True)
class MessageRow:
    """What became of a message. `receipt` answers honest repeats."""

    sender: OrganCode
    message_id: MessageId
    digest: str
    case_id: CaseId
    record: str
    document_number: str | None
    in_reply_to: MessageId | None
    received_at: datetime
    position: Position
    outcome: str  # accepted, rejected, held, waiting, dead
    code: str | None = None
    receipt: bytes | ToVouch | None = None


@dataclass(frozen=True, slots=True)
class Original:
    """A sealed message as it was received."""

    message_id: MessageId
    sender: OrganCode
    case_id: CaseId
    record: str
    fingerprint: str
    body: bytes


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Something to be published, whole."""

    source: Position
    topic: str
    key: bytes | None
    value: bytes | ToVouch | None
    headers: tuple[tuple[str, bytes], ...] = ()
    case: CaseId | None = None  # whose key locks its value while it waits; None: no content


@dataclass(frozen=True, slots=True)
class Unsent:
    """A row of the outbox that is to be published, opened."""

    seq: int
    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision, as trace and the journal tell it."""

    position: Position
    case_id: CaseId
    message_id: MessageId
    sender: OrganCode
    record: str
    at: datetime
    outcome: str
    code: str | None
    rulebook: str
    entry: str


@dataclass(frozen=True, slots=True)
class SecretRow:
    """A record whose bytes the broker must still lose; `note` is what may be said of it."""

    position: Position
    note: str


@dataclass(frozen=True, slots=True)
class DeadRow:
    """A dead letter, without its bytes."""

    position: Position
    at: datetime
    code: str
    message_id: MessageId | None
    case_id: CaseId | None


def case_to_text(case: Case) -> str:
    """Return the case as JSON, without what it has by default and its duties, which have rows."""
    return _CASE.serializer.to_json(case, exclude=_BUT_DUTIES, exclude_defaults=True).decode()


def case_from_text(text: str, duties: tuple[Duty, ...]) -> Case:
    """Return the case with its duties put back."""
    case: Case = _CASE.validator.validate_json(text)
    # Nobody else has it yet; a copy would take as long as all the rest.
    object.__setattr__(case, "duties", duties)
    return case


def duty_to_text(duty: Duty) -> str:
    """Return a duty as JSON, without what it has by default and its end; its term comes last."""
    raw = _DUTY.serializer.to_json(duty, exclude=_APART, exclude_defaults=True)
    if duty.term is None:
        return raw.decode()
    # Two zones may have one instant, and so two terms one hash: such a one is written by itself.
    term = _term_text(duty.term) if duty.term.since is None else _TERM.dump_json(duty.term)
    return b"".join((raw[:-1], _TERM_BEGINS, term, b"}")).decode()


def end_to_text(duty: Duty) -> str | None:
    """Return when and how a duty ended; None while it is open."""
    if duty.closed_at is None and duty.closing is None:
        return None
    return f"{duty.closed_at.isoformat() if duty.closed_at else ''} {duty.closing or ''}"


def duty_from_text(text: str, end: str | None) -> Duty:
    """Return a duty from both. Once its text said also how it ended."""
    raw = text.encode()
    begin = raw.find(_TERM_BEGINS)
    if begin < 0:
        duty: Duty = _DUTY.validator.validate_json(raw)
    else:
        found = raw.find(_TERM_ENDED, begin)
        after = found if found >= 0 else len(raw) - 1
        duty = _DUTY.validator.validate_json(raw[:begin] + raw[after:])
        # As in case_from_text.
        object.__setattr__(duty, "term", _term(raw[begin + len(_TERM_BEGINS) : after]))
    if end is not None:
        at, closing = end.split(" ")
        object.__setattr__(duty, "closed_at", datetime.fromisoformat(at) if at else None)
        object.__setattr__(duty, "closing", Closing(closing) if closing else None)
    return duty


@lru_cache(_TERMS_MAX)
def _term(raw: bytes) -> Term | None:
    return _TERM.validate_json(raw)


@lru_cache(_TERMS_MAX)
def _term_text(term: Term) -> bytes:
    return _TERM.dump_json(term)
