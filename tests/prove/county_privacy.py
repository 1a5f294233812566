"""The county chapter: who sees what. Canaries everywhere, rule by rule, two copies compared."""

import http.client
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final, cast

from confluent_kafka.admin import AdminClient
from sqlalchemy import select

from connectors.bus.clock import now
from schemas.describe import describe
from schemas.errors import Refusal
from schemas.ids import MessageId, OrganCode
from schemas.messages import Message
from schemas.parts import Relation
from schemas.render import to_document
from services.casebook.store import open_for_reading
from services.casebook.tables import METADATA
from services.casework.effects import Deliver
from services.cli.demo_scenarios import AGENCIES
from services.rulebook.model import Clearance, Clearances, Treatment
from tests.canary_letters import CASES, numbered, said
from tests.canary_search import Canary, Seeker
from tests.history import (
    HANDLER,
    NOBODYS,
    SENDER,
    SUPERVISOR,
    History,
    organ,
    violation,
)
from tests.history import (
    demo as demo_rulebook,
)
from tests.prove.chapter import Check, Ground
from tests.prove.county_sending import case_in_book, decided, put, waiting_for
from tests.prove.letters import keyring
from tests.prove.stand import Stand, demo, records, wait_until
from tests.unit.services.confidentiality.test_clearances_hold import TELLING, expected_of, judged

SECONDS_MAX: Final = 180.0
METRICS_OFFSETS: Final = range(30, 30 + 1 + len(AGENCIES))
FIRST_CANARY: Final = 5_001
PIECE_BYTES: Final = 16 * 1024 * 1024  # of a file in memory at once
CANARY_BYTES_MAX: Final = 1_024  # in any form: pieces of a file overlap by so much
INBOXES_ON_DISK: Final = "data/kafka/inbox."


@dataclass(slots=True)
class Sent:
    """What was sent, with whose each canary is and as what each organ got each message."""

    messages: list[Message] = field(default_factory=list)
    canaries: list[Canary] = field(default_factory=list)
    origin: dict[str, tuple[MessageId, str]] = field(default_factory=dict)  # text → message, alias
    relations: dict[tuple[MessageId, str], set[Relation]] = field(default_factory=dict)

    def is_cleared(self, alias: str | None, canary: Canary) -> bool:
        """Whether the clearances let the organ see it, as whatever it got the message."""
        message, _ = self.origin[canary.text]
        path = next(each for each in describe(canary.record).paths if each.path == canary.path)
        return any(
            expected_of(relation, path) is Treatment.KEEP
            for relation in self.relations.get((message, alias or ""), ())
        )

    def is_own(self, alias: str | None, canary: Canary) -> bool:
        """Whether the organ wrote it."""
        return self.origin[canary.text][1] == alias


def canary(ground: Ground) -> str:
    """Send them through a running county, then look into every place that the bus writes to."""
    stand = demo(ground)
    sent = send_all(stand)
    wait_for_the_agencies(stand, sent)
    places, wrong, found, seeker = 0, list[str](), set[str](), Seeker(sent.canaries)
    for place, content, alias in places_of(stand):
        places += 1
        found |= {each.text for each, _ in seeker.found(content)}
        wrong += seeker.misplaced(
            place, content, partial(sent.is_cleared, alias), partial(sent.is_own, alias)
        )
    missed = [each for each in sent.canaries if each.text not in found]
    assert not missed, f"{len(missed)} canaries nowhere, not in their flow either: {missed[:5]}"
    assert not wrong, f"{len(wrong)} canaries where they may not be: {wrong[:20]}"
    names = {type(message).__name__ for message in sent.messages}
    relations = {relation.value for found in sent.relations.values() for relation in found}
    return (
        f"{len(sent.canaries)} canaries in {len(sent.messages)} accepted messages of {len(names)} "
        f"records, to {len(relations)} relations ({', '.join(sorted(relations))}); {places} places "
        "searched: every topic, table cell, log, /metrics and file; none where it may not be"
    )


