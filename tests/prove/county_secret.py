"""The county chapter: what is secret stays with its sender, and what slipped past is gone at once.

Guidance 二(一)1, last sentence. A canary stands for the secret: no file of the installation and no
topic may hold it, but the sender's own.
"""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Final

from confluent_kafka import KafkaException

from connectors.bus.clock import monotonic, now
from deploy.local import processes
from deploy.local.stack import GRACE_SECONDS
from schemas.codec import unframe
from schemas.document import EnvelopeDefaults, read
from schemas.errors import Refusal
from schemas.ids import MessageId, derive
from schemas.load import default_example
from schemas.messages import Accepted, Message, Rejected
from schemas.topics import ORIGINALS, flow_partition
from tests.prove.agencies import Files, Rows, files_of, rows_of
from tests.prove.chapter import Check, Ground
from tests.prove.flow_writer import Place, Watch, write
from tests.prove.letters import (
    RECEIVER,
    SENDER,
    organ,
    partitions,
    rulebook,
    sealed_value,
)
from tests.prove.stand import Stand, demo, ends_of, records, wait_until

DATABASE: Final = "langdai"  # a township with a database
COPIES: Final = "copies"
EXCHANGE: Final = "exchange"
SECONDS_MAX: Final = 60.0
RESTART_SECONDS_MAX: Final = 150.0  # the group misses its dead member after 10 s, a Tick after 10
ACCEPTED: Final = 2  # status of EX_OUT
REJECTED: Final = 9
TRIES_MAX: Final = 10_000
# What of the ledger says what was decided; the rest only counts rows or is published and gone.
LEDGER: Final = ("messages", "numbers", "originals", "cases", "duties", "decisions", "dead")
# `seq` only counts rows; a receipt is sealed anew, and no two signatures of ES256 are alike. A body
# is locked under another nonce each time; `messages` has the digest of its content.
UNLIKE: Final = ("seq", "receipt", "originals.body")

Document = dict[str, Any]


def secret_at_connector(ground: Ground) -> str:
    """Drop a marked copy in each of four ways, and insert it as a row; then look everywhere."""
    stand = demo(ground)
    files, rows = files_of(stand, SENDER), rows_of(stand, DATABASE)
    canary = f"金丝雀{next(stand.serials)}不得外泄"
    dropped: list[Path] = []
    for how in ("level", "title", "attachment", "text"):
        name = f"{next(stand.serials)}-{how}.copy.json"
        content = _bytes(_marked(stand, how, canary))
        files.drop(name, content)
        number = rows.insert("copy", _marked(stand, how, canary))
        _is_refused(files, name, content, how)
        _is_status_nine(rows, number, canary, how)
        dropped.append(files.root / "outbox" / name)
    harmless = _copy(stand, summary="不得泄露商业秘密，请注意保密。")
    name = f"{next(stand.serials)}-harmless.copy.json"
    files.drop(name, _bytes(harmless))
    number = rows.insert("copy", _copy(stand, summary="不得泄露商业秘密，请注意保密。"))
    wait_until(
        lambda: files.receipt(name), SECONDS_MAX, "Accepted of a copy with 商业秘密 and 保密"
    )
    wait_until(lambda: rows.row(number)["status"] == ACCEPTED, SECONDS_MAX, "status 2 of its row")
    looked = 0
    for path in _files(stand.home.path):
        if path in dropped or path.name.startswith(rows.file.name):
            continue
        looked += 1
        assert canary.encode() not in path.read_bytes(), f"{path.name} holds what is secret"
    read_records = _nowhere(stand, canary)
    for path in dropped:
        path.unlink()  # as the secrecy officer would
    return (
        "4 marks (level, title, attachment, text alone on its line) at a folder and a database: "
        f"each refused with its code, the file in its place, status 9 and the payload untouched; "
        f"of it nothing in {looked} files of the installation and {read_records} records of all "
        f"topics; a copy with 商业秘密 and 保密 was accepted at both"
    )


def slip_past(stand: Stand) -> None:
    """Write a marked copy past the connector; return when the broker has lost it."""
    canary = f"金丝雀{next(stand.serials)}不得外泄"
    secret = _sealed_copy(stand, _marked(stand, "text", canary), None)
    partition = flow_partition(secret.envelope.case_id.encode(), partitions(stand))
    place = _put(stand, secret, partition)
    wait_until(lambda: _begin(stand, partition) > place.offset, SECONDS_MAX, "the deletion")


