"""Attachments on a running stack of their own: a township's folder to a department's folder."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from connectors.bus.home import Home
from deploy.local import processes
from deploy.local.stack import GRACE_SECONDS
from schemas.attachments import ATTACHMENT_MAX_BYTES
from schemas.messages import Rejected
from schemas.parts import Attachment
from tests.prove.agencies import Files
from tests.prove.chapter import Ground
from tests.prove.flow_writer import LEADS, Watch, write
from tests.prove.letters import RECEIVER, SENDER, document, message_on, sealed_value
from tests.prove.stand import Stand, beside, new_home, python, wait_until

UP_SECONDS_MAX: Final = 400
DOWN_SECONDS_MAX: Final = 120
READY_SECONDS_MAX: Final = 90.0
CARRIED_SECONDS_MAX: Final = 420.0
FILE_BYTES: Final = 500 * 1024**2
MEMORY_MAX_MB: Final = 100
GROWN_MAX_MB: Final = 16  # of the exchange: its base alone is more, and it touches no file
_BLOCK_BYTES: Final = 1024**2
_PARTS: Final = ("exchange", f"connector-{SENDER}", f"connector-{RECEIVER}")


@dataclass(frozen=True, slots=True, eq=False)
class Office:
    """The stack with the exchange and two connectors, each a process of its own."""

    stand: Stand

    @property
    def home(self) -> Home:
        """Its home."""
        return self.stand.home

    def files(self, alias: str) -> Files:
        """Return an agency's folder."""
        return Files(self.home.path / "agencies" / alias / "exchange")

    def start(self, name: str) -> None:
        """Start one process of it, and wait until it says that it is ready."""
        env = {**os.environ, **self.stand.environment}
        process = processes.start(self.home, name, self._argv(name), env)

        def ready() -> bool:
            assert processes.is_alive(process), process.log.read_text(encoding="utf-8")[-2000:]
            said = process.log.read_text(encoding="utf-8")
            return name == "exchange" or said.rpartition("/healthz")[2].count("connected") > 0

        wait_until(ready, READY_SECONDS_MAX, f"{name} is ready")

    def stop(self, name: str) -> None:
        """End one process of it."""
        processes.stop(self.home, name, GRACE_SECONDS)

    def _argv(self, name: str) -> tuple[str, ...]:
        if name == "exchange":
            return (python(), "-P", "-m", "services.exchange", "--home", str(self.home.path))
        config = self.home.path / "agencies" / name.removeprefix("connector-") / "connector.toml"
        return (python(), "-P", "-m", "connectors.folder", str(config))


@cache
def office(ground: Ground) -> Office:
    """Bring it up once for the checks; it ends with the run."""
    home, settings = new_home(ground, "files", "tick_seconds = 2.0\n")
    found = Office(Stand(ground, home, settings, ""))
    ground.ends.callback(found.stand.yichuan, "down")
    yichuan = beside("yichuan")
    for words in (("up",), ("topics", "apply"), ("schemas", "apply")):
        ground.command(yichuan, *words, env=found.stand.environment, seconds_max=UP_SECONDS_MAX)
    for alias in (SENDER, RECEIVER):
        folder = home.path / "agencies" / alias
        folder.mkdir(parents=True)
        head = f'organ = "{alias}"\nkind = "folder"\n'
        text = f'{head}[source]\nfolder = "exchange"\npoll_seconds = 0.2\n'
        (folder / "connector.toml").write_text(text, encoding="utf-8")
    for name in _PARTS:
        ground.ends.callback(found.stop, name)
        found.start(name)
    return found


def attachment_500_mb(ground: Ground) -> str:
    """Carry a file of 500 MB from folder to folder; measure every process of ours."""
    at = office(ground)
    before = {name: memory_mb(at.home, name)["VmHWM"] for name in _PARTS}
    name = put(at, "large", {"现场录像.mp4": write_random(FILE_BYTES)})
    arrived = wait_until(lambda: arrival(at, name, "现场录像.mp4"), CARRIED_SECONDS_MAX, "the file")
    assert arrived.stat().st_size == FILE_BYTES
    sent = at.files(SENDER).root / "sent" / f"{name}.files" / "现场录像.mp4"
    assert digest(arrived) == digest(sent), "another content than was sent"
    after = {part: memory_mb(at.home, part) for part in _PARTS}
    for part in _PARTS:
        grown = after[part]["VmHWM"] - before[part]
        is_within = after[part]["VmHWM"] < MEMORY_MAX_MB
        if part == "exchange":
            is_within = grown < GROWN_MAX_MB
        assert is_within, f"{part}: {after[part]['VmHWM']} MB, {before[part]} before"
    told = ", ".join(
        f"{part} {after[part]['VmHWM']} MB at its peak ({before[part]} before)" for part in _PARTS
    )
    return f"{FILE_BYTES // 1024**2} MB arrived with the digest that was sealed; {told}"


def attachment_refused(ground: Ground) -> str:
    """Have each attack on an attachment refused with its code, at the side where it happens."""
    at = office(ground)
    found = {
        "oversized": at_source(at, "oversized", {"a.bin": sparse(ATTACHMENT_MAX_BYTES + 1)}),
        "zip bomb": at_source(at, "bomb", {"照片.zip": bomb}),
        "truncated": in_store(at, "truncated", lambda parts: parts[-1].unlink()),
        "cut short": in_store(at, "short", lambda parts: os.truncate(parts[-1], 100)),
        "swapped": in_store(at, "swapped", lambda parts: turned(parts[0])),
        "swapped key": with_a_key_of_another(at),
        "gone": in_store(at, "gone", lambda parts: shutil.rmtree(parts[0].parent)),
    }
    expected = {
        "oversized": "attachment.too_large",
        "zip bomb": "attachment.archive_bomb",
        "truncated": "attachment.truncated",
        "cut short": "attachment.truncated",
        "swapped": "attachment.swapped",
        "swapped key": "attachment.key_wrong",
        "gone": "attachment.missing",
    }
    assert found == expected, found
    return ", ".join(f"{what}: {code}" for what, code in found.items())


