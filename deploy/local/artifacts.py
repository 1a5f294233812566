"""The downloads that `yichuan up` runs: Maven coordinates, SHA-256 and size, from a lock of ours.

`artifacts.lock.toml` is written by `python -m deploy.local.lock` and read here. Nothing runs whose
bytes differ from it.
"""

import hashlib
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from schemas.errors import UserError

KAFKA: Final = "kafka"
REGISTRY: Final = "registry"


@dataclass(frozen=True, slots=True)
class Artifact:
    """One file of a Maven repository. `size` in bytes."""

    part: str
    group: str
    name: str
    packaging: str
    classifier: str
    version: str
    sha256: str
    size: int

    @property
    def coordinate(self) -> str:
        """group:name:packaging[:classifier]:version."""
        parts = (self.group, self.name, self.packaging, self.classifier, self.version)
        return ":".join(part for part in parts if part)

    @property
    def filename(self) -> str:
        """The file's name, as in every Maven repository."""
        suffix = f"-{self.classifier}" if self.classifier else ""
        return f"{self.name}-{self.version}{suffix}.{self.packaging}"

    def cached(self, cache: Path) -> Path:
        """Where the verified file lies under the cache."""
        folders = (*self.group.split("."), self.name, self.version)
        return cache.joinpath("maven", *folders, self.filename)


@dataclass(frozen=True, slots=True)
class Lock:
    """What is pinned. `manifest_sha256` is of the list of the registry archive's files."""

    artifacts: tuple[Artifact, ...]
    manifest_sha256: str

    def part(self, part: str) -> tuple[Artifact, ...]:
        """Return the artifacts of KAFKA or REGISTRY, in the order of the lock."""
        return tuple(artifact for artifact in self.artifacts if artifact.part == part)

    def version(self, part: str) -> str:
        """Return the version of a part: that of its first artifact."""
        return self.part(part)[0].version


def parse_coordinate(text: str) -> tuple[str, str, str, str, str]:
    """Split group:name:packaging[:classifier]:version. ValueError when it is none."""
    match text.split(":"):
        case [group, name, packaging, version]:
            return group, name, packaging, "", version
        case [group, name, packaging, classifier, version]:
            return group, name, packaging, classifier, version
        case _:
            raise ValueError(text)


def parse_lock(text: str) -> Lock:
    """Read the text of the lock. ValueError or KeyError when it is not one of ours."""
    table = tomllib.loads(text)
    found = []
    for entry in table["artifact"]:
        group, name, packaging, classifier, version = parse_coordinate(entry["coordinate"])
        digest = entry["sha256"]
        if len(bytes.fromhex(digest)) != hashlib.sha256().digest_size:
            raise ValueError(digest)
        found.append(
            Artifact(
                part=entry["part"],
                group=group,
                name=name,
                packaging=packaging,
                classifier=classifier,
                version=version,
                sha256=digest,
                size=int(entry["size"]),
            )
        )
    return Lock(tuple(found), table["manifest_sha256"])


def locked() -> Lock:
    """Return the lock of this release."""
    source = files("deploy.local").joinpath("artifacts.lock.toml")
    return parse_lock(source.read_text(encoding="utf-8"))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, sha256: str) -> None:
    """Refuse a file that is not the locked one: UserError artifact.changed, naming it."""
    found = sha256_of(path)
    if found != sha256:
        detail = f"sha256 {found[:16]}… ≠ {sha256[:16]}…"
        raise UserError("artifact.changed", where=str(path), detail=detail, exit_code=3)
