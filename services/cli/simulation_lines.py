"""What happened, as `simulate --json` prints it: one line an effect, every key, null when empty.

The keys and the names of the effects are a surface that others' tests hold on to (design, section
5). `to` is one organ, but a list for `held` and `rung`, which several hear of. `message`, `label`
and `record` name the message that the effect is about: of a duty the one that it is owed on.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from schemas.disputes import GuidanceYearOpened
from schemas.errors import Refusal
from schemas.ids import BUS, MessageId
from schemas.messages import Message
from schemas.topics import RECORDS
from services.casebook.rows import MessageRow
from services.cli.scenario_letters import Letter
from services.cli.simulation import Happened
from services.rulebook.calendar import ZONE

Line = dict[str, Any]
Copies = Mapping[tuple[str, str | None], Message]  # by message id and recipient
KEYS: Final = (
    "at",
    "effect",
    "case",
    "label",
    "message",
    "record",
    "from",
    "to",
    "relation",
    "rule",
    "basis",
    "code",
    "state",
    "duty",
    "organ",
    "due",
    "provisional",
    "outcome",
    "reason",
    "rung",
    "withheld",
    "masked",
)
REPEATED: Final = "repeated"  # the reason of an answer that was given before
_ANSWERS: Final = {"accepted": "accepted", "rejected": "rejected"}  # else it is held


class Lines:
    """Makes lines; knows the labels and records of all messages so far."""

    def __init__(self) -> None:
        self._labels: dict[str, str | None] = {}
        self._records: dict[str, str] = {}
        self._senders: dict[str, str] = {}

    def know(self, letter: Letter) -> None:
        """Note a message before it is received."""
        message_id = letter.target.message_id
        self._labels.setdefault(message_id, letter.step.label)
        self._records.setdefault(message_id, letter.step.record.snake)
        self._senders.setdefault(message_id, letter.sender)

    def stopped(self, letter: Letter, refusal: Refusal, at: datetime) -> Line:
        """Return the line of a message that the sender's own check stopped: it never left."""
        return _line(
            at=_instant(at),
            effect="rejected",
            **self._subject(letter.target.message_id),
            **{"from": letter.sender},
            to=letter.sender,
            code=refusal.code,
            reason=_reason(refusal.where, refusal.detail),
        )

    def of(self, happened: Happened, at: datetime) -> Iterator[Line]:
        """Yield the lines of one batch, in the order of its effects."""
        copies: Copies = {(m.envelope.message_id, _to(m)): m for m in happened.copies}
        for entry in happened.entries:
            for effect in entry["effects"]:
                if entry["from"] == BUS and effect["effect"] == "accepted" and effect["quiet"]:
                    continue  # of an activation, one a partition: nobody hears of it
                if _opens_year(effect):
                    continue  # what comes of it is told where its duty is opened
                yield self._effect(entry, effect, copies)
        if happened.repeated is not None and happened.repeated.sender != BUS:
            yield self._again(happened.repeated, at)

    def _effect(
        self,
        entry: Mapping[str, Any],
        effect: Mapping[str, Any],
        copies: Copies,
    ) -> Line:
        duty = effect.get("duty") or {}
        about = duty.get("message") or effect["message"]
        self._records.setdefault(entry["message"], RECORDS[entry["record"]].snake)
        refusal = effect.get("refusal") or {}
        is_copy = effect["effect"] == "delivered"
        delivered = copies.get((about, effect.get("to"))) if is_copy else None
        hidden = delivered.envelope.delivery if delivered else None
        author = effect.get("author") or (None if duty else self._author(entry, about))
        return _line(
            at=_instant(entry["at"]),
            effect=effect["effect"],
            case=entry["case"],
            **self._subject(about),
            **{"from": author},
            to=None if effect.get("quiet") else effect.get("to"),
            relation=effect.get("relation"),
            rule=effect.get("rule"),
            basis=effect.get("basis") or duty.get("basis"),
            code=refusal.get("code") or effect.get("code"),
            state=effect.get("after"),
            duty=duty.get("kind"),
            organ=duty.get("owner"),
            due=_instant(duty.get("due")),
            provisional=duty.get("provisional"),
            outcome=effect.get("closing"),
            reason=effect.get("reason")
            or _reason(refusal.get("where"), refusal.get("detail"))
            or effect.get("explanation")
            or _paths(effect.get("fields")),
            rung=effect.get("rung"),
            withheld=list(hidden.withheld) or None if hidden else None,
            masked=list(hidden.masked) or None if hidden else None,
        )

    def _again(self, row: MessageRow, at: datetime) -> Line:
        return _line(
            at=_instant(at),
            effect=_ANSWERS.get(row.outcome, "held"),
            case=row.case_id,
            **self._subject(row.message_id),
            **{"from": row.sender},
            to=row.sender,
            code=row.code,
            reason=REPEATED,
        )

    def _author(self, entry: Mapping[str, Any], about: str) -> str | None:
        known: str | None = entry["from"] if about == entry["message"] else self._senders.get(about)
        return known

    def _subject(self, message_id: str | MessageId) -> dict[str, Any]:
        return {
            "message": message_id,
            "label": self._labels.get(message_id),
            "record": self._records.get(message_id),
        }


def _line(**values: Any) -> Line:  # noqa: ANN401 - any plain value
    return {key: values.get(key) for key in KEYS}


def _opens_year(effect: Mapping[str, Any]) -> bool:
    """Whether it writes the opening of a year of guidance: of every pair, most of them not told."""
    if effect["effect"] != "written":
        return False
    record: str = effect["record"]["envelope"]["record"]
    return record == GuidanceYearOpened.__name__


def _to(message: Message) -> str | None:
    """Return whose copy it is; None for what the bus itself says."""
    return message.envelope.delivery.to if message.envelope.delivery else None


def _reason(where: str | None, detail: str | None) -> str | None:
    return " · ".join(part for part in (where, detail) if part) or None


def _paths(fields: Iterable[Mapping[str, Any]] | None) -> str | None:
    """Return which fields were opened."""
    return ", ".join(each["path"] for each in fields) if fields else None


def _instant(at: datetime | str | None) -> str | None:
    """Return an instant in China's time, to the second where it has no parts of one."""
    if at is None:
        return None
    found = datetime.fromisoformat(at) if isinstance(at, str) else at
    return found.astimezone(ZONE).isoformat()
