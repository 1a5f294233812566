"""Which stored files are a message's, and which of them are to be deleted.

`lost` says that no message needs it any more: its case was erased, or it was refused. The row goes
when the store has deleted the file; a crash between repeats that, which does nothing twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, and_, delete, exists, select, tuple_, update

from schemas.ids import CaseId, OrganCode
from schemas.parts import Envelope
from schemas.transfer_form import SHA256
from services.casebook.statements import Values, insert_missing
from services.casebook.tables import BLOBS


@dataclass(frozen=True, slots=True)
class Lost:
    """A stored file that nothing needs."""

    sender: OrganCode
    blob: str


class Blobs:
    """The list, in a transaction; written at once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, envelope: Envelope, *, lost: bool = False) -> None:
        """Note the files of a message whose seal is its sender's. Of one that is known: nothing."""
        rows: list[Values] = [
            {
                "sender": envelope.sender,
                "blob": attachment.blob,
                "message_id": envelope.message_id,
                "case_id": envelope.case_id,
                "lost": lost,
            }
            for attachment in envelope.attachments or ()
            if SHA256.fullmatch(attachment.blob or "")  # it becomes a place in the store
        ]
        insert_missing(self._connection, BLOBS, rows)

    def lose_message(self, envelope: Envelope) -> None:
        """Note that a message was refused after all."""
        if envelope.attachments:
            self._lose(BLOBS.c.sender == envelope.sender, BLOBS.c.message_id == envelope.message_id)

    def lose_case(self, case_id: CaseId) -> None:
        """Note that the content of a case is erased."""
        self._lose(BLOBS.c.case_id == case_id)

    def _lose(self, *where: object) -> None:
        self._connection.execute(update(BLOBS).where(*where).values(lost=True))  # type: ignore[arg-type] # comparisons


def lost_files(connection: Connection, limit: int, behind: Lost | None = None) -> tuple[Lost, ...]:
    """Return files that no message needs, whichever noted them; in order, those behind one."""
    other = BLOBS.alias()
    is_needed = exists().where(
        and_(other.c.sender == BLOBS.c.sender, other.c.blob == BLOBS.c.blob),
        other.c.lost.is_(False),
    )
    query = (
        select(BLOBS.c.sender, BLOBS.c.blob)
        .where(BLOBS.c.lost.is_(True), ~is_needed)
        .distinct()
        .order_by(BLOBS.c.sender, BLOBS.c.blob)
        .limit(limit)
    )
    if behind is not None:
        query = query.where(tuple_(BLOBS.c.sender, BLOBS.c.blob) > (behind.sender, behind.blob))
    return tuple(Lost(OrganCode(row.sender), row.blob) for row in connection.execute(query))


def forget_files(connection: Connection, files: Iterable[Lost]) -> None:
    """Take off the list what the store has deleted."""
    for file in files:
        here = (BLOBS.c.sender == file.sender, BLOBS.c.blob == file.blob, BLOBS.c.lost.is_(True))
        connection.execute(delete(BLOBS).where(*here))