def clearance_rules_needed(ground: Ground) -> str:  # noqa: ARG001 - a check takes its ground
    """Spoil each row of the clearance table; the test of the clearances must find it by name."""
    clearances = demo_rulebook().clearances
    assert not [
        each
        for each in Relation
        if each is not Relation.UNKNOWN and judged(clearances, each, TELLING)
    ], "the table as it is"
    spoilt = 0
    for row in clearances.rows:
        for what, rows in _spoilt(clearances, row):
            spoilt += 1
            found = judged(Clearances(rows), row.relation, TELLING)
            assert found, f"{what} {row.relation} {row.field_class} {row.path or ''}: not noticed"
    kinds = ", ".join(
        f"{sum(1 for row in clearances.rows if row.treatment is each)} {each}" for each in Treatment
    )
    return f"{len(clearances.rows)} rows ({kinds}), {spoilt} ways of spoiling one, each found"


def redaction_side_by_side(ground: Ground) -> str:
    """Have a supervisor's assignment name a complainant; read it as handler and as forwarder."""
    stand = demo(ground)
    history = History(count=next(stand.serials) * 1_000, at=now())
    name, phone = "示例投诉人", "13800000000"
    forward = numbered(
        history.next("complaint_forward", SENDER, violations=[violation(matter=NOBODYS)]), "并列"
    )
    history.decide(forward)
    reason = f"投诉举报人{name}（{phone}）多次来电，请尽快办理"
    to = {"envelope": {"addressees": [organ(HANDLER)]}}
    assigned = history.next("routing_assignment", SUPERVISOR, reason=reason, **to)
    history.decide(assigned)
    put(stand, forward)
    put(stand, assigned)
    decided(stand, [forward, assigned])
    told: dict[str, Message] = {}
    for alias in (HANDLER, SENDER):
        look = partial(_copy_in, stand, alias, assigned)
        found = wait_until(look, SECONDS_MAX, f"the assignment in the inbox of {alias}")
        told[alias] = cast("Message", found)
    handler, forwarder = (to_document(told[alias]) for alias in (HANDLER, SENDER))
    assert handler["reason"] == reason
    assert handler["envelope"]["delivery"]["masked"] == []
    assert forwarder["reason"] == "投诉举报人示**（138****0000）多次来电，请尽快办理"
    assert forwarder["envelope"]["delivery"]["masked"] == ["reason"]
    for alias, document in ((HANDLER, handler), (SENDER, forwarder)):
        delivery = document["envelope"]["delivery"]
        print(f"      {alias} ({delivery['relation']}): {document['reason']}")
        print(f"      withheld {delivery['withheld']}, masked {delivery['masked']}")
    return (
        f"{HANDLER} (handler): {handler['reason']} | {SENDER} (forwarder): {forwarder['reason']}; "
        "masked ['reason']; both prove their sender's word, the masked reason is the bus's"
    )


CHECKS: Final = (
    Check("canary", canary),
    Check("clearance_rules_needed", clearance_rules_needed),
    Check("redaction_side_by_side", redaction_side_by_side),
)


def send_all(
    stand: Stand, first: int = FIRST_CANARY, meanwhile: Callable[[], None] = lambda: None
) -> Sent:
    """Decide every case here as the exchange will, and write it to its flow.

    `meanwhile`: what happens while the exchange has half of it.
    """
    sent, numbers = Sent(), count(first)
    for position, case in enumerate(CASES):
        if position == len(CASES) // 2:
            meanwhile()
        history = History(count=next(stand.serials) * 1_000, at=now())
        for each in said(history, case, numbers):
            put(stand, each.message)
            note(sent, each.message, each.sender, each.canaries, each.effects)
    decided(stand, sent.messages)
    return sent


def note(
    sent: Sent, message: Message, sender: str, canaries: tuple[Canary, ...], effects: Any
) -> None:
    message_id = message.envelope.message_id
    sent.messages.append(message)
    sent.canaries += canaries
    sent.origin |= {each.text: (message_id, sender) for each in canaries}
    for effect in effects:
        if isinstance(effect, Deliver):
            alias = demo_rulebook().directory.organs[effect.to].alias
            sent.relations.setdefault((effect.message, alias), set()).add(effect.relation)


