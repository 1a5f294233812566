"""The digest of every leaf, by its path: what an export carries, so that a change can be named.

The digests prove themselves: their root is what the sender signed.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from schemas.avro_values import read_long
from schemas.codec import Opened
from schemas.jws import Keys, VerifiedKey, verified
from schemas.seal_form import TYPE, payload_of, proof_of, received_at, seed_of
from schemas.seal_proof import Checker, Digested, Listed, Proof, Unfit, walk
from schemas.seal_tree import Node, below, container_digest, element, framed, salt_of

_STEP: Final = re.compile(r"[^.\[\]]+")
# One form for each place: another would be a second word for it, which the digests say nothing of.
_PATH: Final = re.compile(
    r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*|\[(?:0|[1-9][0-9]*)\])*"
)


def leaves(opened: Opened) -> dict[str, bytes] | None:
    """Return path → digest of what a message shows, and of what it hides; None without a proof."""
    seal, delivery = opened.message.envelope.seal, opened.message.envelope.delivery
    seed = seed_of(seal) if seal else None
    if seed is not None:
        return leaves_of(opened.tree, opened.body, seed)
    proof = proof_of(seal, delivery) if seal and delivery else None
    if proof is None or delivery is None:
        return None
    return leaves_of_copy(opened.tree, opened.body, proof, delivery.withheld)


def are_the_senders(digests: Mapping[str, bytes], opened: Opened, keys: Keys) -> bool:
    """Whether a list of digests is what the message's sender signed."""
    envelope = opened.message.envelope
    root = root_of_leaves(digests)
    if root is None:
        return False
    payload = payload_of(envelope, root)
    jws, at = (envelope.seal.jws if envelope.seal else ""), received_at(envelope)
    key = verified(jws, payload, keys, at, type_=TYPE, schema=opened.schema)
    return isinstance(key, VerifiedKey) and key.organ == envelope.sender


def leaves_of(tree: Node, data: bytes, seed: bytes) -> dict[str, bytes]:
    """Return path → digest of every leaf of an original, in its order."""
    found: dict[str, bytes] = {}
    _list(tree, data, 0, b"", seed, found)
    return found


def leaves_of_copy(
    tree: Node, data: bytes, proof: Proof, withheld: Iterable[str]
) -> dict[str, bytes] | None:
    """Return the same of a copy, hidden parts whole; None where copy and proof do not fit."""
    lister = _Lister(Listed(proof.hidden), proof, withheld)
    try:
        walk(tree, data, 0, b"", b"", lister)
    except Unfit:
        return None
    return lister.leaves if lister.is_used_up() else None


def root_of_leaves(leaves: Mapping[str, bytes]) -> bytes | None:
    """Return the root that digests lead to, by the names and positions in their paths.

    None where no message has them: a path of another form than the walk's, two of one place, one
    below another.
    """
    top: dict[str, Any] = {}
    for path, digest in leaves.items():
        if _PATH.fullmatch(path) is None:
            return None
        *above, last = _STEP.findall(path)
        place = top
        for name in above:
            place = place.setdefault(name, {})
            if isinstance(place, bytes):
                return None
        if last in place:
            return None
        place[last] = digest
    return _root(top)


def _root(place: Mapping[str, Any]) -> bytes:
    parts: list[bytes] = []
    for name, each in place.items():
        digest = each if isinstance(each, bytes) else _root(each)
        parts += (framed(name.encode()), digest)
    return container_digest(parts)


class _Lister(Checker):
    """Walks a copy and keeps the digest of every leaf that it meets."""

    def __init__(self, listed: Listed, proof: Proof, withheld: Iterable[str]) -> None:
        super().__init__(listed, proof, withheld)
        self.leaves: dict[str, bytes] = {}

    def shown(self, node: Node, data: bytes, at: int, path: bytes, salt: bytes) -> Digested:
        salt = self.next_salt()
        _list(node, data, at, path, salt, self.leaves)
        return node.digest(data, at, salt, path)

    def next_digest(self, path: bytes) -> bytes:
        digest = self.leaves[path.decode()] = super().next_digest(path)
        return digest


def _list(
    node: Node, data: bytes, at: int, path: bytes, salt: bytes, found: dict[str, bytes]
) -> int:
    """Note path → digest of every leaf; return the position behind the node."""
    if node.item is not None and data[at]:
        count, at = read_long(data, at)
        for index in range(count):
            name = b"%d" % index
            at = _list(node.item, data, at, element(path, index), salt_of(salt, name), found)
        return at + 1
    known, begin = len(found), at
    for part in node.parts:
        at += part.nullable
        if not part.nullable or data[at - 1]:
            below_it = below(path, part.name)
            at = _list(part.node, data, at, below_it, salt_of(salt, part.name), found)
    if len(found) == known:
        found[path.decode()], at = node.digest(data, begin, salt, path)
    return at
