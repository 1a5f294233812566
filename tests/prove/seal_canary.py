"""The chapter of the seal: a canary in every field, sought in every byte that the bus writes.

In every encoding, in every file (Kafka's segments with their batches opened, the casebook with its
log of changes, spools, ledgers, logs), topic, table and page of metrics; after kill -9, an abort
and exceptions whose text holds a message; with what was refused, dead-lettered and frozen among it.
tests/canary_places.csv says what may lie where.
"""

import json
import os
import resource
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any, Final

import psutil
from aiokafka.record.memory_records import MemoryRecords

from connectors.bus.clock import now
from deploy.local import processes
from deploy.local.stack import GRACE_SECONDS
from schemas.messages import Held, HoldReason, Message, Rejected
from schemas.parts import Relation
from schemas.render import to_document
from schemas.topics import flow_partition
from tests.canary_letters import canaried, numbered
from tests.canary_rules import BY_ORGANS, canary, finding, rules
from tests.canary_search import Canary, Seeker
from tests.history import HANDLER, SENDER, History
from tests.history import demo as demo_rulebook
from tests.prove.agencies import files_of
from tests.prove.chapter import Check, Ground
from tests.prove.county_privacy import (
    CANARY_BYTES_MAX,
    INBOXES_ON_DISK,
    Sent,
    note,
    places_of,
    send_all,
    wait_for_the_agencies,
    written,
)
from tests.prove.county_sending import decided, put
from tests.prove.flow_writer import LEADS, Watch, write
from tests.prove.kill_stand import kill
from tests.prove.letters import partitions, sealed_value
from tests.prove.stand import Stand, demo, wait_until

EXCHANGE: Final = "exchange"
CONNECTOR: Final = f"connector-{HANDLER}"
FIRST_CANARY: Final = 5_001  # four digits: they end a telephone number
SECONDS_MAX: Final = 120.0
BUNDLED_BYTES_MAX: Final = 32 * 1024 * 1024
BETWEEN: Final = b"\n\0\n"
SEGMENT_BYTES_MAX: Final = 256 * 1024 * 1024
RULES_MIN: Final = 100
KINDS: Final = {"table": "cells", "topic": "records", "file": "pieces and batches of files"}

Place = tuple[str, bytes, str | None]  # its name in the table of places, what it holds, whose it is


@dataclass(slots=True)
class Extra:
    """What is sent besides, that no organ gets: refused, dead, frozen, crashed upon."""

    canaries: list[Canary] = field(default_factory=list)
    unsent: list[Canary] = field(default_factory=list)  # among them: never on a flow
    codes: list[str] = field(default_factory=list)
    stories: list[str] = field(default_factory=list)  # what `yichuan trace` is asked for


def canary_everywhere(ground: Ground) -> str:
    """Send canaries through crashes and refusals, look everywhere, take each rule away in turn."""
    removed = _every_rule_is_needed()
    stand = demo(ground)
    numbers = count(FIRST_CANARY)
    with _cores_allowed():
        sent = send_all(stand, next(numbers), partial(_kill, stand))
        numbers = count(FIRST_CANARY + len(sent.canaries) + 1)
        wait_for_the_agencies(stand, sent)
        extra = _refused_and_dead(stand, sent, numbers)
        crashes = _crashed_upon(stand, sent, extra, numbers)
    _nothing_dumped(stand)
    looked, forms, wrong = _searched(stand, sent, extra)
    assert not wrong, f"{len(wrong)} canaries where they may not be: {wrong[:20]}"
    total = len(sent.canaries) + len(extra.canaries)
    kinds = {KINDS.get(kind, f"pieces of {kind}"): number for kind, number in looked.items()}
    told = ", ".join(f"{number} {kind}" for kind, number in sorted(kinds.items()))
    return (
        f"{total} canaries in {len(sent.messages)} accepted messages of every record and "
        f"{len(extra.codes)} others ({', '.join(extra.codes)}), one through a connector that was "
        f"killed with it in its spool; {crashes}; no core file; sought in "
        f"{forms} forms each (UTF-8, UTF-16, GB 18030, JSON, URL, hex, base64) in {told}; on disk "
        f"plain only in the segments of the flows (until they roll) and of the inboxes of those "
        f"cleared; {removed}"
    )


