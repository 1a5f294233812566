"""What a copy carries in place of the seed: salts of what it shows, digests of what it does not.

Both in the order of the walk (schemas/SEAL.md, section 6): a part that is hidden gives its digest,
one of which something is hidden is walked in its turn, any other gives its salt.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from schemas.avro_values import read_long
from schemas.seal_tree import (
    Node,
    below,
    container_digest,
    element,
    framed,
    salt_of,
)

_POSITION: Final = re.compile(rb"\[\d+\]")
_BOUNDARY: Final = re.compile(rb"[.\[]")

Digested = tuple[bytes, int]  # and the position after it


@dataclass(frozen=True, slots=True)
class Proof:
    """What stands for the seed on a copy; `hidden` are the paths that the digests stand for."""

    salts: tuple[bytes, ...]
    digests: tuple[bytes, ...]
    hidden: tuple[str, ...]


def prove(tree: Node, data: bytes, seed: bytes, hidden: Iterable[str]) -> Proof:
    """Return the proof of a copy of a sealed message, from its bytes and its seed.

    A hidden path may be without positions, `parties[].born`: it stands for each that is there.
    """
    wanted = frozenset(hidden)
    prover = _Prover(Listed(wanted))
    walk(tree, data, 0, b"", seed, prover)
    if wanted != frozenset(prover.found):  # once more, without those that are not there
        prover = _Prover(Listed(prover.found))
        walk(tree, data, 0, b"", seed, prover)
    return Proof(tuple(prover.salts), tuple(prover.digests), tuple(prover.found))


def root_of_copy(tree: Node, data: bytes, proof: Proof, withheld: Iterable[str]) -> bytes | None:
    """Return the root that a copy's parts lead to; None where proof and copy do not fit together.

    Each path of `proof.hidden` must be met once, each salt and digest used once; what is among
    `withheld` must not be there.
    """
    checker = Checker(Listed(proof.hidden), proof, withheld)
    try:
        root, _ = walk(tree, data, 0, b"", b"", checker)
    except Unfit:
        return None
    return root if checker.is_used_up() else None


class Unfit(Exception):
    """A copy and its proof do not fit together; it never leaves this module."""


class Listed:
    """Which paths are hidden, and of which something is."""

    def __init__(self, hidden: Iterable[str]) -> None:
        self.paths: Final = frozenset(path.encode() for path in hidden)
        self._opened: Final = frozenset(
            path[: cut.start()] for path in self.paths for cut in _BOUNDARY.finditer(path)
        )
        self._is_loose: Final = any(b"[]" in path for path in self.paths)

    def hides(self, path: bytes) -> bool:
        """Whether the path is listed."""
        return self._has(self.paths, path)

    def opens(self, path: bytes) -> bool:
        """Whether a path below it is listed."""
        return self._has(self._opened, path)

    def _has(self, paths: frozenset[bytes], path: bytes) -> bool:
        return path in paths or (self._is_loose and _POSITION.sub(b"[]", path) in paths)


class _Prover:
    """Walks an original: gives away the salts of what is shown."""

    def __init__(self, listed: Listed) -> None:
        self.listed = listed
        self.salts: list[bytes] = []
        self.digests: list[bytes] = []
        self.found: list[str] = []

    def salt_of(self, salt: bytes, name: bytes) -> bytes:
        return salt_of(salt, name)

    def absent(self, _path: bytes) -> bytes | None:
        return None

    def hidden(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> Digested:
        digest, at = node.digest(data, at, salt, path)
        self.digests.append(digest)
        self.found.append(path.decode())
        return digest, at

    def shown(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> Digested:
        self.salts.append(salt)
        return node.digest(data, at, salt, path)


class Checker:
    """Walks a copy: takes salts and digests from its proof."""

    def __init__(self, listed: Listed, proof: Proof, withheld: Iterable[str]) -> None:
        self.listed = listed
        self._salts, self._digests = iter(proof.salts), iter(proof.digests)
        self._withheld = frozenset(path.encode() for path in withheld)
        self._met = 0

    def salt_of(self, salt: bytes, _name: bytes) -> bytes:
        """A copy has no salts but its proof's."""
        return salt

    def absent(self, path: bytes) -> bytes | None:
        """Return the digest of a part that is null, where it is listed."""
        return self.next_digest(path) if self.listed.hides(path) else None

    def hidden(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> Digested:
        """Return the digest of a listed part. Raises Unfit where it is shown though withheld."""
        if path in self._withheld and (node.item is None or data[at]):  # an empty list shows none
            raise Unfit
        return self.next_digest(path), node.digest(data, at, salt, path)[1]

    def shown(self, node: Node, data: bytes, at: int, path: bytes, _salt: bytes) -> Digested:
        """Return the digest of a part that is shown. Raises Unfit without a salt."""
        return node.digest(data, at, self.next_salt(), path)

    def next_salt(self) -> bytes:
        """Return the next of the proof's salts. Raises Unfit when there is none."""
        salt = next(self._salts, None)
        if salt is None:
            raise Unfit
        return salt

    def is_used_up(self) -> bool:
        """Whether every path, salt and digest was used."""
        left = next(self._salts, None) or next(self._digests, None)
        return left is None and self._met == len(self.listed.paths)

    def next_digest(self, path: bytes) -> bytes:
        """Return the next of the proof's digests. Raises Unfit when there is none."""
        digest = next(self._digests, None)
        if digest is None or path not in self.listed.paths:
            raise Unfit
        self._met += 1
        return digest


def walk(
    node: Node, data: bytes, at: int, path: bytes, salt: bytes, walker: _Prover | Checker
) -> Digested:
    """Return the digest of a container of which something is hidden."""
    parts: list[bytes] = []

    def part(name: bytes, each: Node, at: int, path: bytes) -> int:
        own = walker.salt_of(salt, name)
        if walker.listed.hides(path):
            digest, at = walker.hidden(each, data, at, path, own)
        elif walker.listed.opens(path) and (each.parts or each.item):
            digest, at = walk(each, data, at, path, own, walker)
        else:
            digest, at = walker.shown(each, data, at, path, own)
        parts.extend((framed(name), digest))
        return at

    if node.item is not None:
        count, at = read_long(data, at)
        for index in range(count):
            at = part(b"%d" % index, node.item, at, element(path, index))
        at += bool(count)
    for each in node.parts:
        name = below(path, each.name)
        if each.nullable:
            at += 1
            if not data[at - 1]:
                digest = walker.absent(name)
                if digest is not None:
                    parts.extend((each.framed, digest))
                continue
        at = part(each.name, each.node, at, name)
    return container_digest(parts), at