def put(at: Office, label: str, files: Mapping[str, Callable[[Path], None]]) -> str:
    """Put a lead with files into the sender's outbox; return the document's stem."""
    root = at.files(SENDER).root
    name = f"{label}-{next(at.stand.serials)}.lead_transfer"
    folder = root / "outbox" / f"{name}.files"
    folder.mkdir(parents=True)
    for file, fill in files.items():
        fill(folder / file)
    content = json.dumps(document(at.stand), ensure_ascii=False).encode()
    at.files(SENDER).drop(f"{name}.json", content)
    return name


def arrival(at: Office, name: str, file: str) -> Path | None:
    """Return a file beside the document that came of what was sent; None: not there yet."""
    folder = arrived_folder(at, name)
    path = folder / file if folder is not None else None
    return path if path is not None and path.exists() else None


def arrived_folder(at: Office, name: str) -> Path | None:
    """Return where the files of what was sent are put."""
    receipt = at.files(SENDER).receipt(f"{name}.json")
    if receipt is None:
        return None
    for path in (at.files(RECEIVER).root / "inbox").glob("*.json"):
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["envelope"]["message_id"] == receipt["envelope"]["in_reply_to"]:
            return path.with_suffix(".files")
    return None


def at_source(at: Office, label: str, files: Mapping[str, Callable[[Path], None]]) -> str:
    """Return the code with which a document with such files is refused at the sender's folder."""
    name = put(at, label, files)
    refused = wait_until(
        lambda: at.files(SENDER).refused(f"{name}.json"), CARRIED_SECONDS_MAX, f"{label} refused"
    )
    return str(refused["code"])


def in_store(at: Office, label: str, harm: Callable[[list[Path]], None]) -> str:
    """Harm a stored file before it is fetched; return the code that the recipient gets."""
    connector = f"connector-{RECEIVER}"
    at.stop(connector)
    stored = set(blobs(at))
    file = "证据.bin"
    name = put(at, label, {file: write_random(10 * _BLOCK_BYTES)})
    wait_until(lambda: at.files(SENDER).receipt(f"{name}.json"), CARRIED_SECONDS_MAX, "accepted")
    (blob,) = set(blobs(at)) - stored
    harm(sorted(blob.iterdir()))
    at.start(connector)

    def reason() -> dict[str, Any] | None:
        path = arrival(at, name, f"{file}.reason.json")
        return None if path is None else json.loads(path.read_text(encoding="utf-8"))

    found = wait_until(reason, CARRIED_SECONDS_MAX, f"{label} refused")
    assert arrival(at, name, file) is None, "shown all the same"
    return str(found["code"])


def with_a_key_of_another(at: Office) -> str:
    """Name a stored file, with its key as its recipient saw it, elsewhere; return the code."""
    name = put(at, "seen", {"证据.bin": write_random(_BLOCK_BYTES)})
    wait_until(lambda: arrival(at, name, "证据.bin"), CARRIED_SECONDS_MAX, "the file")
    folder = arrived_folder(at, name)
    assert folder is not None
    seen = json.loads(folder.with_suffix(".json").read_text(encoding="utf-8"))
    listed = tuple(Attachment(**each) for each in seen["envelope"]["attachments"])
    watch = Watch.begin(at.stand)
    lead = message_on(at.stand, 0)
    stolen = replace(lead, envelope=replace(lead.envelope, attachments=listed))
    key = lead.envelope.case_id.encode()
    write(at.stand, LEADS, 0, key, sealed_value(at.stand, stolen))
    answer = watch.answer(lead.envelope.message_id)
    assert isinstance(answer, Rejected), type(answer).__name__
    return answer.code


def blobs(at: Office) -> list[Path]:
    """Return the folders of stored files."""
    return list(at.home.attachments.glob("*/*/*"))


def write_random(size_bytes: int) -> Callable[[Path], None]:
    """Return what writes a file that does not compress."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            for _ in range(size_bytes // _BLOCK_BYTES):
                file.write(os.urandom(_BLOCK_BYTES))

    return write


def sparse(size_bytes: int) -> Callable[[Path], None]:
    """Return what makes a file that is large and takes no disk."""

    def write(path: Path) -> None:
        path.touch()
        os.truncate(path, size_bytes)

    return write


def bomb(path: Path) -> None:
    """Write a zip of some hundred kilobytes that unpacks to hundreds of megabytes."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a", "w") as out:
        for _ in range(300):
            out.write(bytes(_BLOCK_BYTES))


def turned(part: Path) -> None:
    """Put another content in a part's place."""
    part.write_bytes(os.urandom(part.stat().st_size))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def memory_mb(home: Home, name: str) -> dict[str, int]:
    """Return what a running process takes now, and took at its peak."""
    process = processes.running(home, name)
    assert process is not None, f"{name} has ended"
    text = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    lines = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {key: int(lines[key].split()[0]) // 1024 for key in ("VmHWM", "VmRSS")}
