"""The file that `yichuan backup` writes: a tar of the home's parts, and what each has to be.

The last member lists the others with their SHA-256: a file that was cut off, or has rotted, is
never taken for whole. Nothing of it is put anywhere before all of it was read.
"""

import hashlib
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path, PurePosixPath
from typing import IO, Final

from connectors.bus.durable import flush_folder, make_folder
from schemas.errors import UserError
from services.cli.writing import writing

CASEBOOK: Final = "casebook.sqlite"
# What the home cannot make again, beside the casebook. Kafka's data and attachments are their own.
PARTS: Final = (
    "keys",
    "credentials",
    "rulebook",
    "rulebooks",
    "tls",
    "yichuan.toml",
    "schema_ids.json",
)
_LIST: Final = "backup.json"
_FORMAT: Final = 1
# What goes back whole or not at all: a rulebook of files of two moments would be neither.
_WHOLE: Final = {"rulebook": 1, "tls": 1, "rulebooks": 2}  # → how many parts of a name tell it
_FILES_MAX: Final = 100_000
_LIST_BYTES_MAX: Final = 64 << 20
_CHUNK_BYTES: Final = 1 << 20
_MODE: Final = 0o600

Listed = dict[str, str]  # name → SHA-256


def write_archive(archive: Path, home: Path, casebook: Path) -> Listed:
    """Write a new file, its owner's alone, and flush it. Return what is in it."""
    listed: Listed = {}
    descriptor = os.open(archive, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for name, path in ((CASEBOOK, casebook), *_parts(home)):
                # Put under another name or deleted since it was listed: it is no part any more.
                with suppress(FileNotFoundError):
                    listed[name] = _put(tar, name, path)
            told = json.dumps({"format": _FORMAT, "sha256": listed}).encode()
            tar.addfile(_member(_LIST, len(told)), BytesIO(told))
        file.flush()
        os.fsync(file.fileno())
    return listed


def read_archive(archive: Path, folder: Path) -> tuple[str, ...]:
    """Write what is in it below a folder, each file its owner's alone, and return the names.

    Raises UserError file.unreadable, backup.unreadable, or file.unwritable: below the folder.
    """
    found: Listed = {}
    listed: object = None
    try:
        with tarfile.open(archive, mode="r:") as tar:
            for member in tar:
                content = tar.extractfile(member) if member.isreg() else None
                if content is None or listed is not None or len(found) > _FILES_MAX:
                    raise _unreadable(archive, member.name)
                if member.name == _LIST:
                    listed = json.loads(content.read(_LIST_BYTES_MAX))
                    continue
                path = _below(folder, member.name, archive)
                if member.name in found:
                    raise _unreadable(archive, member.name)
                found[member.name] = _take(_chunks(content, archive), path)
    except (tarfile.TarError, EOFError, ValueError, RecursionError) as error:
        raise _unreadable(archive, type(error).__name__) from None
    except OSError as error:
        raise UserError("file.unreadable", str(archive), error.strerror, exit_code=3) from None
    if listed != {"format": _FORMAT, "sha256": found} or CASEBOOK not in found:
        raise _unreadable(archive, _LIST)
    return tuple(found)


def units_of(names: Iterable[str]) -> tuple[str, ...]:
    """Return what is put back as one: folders, and the files that stand for themselves."""
    parts = [PurePosixPath(name).parts for name in names]
    return tuple(dict.fromkeys("/".join(each[: _WHOLE.get(each[0])]) for each in parts))


def _parts(home: Path) -> Iterator[tuple[str, Path]]:
    for part in PARTS:
        top = home / part
        for path in sorted(_files(top)) if top.is_dir() else [top]:
            if path.is_file():
                yield path.relative_to(home).as_posix(), path


def _files(top: Path) -> Iterator[Path]:
    """Yield what lies below a folder, also behind links to folders, but in no circle."""
    for name, folders, files in os.walk(top, followlinks=True):
        folder = Path(name)
        here = folder.resolve()
        folders[:] = [
            each for each in folders if not here.is_relative_to((folder / each).resolve())
        ]
        yield from (folder / each for each in files)


def _put(tar: tarfile.TarFile, name: str, path: Path) -> str:
    """Add a file as it is at this moment: what is put in its place meanwhile is another."""
    with path.open("rb") as file:
        summed = _Summed(file)
        tar.addfile(_member(name, os.fstat(file.fileno()).st_size), summed)
        return summed.digest.hexdigest()


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, _MODE
    return member


def _below(folder: Path, name: str, archive: Path) -> Path:
    """Return where a member goes. Raises UserError backup.unreadable for what is no part."""
    parts = PurePosixPath(name).parts
    is_ours = name == CASEBOOK or (parts and parts[0] in PARTS)
    if not is_ours or ".." in parts or PurePosixPath(name).as_posix() != name:
        raise _unreadable(archive, name)
    return folder / name


def _take(chunks: Iterable[bytes], path: Path) -> str:
    digest = hashlib.sha256()
    with writing(path):
        make_folder(path.parent, 0o700)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                digest.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        flush_folder(path.parent)
    return digest.hexdigest()


def _chunks(content: IO[bytes], archive: Path) -> Iterator[bytes]:
    """Yield what is in a member: what fails here is the archive's, and not its copy's."""
    try:
        while chunk := content.read(_CHUNK_BYTES):
            yield chunk
    except OSError as error:
        raise UserError("file.unreadable", str(archive), error.strerror, exit_code=3) from None


class _Summed:
    """A file whose digest is taken of what is read of it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1, /) -> bytes:
        """As a file does."""
        found = self._file.read(size)
        self.digest.update(found)
        return found


def _unreadable(archive: Path, detail: str) -> UserError:
    return UserError("backup.unreadable", where=str(archive), detail=detail, exit_code=3)
