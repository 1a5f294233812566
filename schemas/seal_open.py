"""A withheld field that is opened later, proved against the seal that stands (schemas/SEAL.md, 11).

From the original: each leaf that is opened with its salt and value, and the digests of all that
lies beside the way to the root. Who gets them needs neither the original nor the copy: the digests
lead to the root that the sender signed, and say nothing of what stays withheld.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from schemas.avro_values import read_long
from schemas.errors import Refusal
from schemas.jwk import b64url, unb64url
from schemas.jws import SEAL, Keys, VerifiedKey, verified
from schemas.oversight import FieldsOpened, SealedPart
from schemas.seal_form import TYPE, payload
from schemas.seal_list import root_of_leaves
from schemas.seal_proof import Listed
from schemas.seal_tree import SALT_BYTES, Node, below, element, leaf_digest, salt_of

_WHERE: Final = "fields"
_Visit = Callable[[Node, bytes, int, bytes, bytes], int]  # node, data, position, path, salt


@dataclass(frozen=True, slots=True)
class OpenedLeaf:
    """A leaf of an original with what proves it."""

    path: str
    value: str  # RFC 8785 JSON
    salt: bytes


@dataclass(frozen=True, slots=True)
class Extract:
    """What is opened of an original, and the digests that lead from it to the sealed root."""

    leaves: tuple[OpenedLeaf, ...]
    parts: Mapping[str, bytes]  # path → digest, in the order of the original


def extract(tree: Node, data: bytes, seed: bytes, paths: Iterable[str]) -> Extract:
    """Return the leaves at and below the paths; a path that is not there opens nothing."""
    opener = _Opener(Listed(paths))
    opener.container(tree, data, 0, b"", seed)
    return Extract(tuple(opener.leaves), opener.parts)


def verify_opened(message: FieldsOpened, keys: Keys) -> VerifiedKey | Refusal:
    """Return the key of the sender whose fields they are, or why they do not prove themselves.

    The key is judged at the time when the bus received the original. Refusals: seal.invalid,
    seal.not_the_senders, and those of jws.verified.
    """
    digests = parts_of(message.parts or ())
    root = None if digests is None else root_of_leaves(digests)
    if digests is None or root is None or not message.fields:
        return Refusal("seal.invalid", where=_WHERE)
    for field in message.fields:
        if digests.get(field.path) != field_digest(field.path, field.value, field.salt):
            return Refusal("seal.invalid", where=f"{_WHERE}[{message.fields.index(field)}]")
    key = verified(
        message.jws or "",
        sealed_payload(message, root),
        keys,
        message.received_at,
        type_=TYPE,
        schema=message.schema,
    )
    if isinstance(key, Refusal):
        return key
    return key if key.organ == message.author else Refusal("seal.not_the_senders", where=SEAL)


def sealed_payload(message: FieldsOpened, root: bytes) -> bytes:
    """Return what the sender's seal is over."""
    envelope = message.envelope
    return payload(envelope.bus, message.message_case, message.message, root, message.author)


def parts_of(parts: Sequence[SealedPart]) -> dict[str, bytes] | None:
    """Return path → digest; None where one stands twice or is no digest."""
    found: dict[str, bytes] = {}
    for part in parts:
        digest = unb64url(part.digest)
        if digest is None or part.path in found:
            return None
        found[part.path] = digest
    return found


def field_digest(path: str, value: str | None, salt: str | None) -> bytes | None:
    """Return the digest of a leaf that is opened; None where its salt is none."""
    raw = unb64url(salt or "")
    if value is None or raw is None or len(raw) != SALT_BYTES:
        return None
    return leaf_digest(raw, path.encode(), value.encode())


def sealed_parts(parts: Mapping[str, bytes]) -> tuple[SealedPart, ...]:
    """Return digests as a record carries them."""
    return tuple(SealedPart(path, b64url(digest)) for path, digest in parts.items())


class _Opener:
    """Walks an original, down to what is opened."""

    def __init__(self, listed: Listed) -> None:
        self._listed = listed
        self.leaves: list[OpenedLeaf] = []
        self.parts: dict[str, bytes] = {}

    def container(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> int:
        """Look at each part of what is opened in part; return the position behind it."""
        return _each(node, data, at, path, salt, self._part)

    def _part(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> int:
        if self._listed.hides(path):
            return self._whole(node, data, at, path, salt)
        if self._listed.opens(path) and not node.read:
            known = len(self.parts)
            end = self.container(node, data, at, path, salt)
            if len(self.parts) > known:
                return end
        digest, end = node.digest(data, at, salt, path)
        self.parts[path.decode()] = digest
        return end

    def _whole(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> int:
        known, begin = len(self.parts), at
        if node.read is None:
            at = _each(node, data, at, path, salt, self._whole)
            if len(self.parts) > known:
                return at
            value = b"[]" if node.item is not None else b"{}"
        else:
            value, at = node.read(data, at)
        self.parts[path.decode()] = node.digest(data, begin, salt, path)[0]
        self.leaves.append(OpenedLeaf(path.decode(), value.decode(), salt))
        return at


def _each(node: Node, data: bytes, at: int, path: bytes, salt: bytes, visit: _Visit) -> int:
    """Visit each part that is there; return the position behind the container."""
    if node.item is not None:
        count, at = read_long(data, at)
        for index in range(count):
            name = b"%d" % index
            at = visit(node.item, data, at, element(path, index), salt_of(salt, name))
        return at + bool(count)
    for part in node.parts:
        at += part.nullable
        if not part.nullable or data[at - 1]:
            at = visit(part.node, data, at, below(path, part.name), salt_of(salt, part.name))
    return at