def wait_for_the_agencies(stand: Stand, sent: Sent) -> None:
    """Until nothing waits in the outbox, and the connectors that run have what is for them."""
    ours = {OrganCode(organ(alias)) for alias in AGENCIES}

    def look() -> bool:
        if waiting_for(stand):
            return False
        cases = {message.envelope.case_id: message for message in sent.messages}
        return all(
            handed.delivered_at is not None or handed.record == "SignedFor"
            for message in cases.values()
            for handed in case_in_book(stand, message).handed
            if handed.to in ours
        )

    wait_until(look, SECONDS_MAX, "every copy in its agency's own system")


def places_of(stand: Stand) -> Iterator[tuple[str, bytes, str | None]]:
    """Yield every place: its name in places.csv, what it holds, and whose it is."""
    listed = AdminClient(stand.client("admin")).list_topics(timeout=30).topics
    for topic in sorted(listed):
        alias = topic.removeprefix("inbox.") if topic.startswith("inbox.") else None
        for record in records(stand, "admin", topic):
            headers: Any = record.headers() or ()  # pairs; the stubs allow other forms, too
            parts = (record.key(), record.value(), *(value for _, value in headers))
            yield f"topic:{topic}", b"\n".join(part for part in parts if part), alias
    engine = open_for_reading(stand.home.casebook)
    with engine.connect() as connection:
        for name, table in METADATA.tables.items():
            for row in connection.execute(select(table)):
                for column, value in row._mapping.items():
                    content = value if isinstance(value, bytes) else str(value).encode()
                    yield f"table:{name}.{column}", content, None
    engine.dispose()
    for offset in METRICS_OFFSETS:
        yield f"metrics:{offset}", _metrics(stand.settings.ports.base + offset), None
    yield from _files(stand.home.path)


def _files(home: Path) -> Iterator[tuple[str, bytes, str | None]]:
    for path in sorted(home.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        name = path.relative_to(home).as_posix()
        kind, _, rest = name.partition("/")
        alias = rest.partition("/")[0] if kind in {"agencies", "connectors"} else None
        place = f"file:agency/{name}" if alias else f"file:{name}"
        if name.startswith(INBOXES_ON_DISK):
            alias = name.removeprefix(INBOXES_ON_DISK).rpartition("/")[0].rpartition("-")[0]
        for content in written(path):
            yield (f"log:{name}" if kind == "logs" else place), content, alias


def written(path: Path) -> Iterator[bytes]:
    """Yield what is written of a file, piece by piece: not the holes that a broker leaves."""
    if not path.exists():  # the broker or a connector has moved it meanwhile
        return
    with path.open("rb") as file:
        size, at = os.fstat(file.fileno()).st_size, 0
        while at < size:
            try:
                begin = os.lseek(file.fileno(), at, os.SEEK_DATA)
                end = os.lseek(file.fileno(), begin, os.SEEK_HOLE)
            except OSError:  # nothing but a hole behind
                return
            at = min(end, begin + PIECE_BYTES)
            file.seek(begin)
            yield file.read(at - begin + CANARY_BYTES_MAX)


def _metrics(port: int) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read()
    finally:
        connection.close()


def _copy_in(stand: Stand, alias: str, sent: Message) -> Message | None:
    """Return the copy of a message in an organ's inbox; its seal must hold."""
    for record in records(stand, alias, f"inbox.{alias}"):
        opened = keyring(stand).open(record.value() or b"", now())
        assert not isinstance(opened, Refusal), opened
        if opened.message.envelope.message_id == sent.envelope.message_id:
            return opened.message
    return None


def _spoilt(clearances: Clearances, row: Clearance) -> Iterator[tuple[str, tuple[Clearance, ...]]]:
    """Yield the table with the row taken away, and where it hides something, with it kept."""
    yield "without", tuple(each for each in clearances.rows if each is not row)
    if row.treatment is not Treatment.KEEP:
        kept = replace(row, treatment=Treatment.KEEP)
        yield "kept", tuple(kept if each is row else each for each in clearances.rows)