CHECKS: Final = (Check("canary_everywhere", canary_everywhere),)


def _every_rule_is_needed() -> str:
    """Take each rule away in turn; the canary test must fail. Return how many there are."""
    for relation in Relation:
        if relation is not Relation.UNKNOWN:
            found = list(canary(relation, demo_rulebook().clearances, BY_ORGANS))
            assert not found, f"with every rule in its place: {found[:5]}"
    kinds: Counter[str] = Counter()
    for rule in rules():
        assert finding(rule) is not None, f"not needed, the canary test says: {rule.name}"
        kinds[rule.name.partition(":")[0]] += 1
    assert kinds.total() >= RULES_MIN, kinds
    told = ", ".join(f"{number} {kind}" for kind, number in kinds.items())
    return f"{kinds.total()} times a rule taken away or opened ({told}), each time a canary found"


def _kill(stand: Stand) -> None:
    """Kill the exchange and a connector in the middle, and let them come back."""
    for name in (EXCHANGE, CONNECTOR):
        _end(stand, name, signal.SIGKILL)


def _end(stand: Stand, name: str, number: signal.Signals) -> None:
    """End a process by a signal that it cannot answer, and start it again as it was."""
    _start(stand, name, kill(stand.home, name, number).argv)


def _start(stand: Stand, name: str, argv: tuple[str, ...]) -> None:
    environment = {**os.environ, **stand.environment}
    processes.start(stand.home, name, argv, environment, cwd=stand.ground.repo)


def _refused_and_dead(stand: Stand, sent: Sent, numbers: Iterator[int]) -> Extra:
    """Send what reaches nobody: no message, another's seal, unlawful, broken at the connector."""
    extra, watch = Extra(), Watch.begin(stand)
    noise = _lost(numbers, extra)
    raw = json.dumps(to_document(noise), ensure_ascii=False).encode()
    extra.codes.append(watch.dead(write(stand, LEADS, 0, raw[:200], raw)))
    stolen = _lost(numbers, extra)
    key = stolen.envelope.case_id.encode()
    partition = flow_partition(key, partitions(stand))
    place = write(stand, LEADS, partition, key, sealed_value(stand, stolen, HANDLER), HANDLER)
    extra.codes.append(watch.dead(place))
    one, again = _accepted(numbers, sent), _lost(numbers, extra)
    envelope = replace(again.envelope, document_number=one.envelope.document_number)
    again = replace(again, envelope=envelope)
    put(stand, one)
    put(stand, again)
    answer = watch.answer(again.envelope.message_id)
    assert isinstance(answer, Rejected), type(answer).__name__
    extra.codes.append(str(answer.code))
    files, name = files_of(stand, SENDER), f"{next(numbers)}.lead_transfer.json"
    dropped, extra.unsent = _lead(numbers)
    extra.canaries += extra.unsent
    document = to_document(dropped)
    files.drop(name, json.dumps({**document, "无此字段": 1}, ensure_ascii=False).encode())
    refusal = wait_until(lambda: files.refused(name), SECONDS_MAX, f"the refusal of {name}")
    extra.codes.append(str(refusal["code"]))
    _through_the_connector(stand, sent, numbers)
    wanted = ["message.malformed", "seal.not_the_senders", "document_number.used"]
    assert extra.codes[:3] == wanted, extra.codes
    extra.stories += [one.envelope.case_id, again.envelope.message_id]
    return extra


def _through_the_connector(stand: Stand, sent: Sent, numbers: Iterator[int]) -> None:
    """Let a connector send one, and kill it while it has it in its spool."""
    plain, canaries = _lead(numbers)
    number = str(plain.envelope.document_number)
    document = to_document(plain)
    envelope = document["envelope"]
    document["envelope"] = {name: envelope[name] for name in ("document_number", "officers")}
    files, name = files_of(stand, SENDER), f"{next(numbers)}.lead_transfer.json"
    files.drop(name, json.dumps(document, ensure_ascii=False).encode())
    _end(stand, f"connector-{SENDER}", signal.SIGKILL)
    look = partial(files_of(stand, HANDLER).got, number)
    found = wait_until(look, SECONDS_MAX, f"{number} at {HANDLER}")
    message_id = found["envelope"]["message_id"]
    sent.relations[message_id, HANDLER] = {Relation.HANDLER}
    for each in canaries:
        if not each.path.startswith("envelope."):
            sent.canaries.append(each)
            sent.origin[each.text] = (message_id, SENDER)


