"""Documents that agencies of the demo give to their connectors, and what their own systems got.

Folder agencies write files, database agencies rows; an organ without a connector is reached by
`yichuan send` and `yichuan inbox`.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from schemas.load import default_example
from tests.history import merged
from tests.prove.agencies import files_of, rows_of
from tests.prove.letters import organ, rulebook
from tests.prove.stand import Stand, wait_until

TOWNSHIP: Final = "yanjiao"  # with files
DEPARTMENT: Final = "liuzhi-cgj"  # with files
OTHER_TOWNSHIP: Final = "langdai"  # with rows
MARKET: Final = "liuzhi-scjg"  # with rows
SUPERVISOR: Final = "liuzhi-sfj"  # without a connector
NOBODYS: Final = "CG-013"  # a matter for which nobody is competent
SECONDS_MAX: Final = 60.0
_FILES: Final = (TOWNSHIP, DEPARTMENT)
_REFUSED_ROW: Final = 9  # EX_OUT.status

Document = dict[str, Any]


def letter(stand: Stand, record: str, sender: str, **changes: Any) -> Document:
    """Return the record's good example with changes, signed by two of the sender's officers."""
    found: Document = merged(default_example(record), changes)
    code = organ(stand, sender).code
    officers = rulebook(stand).directory.officers
    envelope = found["envelope"]
    if "officers" in envelope:
        own = [one for (of, _), one in sorted(officers.items()) if of == code][:2]
        envelope["officers"] = [
            {"name": one.name, "organ": code, "certificate": one.certificate} for one in own
        ]
    if "document_number" in envelope:
        envelope["document_number"] = f"{sender}验〔2026〕{next(stand.serials)}号"
    return found


def answering(message_id: str, **others: Any) -> Document:
    """Return an envelope in answer to a message."""
    return {"in_reply_to": message_id, **others}


def post(stand: Stand, sender: str, record: str, document: Document) -> Callable[[], Document]:
    """Put a document into an agency's system; return what waits for the answer there.

    The answer is the bus's Accepted or Held, or the reason of a refusal, which has a `code`.
    """
    if sender in _FILES:
        files = files_of(stand, sender)
        name = f"v{next(stand.serials)}.{record}.json"
        files.drop(name, json.dumps(document, ensure_ascii=False).encode())
        return _waiting(lambda: files.refused(name) or files.receipt(name), f"{sender}: {name}")
    rows = rows_of(stand, sender)
    number = rows.insert(record, document)

    def look() -> Document | None:
        row = rows.row(number)
        if row["status"] == _REFUSED_ROW:
            return {"code": row["err_code"], "where": row["err_where"], "zh": row["err_zh"]}
        found: Document | None = json.loads(row["receipt"]) if row["receipt"] else None
        return found

    return _waiting(look, f"{sender}: row {number}")


def accepted(stand: Stand, sender: str, record: str, document: Document) -> Document:
    """Put a document into an agency's system and see that it is accepted."""
    answer = post(stand, sender, record, document)()
    assert _record(answer) == "Accepted", f"{record} of {sender}: {_record(answer)} {_code(answer)}"
    return answer


def refused(stand: Stand, sender: str, record: str, document: Document) -> str:
    """Put a document into an agency's system and see that it is refused; return the code."""
    answer = post(stand, sender, record, document)()
    assert _record(answer) not in {"Accepted", "Held"}, f"{record} of {sender}: {_record(answer)}"
    return _code(answer)


def held(stand: Stand, sender: str, record: str, document: Document) -> Document:
    """Put a document into an agency's system and see that it is held."""
    answer = post(stand, sender, record, document)()
    assert _record(answer) == "Held", f"{record} of {sender}: {_record(answer)} {_code(answer)}"
    return answer


def arrived(stand: Stand, agency: str, case: str) -> list[Document]:
    """Return what an agency's own system has of a case, in the order of arrival."""
    return [one for one in _everything(stand, agency) if one["envelope"]["case_id"] == case]


def rows_in(file: Path) -> Iterator[Document]:
    """Yield what lies in the EX_IN of a database agency, in the order of arrival."""
    with closing(sqlite3.connect(file, timeout=10)) as database:
        for (payload,) in database.execute("SELECT payload FROM EX_IN ORDER BY id").fetchall():
            yield json.loads(payload)


def arrival(stand: Stand, agency: str, case: str, record: str) -> Document:
    """Wait for a record of a case in an agency's own system."""

    def look() -> Document | None:
        found = [one for one in arrived(stand, agency, case) if _record(one) == record]
        return found[-1] if found else None

    return wait_until(look, SECONDS_MAX, f"{record} at {agency}")


def records_of(documents: list[Document]) -> list[str]:
    """Return the records' names."""
    return [_record(document) for document in documents]


def story(stand: Stand, case: str) -> Document:
    """Return what `yichuan trace` tells of a case."""
    (found,) = stand.objects("trace", case)
    return found


def closing_of(told: Document, kind: str) -> list[str | None]:
    """Return how the case's duties of this kind ended; None for an open one."""
    return [duty["closing"] for duty in told["duties"] if duty["duty"] == kind]


def by_command(stand: Stand, sender: str, record: str, document: Document) -> Document:
    """Send a document of an organ that has no connector; return the answer."""
    path = stand.ground.scratch / f"{record}-{next(stand.serials)}.json"
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    (answer,) = stand.objects("send", record, str(path), "--as", sender)
    return answer


def _waiting(look: Callable[[], Document | None], what: str) -> Callable[[], Document]:
    return lambda: wait_until(look, SECONDS_MAX, f"an answer to {what}")


def _everything(stand: Stand, agency: str) -> Iterator[Document]:
    if agency in _FILES:
        root = files_of(stand, agency).root
        paths = [path for folder in ("inbox", "taken") for path in (root / folder).glob("*.json")]
        for path in sorted(paths, key=lambda path: path.name):
            yield json.loads(path.read_text(encoding="utf-8"))
        return
    yield from rows_in(rows_of(stand, agency).file)


def _record(document: Document) -> str:
    return str((document.get("envelope") or {}).get("record"))


def _code(document: Document) -> str:
    return str(document.get("code"))
