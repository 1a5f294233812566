"""After a rotation: what waits in the spool is sealed anew by the key that the organ has now.

The old key may end before the broker takes what waits. Id and content stay, and neither sent_at nor
the seal is content, so the exchange knows a message that it had before under the old seal.
"""

import logging
from typing import Final

from connectors.bus.agency import Agency
from connectors.bus.ledger import Ledger
from schemas.codec import frame, unframe
from schemas.jws import header_of
from schemas.seal import seal_message

_NEXT: Final = (
    "SELECT ordinal, value FROM spool WHERE ordinal > ? ORDER BY ordinal LIMIT 1"  # one in memory
)
LOG: Final = logging.getLogger("yichuan.connector")


def reseal_spool(ledger: Ledger, agency: Agency) -> int:
    """Seal anew what waits under another key of the organ; return how many it were."""
    with ledger.transaction():
        return reseal(ledger, agency)


def reseal(ledger: Ledger, agency: Agency) -> int:
    """Do it in the caller's transaction."""
    last = sealed = 0
    while (row := ledger.db.execute(_NEXT, (last,)).fetchone()) is not None:
        last = row[0]
        value = _sealed_anew(row[1], agency)
        if value is not None:
            ledger.db.execute(
                "UPDATE spool SET value = ?, size = ? WHERE ordinal = ?",
                (value, len(value), last),
            )
            sealed += 1
    if sealed:
        LOG.info("sealed anew by the present key: %d", sealed)
    return sealed


def _sealed_anew(value: bytes, agency: Agency) -> bytes | None:
    """Return the value under our present key; None where it has that already.

    One of another schema's version stays as it is, and is judged by the key that it has.
    """
    schema_id, body = unframe(value)
    codec = agency.keyring.codec(schema_id)
    if codec is None:
        return None
    message = codec.decode(body)
    seal = message.envelope.seal
    header = header_of(seal.jws) if seal else None
    if header is not None and header.kid == agency.signer.kid:
        return None
    return frame(schema_id, seal_message(message, agency.signer).body)