def _crashed_upon(stand: Stand, sent: Sent, extra: Extra, numbers: Iterator[int]) -> str:
    """Let exceptions tell a message: of one case, of the whole exchange, of a connector; abort."""
    frozen, (ending, delivered) = (
        _lost(numbers, extra),
        (_accepted(numbers, sent) for _ in range(2)),
    )
    extra.stories.append(frozen.envelope.case_id)
    real = {name: _argv(stand, name) for name in (EXCHANGE, CONNECTOR)}
    home = ("--home", str(stand.home.path))
    planted = (sys.executable, "-m", "tests.prove.planted_crash")
    told = [str(each.envelope.document_number) for each in (frozen, ending)]
    processes.stop(stand.home, EXCHANGE, GRACE_SECONDS)
    _start(stand, EXCHANGE, (*planted, "exchange", *home, "--number", told[0], "--end", told[1]))
    watch = Watch.begin(stand)
    put(stand, frozen)
    answer = watch.answer(frozen.envelope.message_id)
    assert isinstance(answer, Held), type(answer).__name__
    assert answer.hold is HoldReason.FROZEN, answer.hold
    extra.codes.append(str(answer.code))
    put(stand, ending)
    _crashes(stand, EXCHANGE, "exchange.defect")
    processes.stop(stand.home, CONNECTOR, GRACE_SECONDS)
    config = next(part for part in real[CONNECTOR] if part.endswith(".toml"))
    _start(stand, CONNECTOR, (*planted, "connector", config, *home))
    _start(stand, EXCHANGE, real[EXCHANGE])
    put(stand, delivered)
    decided(stand, [ending, delivered])
    _crashes(stand, CONNECTOR, "builtins.KeyError")
    _start(stand, CONNECTOR, real[CONNECTOR])
    for name in (EXCHANGE, CONNECTOR):
        missed = f"{name} to forbid itself core files"
        wait_until(partial(_forbids_cores, stand, name), SECONDS_MAX, missed)
        _end(stand, name, signal.SIGABRT)
    wait_for_the_agencies(stand, sent)
    return (
        "kill -9 and abort of the exchange and a connector, an exception that tells the message "
        "in `decide`, in the exchange's batch and in a connector's delivery"
    )


def _crashes(stand: Stand, name: str, word: str) -> None:
    """Wait until a process has ended by itself, and its log says of what kind the fault was."""
    log = processes.log_file(stand.home, name)
    missed = f"{name} to end with {word} in its log"
    wait_until(
        lambda: processes.running(stand.home, name) is None and word in log.read_text("utf-8"),
        SECONDS_MAX,
        missed,
    )


def _argv(stand: Stand, name: str) -> tuple[str, ...]:
    process = processes.running(stand.home, name)
    assert process is not None, f"{name} does not run"
    return process.argv


