"""The digests of a message, leaf by leaf, as a tree of its shape (schemas/SEAL.md, 3 to 5).

    leaf        SHA-256(0x00 ‖ salt ‖ length of path (2) ‖ path ‖ RFC 8785 JSON of the value)
    container   SHA-256(0x01 ‖ for each part that is there: length of name (2) ‖ name ‖ digest)
    salt        of a part: the first 16 bytes of SHA-256(0x02 ‖ salt of the whole ‖ name)

So one salt, the message's seed, gives all of them; that of a part gives those below it and no
other; and what is withheld leaves its digest behind, which says neither what nor how much there is.
Leaves are those of the writer's schema, read from the canonical bytes: what our classes do not know
is sealed too. Compiled once for a schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from schemas.avro_values import read_long
from schemas.inline import NAMESPACE
from schemas.seal_leaf import LeafReader, leaf_reader

SALT_BYTES: Final = 16  # 128 bits, as RFC 9901, 9.3 asks for
DIGEST_BYTES: Final = 32
PATHS_KNOWN_MAX: Final = 64  # of one record in a schema: its places in lists, each kept ready
UNSEALED: Final = frozenset({"envelope.delivery", "envelope.seal"})  # filled after sealing

_LEAF: Final = b"\x00"
_CONTAINER: Final = b"\x01"
_SALT: Final = b"\x02"

Digester = Callable[[bytes, int, bytes, bytes], tuple[bytes, int]]
# (bytes, position, salt, path) → (digest, position after it)

# nullable, framed name, name, reader of a leaf, digester of anything else, and its path: framed for
# a leaf, as its digest has it
_Step = tuple[bool, bytes, bytes, LeafReader | None, Digester, bytes]


@dataclass(frozen=True, slots=True)
class Part:
    """A field of a record."""

    name: bytes
    framed: bytes  # its length before it
    nullable: bool
    node: "Node"


@dataclass(frozen=True, slots=True)
class Node:
    """A type at its place: a leaf, a record with its parts, or an array of `item`."""

    digest: Digester  # of all of it, from its salt
    parts: tuple[Part, ...] = ()
    item: "Node | None" = None
    read: LeafReader | None = None  # of a leaf: its JSON

    def root(self, data: bytes, seed: bytes) -> bytes:
        """Return the root of a record's message, from its seed."""
        return self.digest(data, 0, seed, b"")[0]


def compiled_tree(schema: Mapping[str, Any]) -> Node:
    """Compile the schema of a record, without what is filled after sealing."""
    return _record(schema, {}, "")


def salt_of(salt: bytes, name: bytes) -> bytes:
    """Return the salt of a part, from that of the whole."""
    return sha256(_SALT + salt + name).digest()[:SALT_BYTES]


def leaf_digest(salt: bytes, path: bytes, value: bytes) -> bytes:
    """Return the digest of a leaf; `value` is its JSON."""
    return sha256(_LEAF + salt + len(path).to_bytes(2, "big") + path + value).digest()


def container_digest(parts: list[bytes]) -> bytes:
    """Return the digest of what has parts: framed names and digests in turn."""
    return sha256(_CONTAINER + b"".join(parts)).digest()


def framed(name: bytes) -> bytes:
    """Return a name with its length before it."""
    return len(name).to_bytes(2, "big") + name


def below(path: bytes, name: bytes) -> bytes:
    """Return the path of a record's field."""
    return path + b"." + name if path else name


def element(path: bytes, index: int) -> bytes:
    """Return the path of an array's element."""
    return b"%b[%d]" % (path, index)


def _node(schema: Any, named: dict[str, Mapping[str, Any]], place: str) -> Node:  # noqa: ANN401 - an Avro schema is str or dict
    schema = named.get(schema, schema) if isinstance(schema, str) else schema
    if not isinstance(schema, str):
        if schema["type"] in {"record", "enum"}:
            named[f"{NAMESPACE}.{schema['name']}"] = schema
        if schema["type"] == "record":
            return _record(schema, named, place)
        if schema["type"] == "array":
            item = _node(schema["items"], named, f"{place}[]")
            return Node(_array(item), item=item)
    read = leaf_reader(schema)
    return Node(_leaf(read), read=read)


def _record(schema: Mapping[str, Any], named: dict[str, Mapping[str, Any]], place: str) -> Node:
    parts = []
    for field in schema["fields"]:
        at = f"{place}.{field['name']}" if place else field["name"]
        nullable = isinstance(field["type"], list)
        if at not in UNSEALED:
            name = field["name"].encode()
            node = _node(field["type"][1] if nullable else field["type"], named, at)
            parts.append(Part(name, framed(name), nullable, node))
    return Node(_record_digester(tuple(parts)), parts=tuple(parts))


def _leaf(read: LeafReader) -> Digester:
    def digest(data: bytes, at: int, salt: bytes, path: bytes) -> tuple[bytes, int]:
        value, at = read(data, at)
        return leaf_digest(salt, path, value), at

    return digest


def _record_digester(parts: tuple[Part, ...]) -> Digester:
    known: dict[bytes, tuple[_Step, ...]] = {}  # by the record's path

    def steps_at(path: bytes) -> tuple[_Step, ...]:
        steps = tuple(_step(part, below(path, part.name)) for part in parts)
        if len(known) < PATHS_KNOWN_MAX:
            known[path] = steps
        return steps

    def digest(data: bytes, at: int, salt: bytes, path: bytes) -> tuple[bytes, int]:
        found: list[bytes] = [_CONTAINER]
        base = _SALT + salt
        steps = known.get(path) or steps_at(path)
        for nullable, framed_name, name, read, digest_part, place in steps:
            if nullable:
                at += 1
                if not data[at - 1]:
                    continue
            own = sha256(base + name).digest()[:SALT_BYTES]
            if read is None:
                part, at = digest_part(data, at, own, place)
            else:  # most parts are leaves: as leaf_digest, without a call
                value, at = read(data, at)
                part = sha256(_LEAF + own + place + value).digest()
            found += (framed_name, part)
        if len(found) == 1:
            return leaf_digest(salt, path, b"{}"), at
        return sha256(b"".join(found)).digest(), at

    return digest


def _step(part: Part, path: bytes) -> _Step:
    read, place = part.node.read, path if part.node.read is None else framed(path)
    return part.nullable, part.framed, part.name, read, part.node.digest, place


def _array(item: Node) -> Digester:
    digest_item = item.digest

    def digest(data: bytes, at: int, salt: bytes, path: bytes) -> tuple[bytes, int]:
        count, at = read_long(data, at)
        if not count:
            return leaf_digest(salt, path, b"[]"), at
        found: list[bytes] = []
        for index in range(count):
            name = b"%d" % index
            part, at = digest_item(data, at, salt_of(salt, name), element(path, index))
            found += (framed(name), part)
        return container_digest(found), at + 1

    return digest
