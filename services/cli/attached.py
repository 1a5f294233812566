"""Attachments at the command line: encrypted and stored before `send`, fetched by `inbox`."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from connectors.bus.agency import Agency
from connectors.bus.carrier import store_file
from connectors.bus.durable import make_folder
from connectors.bus.files import files_refusal
from connectors.bus.outgoing import completed
from connectors.bus.sealing import Measured, Staged, measured, staged
from connectors.bus.stores import open_store
from connectors.bus.transfers import Upload, entitled
from connectors.bus.unsealing import Wanted, fetched
from schemas.attachments import name_is_fit
from schemas.errors import Refusal
from schemas.file_cipher import sealed_bytes
from schemas.messages import Message


def looked_at(paths: Sequence[Path]) -> tuple[Measured, ...] | Refusal:
    """Return the files that are to go along, or why one of them cannot."""
    files: list[Measured] = []
    for path in paths:
        found = measured(path.name, path)
        if isinstance(found, Refusal):
            return Refusal(found.code, where=str(path), detail=found.detail)
        files.append(found)
    return files_refusal(files) or tuple(files)


@asynccontextmanager
async def stored_with(
    message: Message, files: Sequence[Measured], agency: Agency
) -> AsyncIterator[Message | Refusal]:
    """Give the message with its files claimed, once the store has them whole.

    What was encrypted on this machine is deleted at the end. Raises Unavailable.
    """
    make_folder(agency.folder, 0o700)
    with tempfile.TemporaryDirectory(dir=agency.folder, prefix="send-") as folder:
        done: list[Staged] = []
        for file in files:
            found = await asyncio.to_thread(staged, file, Path(folder))
            if isinstance(found, Refusal):
                yield found
                return
            done.append(found)
        whole = completed(message, files, done, agency, message.envelope.sent_at)
        if not isinstance(whole, Refusal) and done:
            store = open_store(agency.store)
            for ready in done:
                size = sealed_bytes(ready.file.size_bytes)
                upload = Upload(message.envelope.message_id, ready.blob, size)
                await asyncio.to_thread(store_file, store, agency.organ, ready.path, upload)
        yield whole


Exported = tuple[Path, str | None]  # where a file lies; or is not, by which code


def export_files(message: Message, folder: Path, agency: Agency) -> list[Exported]:
    """Fetch what a message entitles to into a folder; return where each lies, or why not."""
    told: list[Exported] = []
    for position, name, claim, key in entitled(message.envelope):
        path = folder / (name if name_is_fit(name) else str(position + 1))
        refusal = None
        if not path.exists():
            store = open_store(agency.store)
            wanted = Wanted(claim, key)
            refusal = fetched(wanted, store, agency.organ, agency.openers, path)
        told.append((path, None if refusal is None else refusal.code))
    return told
