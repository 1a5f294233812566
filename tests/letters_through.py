"""Letters of one name with their files, through a folder connector's outbox without a desk."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectors.bus.system import Mark, Source, State
from connectors.folder.outbox import Outbox
from schemas.ids import MessageId
from tests.agency_sides import GATE
from tests.attached import RECORD

NAME: Final = f"a.{RECORD}.json"
FILES: Final = f"a.{RECORD}.files"
RAR: Final = b"Rar!\x1a\x07 refused"  # of an attachment: refused before it is sealed
ONE: Final = MessageId("11111111-3f1e-5a4b-9c55-2b6d4d9e5a11")
NOTICE: Final = {"code": "message.invalid_json"}


def opened(root: Path) -> Outbox:
    """Open the outbox of a root, as the next process does."""
    for name in ("outbox", "work", "sent", "refused"):
        (root / name).mkdir(exist_ok=True)
    found = Outbox(root, {}, GATE)
    found.open()
    return found


def put(outbox: Outbox, content: str, file: bytes | None = None) -> Path:
    """Put a letter into outbox/, its files first."""
    if file is not None:
        (outbox.outbox / FILES).mkdir()
        (outbox.outbox / FILES / "x.bin").write_bytes(file)
    path = outbox.outbox / NAME
    path.write_text(content)
    return path


def given(outbox: Outbox, looks: int = 2) -> list[Source]:
    """Look so often; return what is given out."""
    found = [thing for _ in range(looks) for thing in outbox.collect(10)]
    return [thing for thing in found if isinstance(thing, Source)]


def only(things: list[Source]) -> Source:
    """Return the only one."""
    (thing,) = things
    return thing


def file_of(source: Source) -> bytes | None:
    """Return the content of a letter's file."""
    return source.files[0].path.read_bytes() if source.files else None


def marked(outbox: Outbox, source: Source, state: State, about: MessageId | None = None) -> None:
    """Show a state at a letter."""
    outbox.mark([Mark(source.place, source.digest, state, about, notice=NOTICE)])


def pairs(folder: Path) -> dict[str, bytes | None]:
    """Return each document and what lies beside it; files that lie alone by their own name."""
    found: dict[str, bytes | None] = {}
    for path in folder.iterdir():
        if path.suffix == ".files":
            found.setdefault(path.name, (path / "x.bin").read_bytes())
    for path in folder.glob("*.json"):
        if not path.name.endswith((".reason.json", ".receipt.json")):
            found[path.read_text()] = found.pop(f"{path.name.removesuffix('.json')}.files", None)
    return found


def grown(outbox: Outbox, then: Callable[[], object]) -> list[Source]:
    """Let a document grow after it was given out; return what is given after it was refused."""
    path = put(outbox, "1", b"its own")
    with path.open("a") as writer:
        half = only(given(outbox))
        writer.write("2")
    then()
    marked(outbox, half, State.REJECTED)
    return given(outbox, 3)