def secret_at_exchange(ground: Ground) -> str:
    """Write a sealed marked copy past the connector; then start with an older casebook."""
    stand = demo(ground)
    canary = f"金丝雀{next(stand.serials)}不得外泄"
    older = ground.scratch / "older-casebook.sqlite"
    _backup(stand, older)
    watch = Watch.begin(stand)
    secret = _sealed_copy(stand, _marked(stand, "text", canary), None)
    partition = flow_partition(secret.envelope.case_id.encode(), partitions(stand))
    before, behind = (_sealed_copy(stand, _copy(stand), partition) for _ in range(2))
    _put(stand, before, partition)
    began = monotonic()
    place = _put(stand, secret, partition)
    _put(stand, behind, partition)
    wait_until(lambda: _begin(stand, partition) > place.offset, SECONDS_MAX, "the deletion")
    gone = monotonic() - began
    answer = watch.answer(secret.envelope.message_id)
    assert isinstance(answer, Rejected), f"the sender heard {type(answer).__name__}"
    assert (answer.code, answer.where) == ("secrecy.marked", "summary"), answer.code
    for good in (before, behind):
        told = watch.answer(good.envelope.message_id)
        assert isinstance(told, Accepted), f"a good copy beside it: {type(told).__name__}"
    read_records = _nowhere(stand, canary)
    _agency_reads_nothing(stand)
    looked = 0
    for path in _files(stand.home.path):
        if path.parent.name.startswith(f"{COPIES}-"):
            continue  # the closed segment: runbook, secret.readable
        looked += 1
        assert canary.encode() not in path.read_bytes(), f"{path.name} holds what is secret"
    restored = _restore(stand, older, secret, (before, behind))
    return (
        f"refused as secrecy.marked at summary, no dead letter; unreadable after {gone:.1f} s to "
        f"admin and exchange ({read_records} records of all topics from the first offset on), and "
        f"to agencies at any time; nothing in {looked} files; both good copies of its partition "
        f"accepted; {restored}"
    )


CHECKS: Final = (
    Check("secret_at_connector", secret_at_connector),
    Check("secret_at_exchange", secret_at_exchange),
)


def _copy(stand: Stand, **changes: Any) -> Document:
    """Return a good copy to RECEIVER, under a number not used before."""
    found: Document = default_example("copy")
    number = f"验抄〔{now().year}〕{next(stand.serials)}号"
    envelope = {"addressees": [organ(stand, RECEIVER).code], "document_number": number}
    return {**found, **changes, "envelope": {**envelope, **changes.get("envelope", {})}}


def _marked(stand: Stand, how: str, canary: str) -> Document:
    """Return a copy that carries a mark, and the canary in its summary."""
    file = {
        "name": "专项行动方案（机密）.pdf",
        "media_type": "application/pdf",
        "size_bytes": 1,
        "sha256": "0" * 64,
    }
    ways: dict[str, Document] = {
        "level": {"envelope": {"secrecy": "confidential"}},
        "title": {"title": "【机密】关于专项行动的通知"},
        "attachment": {"envelope": {"attachments": [file]}},
        "text": {"summary": f"{canary}\n机密★10年\n"},
    }
    return _copy(stand, **{"summary": canary, **ways[how]})


def _bytes(document: Document) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def _is_refused(files: Files, name: str, content: bytes, how: str) -> None:
    told = wait_until(lambda: files.refused(name), SECONDS_MAX, f"the reason of {how}")
    code = "secrecy.may_not_travel" if how == "level" else "secrecy.marked"
    assert told["code"] == code, f"{how}: {told['code']}"
    assert (files.root / "outbox" / name).read_bytes() == content, f"{how}: not in its place"
    for folder in ("work", "sent", "refused"):
        assert not (files.root / folder / name).exists(), f"{how}: in {folder}/"


def _is_status_nine(rows: Rows, number: int, canary: str, how: str) -> None:
    wait_until(lambda: rows.row(number)["status"] == REJECTED, SECONDS_MAX, f"status 9 of {how}")
    row = rows.row(number)
    code = "secrecy.may_not_travel" if how == "level" else "secrecy.marked"
    assert row["err_code"] == code, f"{how}: {row['err_code']}"
    assert canary in row["payload"], f"{how}: the payload was touched"
    told = json.dumps({**row, "payload": ""}, ensure_ascii=False)
    assert canary not in told, f"{how}: the reason tells the secret"


def _sealed_copy(stand: Stand, document: Document, partition: int | None) -> Message:
    """Return the copy as SENDER's message; on this partition where one is given."""
    code = organ(stand, SENDER).code
    for salt in map(str, range(TRIES_MAX)):
        number = document["envelope"]["document_number"]
        defaults = EnvelopeDefaults(
            bus=rulebook(stand).bus,
            sender=code,
            message_id=MessageId(derive("prove", code, number, salt)),
            sent_at=now(),
            targets=lambda _: (),
        )
        found = read("copy", json.dumps(document).encode(), defaults)
        assert not isinstance(found, Refusal), found
        key = found.envelope.case_id.encode()
        if partition in (None, flow_partition(key, partitions(stand))):
            return found
    raise AssertionError(partition)


