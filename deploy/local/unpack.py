"""Unpack the registry's archive once, and check what lies there before every start.

The list of the unpacked files (`sha256sum` form) is kept beside them; its own digest is in the
lock, so an archive's files are as pinned as the archive, and a changed one can be named.
"""

import hashlib
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Final

from deploy.local.artifacts import Artifact, sha256_of
from schemas.errors import UserError

MANIFEST: Final = "SHA256SUMS"


def unpacked(archive: Artifact, manifest_sha256: str, cache: Path) -> Path:
    """Return the folder with the archive's verified files, unpacking them when they are missing.

    Raises UserError artifact.changed, naming the file that is not the locked one.
    """
    folder = cache / "unpacked" / archive.sha256[:16]
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".partial-", dir=folder.parent) as partial:
            content = Path(partial) / "content"
            extract(archive.cached(cache), content)
            _sync(content)
            _name(content, folder)
    check(folder, manifest_sha256)
    return folder


def extract(archive: Path, folder: Path) -> None:
    """Unpack, and write the list of what came out."""
    with tarfile.open(archive, "r:gz") as tar:
        # PEP 706. Python 3.11.0 to 3.11.3, Debian 12's among them, know of no filter and overlook
        # this: there the locked digest alone, checked before, says what lies in the archive.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)  # noqa: S202 - see above
    (folder / MANIFEST).write_text(manifest(folder), encoding="utf-8")


def manifest(folder: Path) -> str:
    """Return the list of a folder's files, sorted: digest, two spaces, path."""
    paths = sorted(path.relative_to(folder).as_posix() for path in _files(folder))
    return "".join(f"{sha256_of(folder / path)}  {path}\n" for path in paths)


def check(folder: Path, manifest_sha256: str) -> None:
    """Refuse a folder that is not exactly the locked one: UserError artifact.changed."""
    listed = folder / MANIFEST
    if not listed.is_file() or sha256_of(listed) != manifest_sha256:
        raise _changed(folder, MANIFEST)
    lines = (line.split("  ", 1) for line in listed.read_text(encoding="utf-8").splitlines())
    wanted = {name: digest for digest, name in lines}
    present = {path.relative_to(folder).as_posix() for path in _files(folder)}
    for name in sorted(wanted.keys() ^ present):
        raise _changed(folder, name)
    for name, digest in wanted.items():
        if sha256_of(folder / name) != digest:
            raise _changed(folder, name)


def manifest_digest(folder: Path) -> str:
    """Return what the lock says of an unpacked folder."""
    return hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()


def _files(folder: Path) -> list[Path]:
    """Return everything but folders and the list itself; a link is a file that is not listed."""
    entries = folder.rglob("*")
    return [
        path
        for path in entries
        if path != folder / MANIFEST and (path.is_symlink() or not path.is_dir())
    ]


def _changed(folder: Path, name: str) -> UserError:
    """Return the refusal: the folder is what to delete, the file what differs in it."""
    return UserError("artifact.changed", where=str(folder), detail=name, exit_code=3)


def _name(content: Path, folder: Path) -> None:
    """Give the folder its name; another `up` may have been first, then its own is as good."""
    try:
        content.rename(folder)
    except OSError:
        if not folder.is_dir():
            raise
        shutil.rmtree(content)


def _sync(folder: Path) -> None:
    """Make the files durable before the name: a power cut leaves nothing that looks whole."""
    for path in _files(folder):
        with path.open("rb") as file:
            os.fsync(file.fileno())
