"""One signature for many: the exchange's word on what it delivers (schemas/SEAL.md, section 7).

The values of a batch are the leaves of a hash tree (RFC 9162, section 2.1); its root is signed once
(`yichuan-batch-1`), and each value carries that signature with its own way to the root:

    jws "~" index "~" size "~" base64url(the siblings, from the leaf up)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from schemas.errors import Refusal
from schemas.jwk import Signer, b64url, unb64url
from schemas.jws import (
    JWS_MAX_CHARACTERS,
    SEAL,
    Keys,
    VerifiedKey,
    canonical,
    is_compromised,
    signed,
    verified,
)

TYPE: Final = "yichuan-batch-1"
BATCH_MAX: Final = 2**20  # values under one signature
VOUCHED_MAX_CHARACTERS: Final = JWS_MAX_CHARACTERS + 1_000

_NO_END: Final = datetime.max.replace(tzinfo=UTC)
_DIGEST_BYTES: Final = 32
_NUMBER_CHARACTERS_MAX: Final = 7
_LEAF: Final = b"\x00"
_NODE: Final = b"\x01"


def value_digest(schema: str, unvouched: bytes) -> bytes:
    """Return the leaf of a body whose `vouched` is null; `schema` is its writer's fingerprint."""
    return sha256(_LEAF + bytes.fromhex(schema) + unvouched).digest()


def vouch_for(digests: Sequence[bytes], bus: str, signer: Signer) -> tuple[str, ...]:
    """Return each value's `vouched`, all under one signature. There is at least one digest."""
    levels = [list(digests)]
    while len(levels[-1]) > 1:
        lower = levels[-1]
        upper = [
            sha256(_NODE + lower[left] + lower[left + 1]).digest()
            for left in range(0, len(lower) - 1, 2)
        ]
        levels.append(upper + lower[len(upper) * 2 :])  # one without a sibling goes up as it is
    jws = signed(_payload(bus, levels[-1][0], len(digests)), signer, TYPE)
    return tuple(
        f"{jws}~{index}~{len(digests)}~{b64url(_way(levels, index))}"
        for index in range(len(digests))
    )


def _way(levels: list[list[bytes]], index: int) -> bytes:
    way = b""
    for level in levels[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            way += level[sibling]
        index >>= 1
    return way


@dataclass(frozen=True, slots=True)
class _Vouched:
    jws: str
    index: int
    size: int
    way: bytes


def verify_vouched(
    vouched: str, digest: bytes, bus: str, keys: Keys, at: datetime, written: datetime | None
) -> VerifiedKey | Refusal:
    """Return the key by which a value is vouched for, or why it is not (refusals: jws.verified).

    It was vouched for behind `at`, when the exchange had what it is about, and before it was
    `written`: the key is to be valid in between, and not compromised when it was written. None:
    nobody knows when that was.
    """
    parsed = _parsed(vouched)
    root = None if parsed is None else _root(parsed, digest)
    if parsed is None or root is None:
        return Refusal("seal.invalid", where=SEAL)
    payload, until = _payload(bus, root, parsed.size), written or _NO_END
    found = verified(parsed.jws, payload, keys, at, type_=TYPE, until=until)
    key = keys(found.kid) if isinstance(found, VerifiedKey) else None
    if key is not None and written is not None and is_compromised(key, written):
        return Refusal("seal.key_compromised", where=SEAL)
    return found


def _payload(bus: str, root: bytes, size: int) -> bytes:
    return canonical({"bus": bus, "root": b64url(root), "size": size})


def _parsed(vouched: str) -> _Vouched | None:
    parts = vouched.split("~")
    if len(vouched) > VOUCHED_MAX_CHARACTERS or len(parts) != 4:  # noqa: PLR2004 - as above
        return None
    index, size, way = _number(parts[1]), _number(parts[2]), unb64url(parts[3])
    if index is None or size is None or way is None or not index < size <= BATCH_MAX:
        return None
    return _Vouched(parts[0], index, size, way)


def _number(text: str) -> int | None:
    if not text.isascii() or not text.isdigit() or len(text) > _NUMBER_CHARACTERS_MAX:
        return None
    return int(text) if str(int(text)) == text else None


def _root(vouched: _Vouched, digest: bytes) -> bytes | None:
    """Return the root that the way leads to; None for a way of another length."""
    way, last, index = vouched.way, vouched.size - 1, vouched.index
    while last:
        if index % 2 or index < last:
            sibling, way = way[:_DIGEST_BYTES], way[_DIGEST_BYTES:]
            if len(sibling) != _DIGEST_BYTES:
                return None
            pair = sibling + digest if index % 2 else digest + sibling
            digest = sha256(_NODE + pair).digest()
        index, last = index >> 1, last >> 1
    return None if way else digest