def _put(stand: Stand, message: Message, partition: int) -> Place:
    key = message.envelope.case_id.encode()
    value = sealed_value(stand, message)
    assert unframe(value)
    return write(stand, COPIES, partition, key, value)


def _begin(stand: Stand, partition: int) -> int:
    """Return the first offset that the broker gives out."""
    found = [
        record.offset() or 0
        for record in records(stand, "admin", COPIES)
        if record.partition() == partition
    ]
    return min(found, default=ends_of(stand, "admin", COPIES)[partition])


def _nowhere(stand: Stand, canary: str) -> int:
    """Read every topic from its first offset, as whoever may; return how many records."""
    looked = 0
    topics = [path.name.rpartition("-")[0] for path in _partitions(stand)]
    for topic in sorted(set(topics)):
        for record in records(stand, "admin", topic):
            looked += 1
            held = (record.key() or b"") + (record.value() or b"") + repr(record.headers()).encode()
            assert canary.encode() not in held, f"{topic} holds what is secret"
    for topic in (COPIES, ORIGINALS):
        for record in records(stand, EXCHANGE, topic):
            assert canary.encode() not in (record.value() or b""), f"{EXCHANGE} reads it in {topic}"
    return looked


def _partitions(stand: Stand) -> Iterator[Path]:
    """Yield the folder of each partition on the broker's disk."""
    for path in stand.home.path.rglob("leader-epoch-checkpoint"):
        if not path.parent.name.startswith("__"):
            yield path.parent


def _agency_reads_nothing(stand: Stand) -> None:
    for topic in (COPIES, ORIGINALS):
        try:
            found = len(records(stand, SENDER, topic))
        except (KafkaException, KeyError):
            continue
        assert not found, f"{SENDER} reads {topic}"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def _backup(stand: Stand, to: Path) -> None:
    with closing(_book(stand.home.casebook)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


def _book(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=SECONDS_MAX)


def _ledger(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what was decided, table by table, without what is never twice the same."""
    with closing(_book(path)) as book:
        found = {}
        for table in LEDGER:
            columns = [name for _, name, *_ in book.execute(f"PRAGMA table_info({table})")]
            alike = (name for name in columns if not {name, f"{table}.{name}"} & {*UNLIKE})
            named = ", ".join(f'"{name}"' for name in alike)
            found[table] = sorted(book.execute(f"SELECT {named} FROM {table}"), key=repr)
        return found


def _restore(stand: Stand, older: Path, secret: Message, good: Sequence[Message]) -> str:
    """Start the exchange with the older casebook; see it come to the same ledger."""
    process = processes.running(stand.home, EXCHANGE)
    assert process is not None, "the exchange does not run"
    files = files_of(stand, RECEIVER)
    numbers = [str(message.envelope.document_number) for message in good]
    for number in numbers:
        wait_until(partial(files.got, number), SECONDS_MAX, f"{number} at {RECEIVER}")
    processes.stop(stand.home, EXCHANGE, GRACE_SECONDS)
    wanted = _ledger(stand.home.casebook)
    for path in stand.home.path.glob(f"{stand.home.casebook.name}*"):
        if not path.name.endswith(".lock"):
            path.unlink()
    shutil.copy(older, stand.home.casebook)
    stand.home.casebook.chmod(0o600)
    assert _ledger(stand.home.casebook) != wanted, "the older casebook is not older"
    began = monotonic()
    environment = {**os.environ, **stand.environment}
    processes.start(stand.home, EXCHANGE, process.argv, environment, cwd=stand.ground.repo)
    wait_until(
        lambda: _holds(_ledger(stand.home.casebook), wanted),
        RESTART_SECONDS_MAX,
        lambda: f"the same ledger: {_differ(_ledger(stand.home.casebook), wanted)}",
    )
    took = monotonic() - began
    rows = {row[1]: row for row in _ledger(stand.home.casebook)["messages"]}
    assert "secrecy.marked" in rows[secret.envelope.message_id], "the secret one is not refused"
    for number in numbers:
        got = sum(number in path.read_text("utf-8") for path in (files.root / "inbox").iterdir())
        assert got == 1, f"{number} is {got} times at {RECEIVER}"
    return (
        f"a casebook from before it, restored, came to the same ledger after {took:.0f} s "
        f"({sum(map(len, wanted.values()))} rows), the secret one refused, nobody got one twice"
    )


def _holds(found: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> bool:
    return not _differ(found, wanted)


def _differ(found: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> str:
    """Return in which tables rows are missing; what came since is no difference."""
    return ", ".join(table for table in wanted if not set(wanted[table]) <= set(found[table]))
