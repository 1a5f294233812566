"""What arrives, as rows of EX_IN, whichever way the agency writes what it sends.

EX_IN and EX_LEDGER are written in one transaction: what was given once is never given again, though
the agency deletes it from EX_IN.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, select, update

from connectors.bus.clock import now
from connectors.bus.durable import flush_folder, make_folder
from connectors.bus.system import UNNOTED, Arrival, Arrived, Landed
from connectors.database.engine import BAD_DATA, transaction
from connectors.database.map import in_values
from connectors.database.rehearsal import rehearse
from schemas.attachments import name_is_fit
from schemas.errors import Refusal, Unavailable
from schemas.ids import MessageId, MessageKey, OrganCode
from schemas.render import CHINA, to_document

LANDING: Final = ".landing"


class Incoming:
    """EX_IN and EX_LEDGER of one agency."""

    def __init__(
        self, engine: Engine, into: Table, ledger: Table, files: Table, folder: Path
    ) -> None:
        self._engine, self._into, self._ledger = engine, into, ledger
        self._files, self._folder = files, folder

    def open(self) -> None:
        """See that the tables take what we write. Raises UserError database.unusable."""
        ledger, files = self._ledger, self._files
        known = (ledger.c.message_id == "") & (ledger.c.sender == "")
        lies = (files.c.message_id == "") & (files.c.sender == "") & (files.c.position == 0)
        unused = ("id", "status", "updated")
        written = [column.key for column in self._into.c if column.key not in unused]
        with transaction(self._engine) as connection:
            rehearse(
                connection,
                [(ledger, known), (files, lies)],
                [(ledger, ("sender",)), (files, ("path", "err_code", "created"))],
                [(self._into, written), (ledger, ledger.c.keys()), (files, files.c.keys())],
            )

    @property
    def landing(self) -> Path:
        """On the file system of the attachments, so that a rename shows a whole file."""
        return self._folder / LANDING

    def attach(self, landed: Landed) -> None:
        """Put a file into the folder of its message, and where it lies, or why not, into EX_FILE.

        Raises Unavailable system.unavailable.
        """
        name = landed.name if name_is_fit(landed.name) else f"{landed.position + 1}"
        sender, message_id = landed.message
        path = self._folder / f"{sender}-{message_id}" / name
        if landed.path is not None:
            _move(landed.path, path)
        notice = landed.notice or {}
        key = {"message_id": message_id, "sender": sender, "position": landed.position}
        values = {
            "name": name,
            "path": None if landed.path is None else str(path),
            "err_code": notice.get("code"),
            "err_zh": notice.get("zh"),
            "err_en": notice.get("en"),
            "created": instant(),
        }
        files = self._files
        with transaction(self._engine) as connection:
            where = [files.c[name] == value for name, value in key.items()]
            if connection.execute(update(files).where(*where).values(values)).rowcount == 0:
                connection.execute(files.insert().values({**key, **values}))

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Insert into EX_IN, in this order, each once; what the table refuses is told apart."""
        try:
            return Arrived(self._insert(arrivals))
        except BAD_DATA:
            pass  # one of them is to blame: each by itself
        at: dict[MessageKey, datetime] = {}
        refused: dict[MessageKey, Refusal] = {}
        for arrival in arrivals:
            try:
                at |= self._insert([arrival])
            except BAD_DATA as error:
                detail = type(error).__name__
                refused[arrival.key] = Refusal("inbox.unwritable", detail=detail)
        return Arrived(at, refused)

    def _insert(self, arrivals: Sequence[Arrival]) -> dict[MessageKey, datetime]:
        ledger, into = self._ledger, self._into
        since = instant()
        with transaction(self._engine, BAD_DATA) as connection:
            there = self._known(connection, arrivals)
            new = {each.key: each for each in arrivals if each.key not in there}
            if new:
                connection.execute(into.insert(), [_row(each, since) for each in new.values()])
                notes = [
                    {"message_id": message_id, "sender": sender, "since": since}
                    for sender, message_id in new
                ]
                connection.execute(ledger.insert(), notes)
                there |= dict.fromkeys(new, since)
        wanted = {arrival.key for arrival in arrivals}
        return {key: datetime.fromisoformat(at) for key, at in there.items() if key in wanted}

    def _known(self, connection: Connection, arrivals: Sequence[Arrival]) -> dict[MessageKey, str]:
        """Return since when which are there.

        What an older release has put there, and the ledger knows nothing of, is noted with its
        sender now.
        """
        ledger = self._ledger
        ids = {arrival.message.envelope.message_id for arrival in arrivals}
        known = select(ledger.c.sender, ledger.c.message_id, ledger.c.since)
        rows = connection.execute(known.where(ledger.c.message_id.in_(ids)))
        # A column of the type CHAR is filled up with spaces.
        there = {(OrganCode(who.rstrip()), MessageId(key)): at for who, key, at in rows}
        for arrival in arrivals:
            sender, message_id = arrival.key
            unnoted = (OrganCode(UNNOTED), message_id)
            if arrival.namesake or arrival.key in there or unnoted not in there:
                continue
            there[arrival.key] = there.pop(unnoted)
            where = (ledger.c.message_id == message_id, ledger.c.sender == UNNOTED)
            connection.execute(update(ledger).where(*where).values(sender=sender))
        return there


def _row(arrival: Arrival, since: str) -> dict[str, Any]:
    payload = json.dumps(to_document(arrival.message), ensure_ascii=False)
    return {**in_values(arrival.offset, arrival.message, payload), "created": since}


def _move(source: Path, target: Path) -> None:
    try:
        make_folder(target.parent, 0o777)
        if source.exists():
            source.replace(target)
        flush_folder(target.parent)  # also of a repeat: Delivered says that it is there
    except OSError as error:
        detail = type(error).__name__
        where = str(target.parent)
        raise Unavailable("system.unavailable", where=where, detail=detail) from error


def instant() -> str:
    """Return the present as the tables write it: RFC 3339, China's offset, milliseconds."""
    return now().astimezone(CHINA).isoformat(timespec="milliseconds")