@contextmanager
def _cores_allowed() -> Iterator[None]:
    """Let what is started here write core files as large as it likes, unless it forbids itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    assert hard, "core files are forbidden here, so nothing is shown by there being none"
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))


def _forbids_cores(stand: Stand, name: str) -> bool:
    process = processes.running(stand.home, name)
    assert process is not None, f"{name} does not run"
    return bool(psutil.Process(process.pid).rlimit(psutil.RLIMIT_CORE)[0] == 0)


def _nothing_dumped(stand: Stand) -> None:
    """No core file where the processes ran."""
    for folder in (stand.home.path, stand.ground.repo):
        found = [path.name for path in folder.glob("core*") if path.is_file()]
        assert not found, f"{folder.name}: {found}"


def _searched(stand: Stand, sent: Sent, extra: Extra) -> tuple[Counter[str], int, list[str]]:
    """Look into every place; return what of it, in how many forms, and what may not be there."""
    looked, wrong, on_disk = Counter[str](), list[str](), set[str]()
    lost = frozenset(extra.canaries)
    seeker = Seeker((*sent.canaries, *lost))

    def is_cleared(alias: str | None, canary: Canary) -> bool:
        return canary not in lost and sent.is_cleared(alias, canary)

    def is_own(alias: str | None, canary: Canary) -> bool:
        return alias == SENDER if canary in lost else sent.is_own(alias, canary)

    for place, content, alias in _bundled(_everything(stand, extra.stories), looked):
        wrong += seeker.misplaced(
            place, content, partial(is_cleared, alias), partial(is_own, alias)
        )
        if place.startswith("file:data/kafka/"):
            on_disk |= {each.text for each, _ in seeker.found(content)}
    known = [*sent.canaries, *extra.canaries]
    missed = [each for each in known if each.text not in on_disk and each not in extra.unsent]
    assert not missed, f"{len(missed)} not even in a flow's segment: {missed[:3]}"
    return looked, min(len(each.forms) for each in known), wrong


def _bundled(places: Iterator[Place], looked: Counter[str]) -> Iterator[Place]:
    """Yield what belongs to one place together: a look costs the same, however little it sees."""
    bundles: dict[tuple[str, str | None], list[bytes]] = {}
    held = 0
    for place, content, alias in places:
        looked[place.partition(":")[0]] += 1
        bundles.setdefault((place, alias), []).append(content)
        held += len(content)
        if held > BUNDLED_BYTES_MAX:
            yield from _emptied(bundles)
            held = 0
    yield from _emptied(bundles)


def _emptied(bundles: dict[tuple[str, str | None], list[bytes]]) -> Iterator[Place]:
    for (place, alias), contents in bundles.items():
        yield place, BETWEEN.join(contents), alias
    bundles.clear()


def _everything(stand: Stand, stories: list[str]) -> Iterator[Place]:
    """Yield every place with what it holds and whose it is."""
    yield from places_of(stand)
    for path in sorted((stand.home.data / "kafka").rglob("*.log")):
        name = path.relative_to(stand.home.path).as_posix()
        alias = None
        if name.startswith(INBOXES_ON_DISK):
            alias = path.parent.name.removeprefix("inbox.").rpartition("-")[0]
        for content in _opened_batches(path):
            yield f"file:{name}", content, alias
    traced = (("trace", story) for story in stories)
    for words in (("status",), ("dead", "list"), ("retention",), *traced):
        for more in ((), ("--json",)):
            yield f"command:{words[0]}", stand.yichuan(*words, *more).encode(), None


def _opened_batches(path: Path) -> Iterator[bytes]:
    """Yield the records of a segment, decompressed: also those that no reader gets any more."""
    assert path.stat().st_size <= SEGMENT_BYTES_MAX, path.name
    whole = b"".join(piece for piece in _once(path))
    batches = MemoryRecords(whole)
    while batches.has_next():
        batch: Any = batches.next_batch()
        if batch is None:
            return
        parts = (part for record in batch for part in _parts(record))
        yield b"\n".join(part for part in parts if part)


def _once(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, each once."""
    pieces = list(written(path))
    yield from (piece[:-CANARY_BYTES_MAX] for piece in pieces[:-1])
    yield from pieces[-1:]


def _parts(record: Any) -> Iterator[bytes | None]:
    yield record.key
    yield record.value
    yield from (value for _, value in record.headers)


def _lead(numbers: Iterator[int]) -> tuple[Message, list[Canary]]:
    """Return a lead of SENDER with a canary in every field that can hold one."""
    history = History(count=next(numbers) * 1_000 + int(now().timestamp()), at=now())
    plain = numbered(history.next("lead_transfer", SENDER), "金雀续")
    message, canaries = canaried(plain, numbers)
    return message, list(canaries)


def _lost(numbers: Iterator[int], extra: Extra) -> Message:
    """Return a lead that nobody will get."""
    message, canaries = _lead(numbers)
    extra.canaries += canaries
    return message


def _accepted(numbers: Iterator[int], sent: Sent) -> Message:
    """Return a lead that will be delivered, noted as such."""
    message, canaries = _lead(numbers)
    note(sent, message, SENDER, tuple(canaries), History(at=now()).decide(message))
    return message
