"""The county chapter: agencies that have an outbox table for Debezium already."""

import json
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from connectors.database.engine import open_engine
from schemas.errors import text as words
from tests.outbox_side import OutboxSide
from tests.postgresql import postgresql
from tests.prove.bus_intake import ACCEPTED, REJECTED, SECONDS_MAX, arrives
from tests.prove.chapter import Check, Ground
from tests.prove.letters import Document, document
from tests.prove.own_connector import connect
from tests.prove.stand import Stand, demo, wait_until

SQLITE_AGENCY: Final = "zangke"  # neither has a connector in the demo
POSTGRESQL_AGENCY: Final = "luobie"
ROWS: Final = 5
LATE: Final = 90  # the number of the row that is committed after later ones were answered


def input_debezium_row(ground: Ground) -> str:
    """Write standard rows, a bad one among them, to SQLite and to PostgreSQL."""
    stand = demo(ground)
    folder = ground.scratch / "agency-sqlite"
    folder.mkdir()
    told = [_exchanged(stand, SQLITE_AGENCY, f"sqlite:///{folder / 'agency.db'}")]
    server = ground.ends.enter_context(postgresql())
    told.append(_exchanged(stand, POSTGRESQL_AGENCY, server.url(server.new())))
    return "; ".join(told)


CHECKS: Final = (Check("input_debezium_row", input_debezium_row),)


def _exchanged(stand: Stand, alias: str, url: str) -> str:
    side = OutboxSide(lambda: open_engine(url, stand.ground.scratch))
    stand.ground.ends.callback(side.engine.dispose)
    leads = [document(stand, alias) for _ in range(ROWS)]
    bad = document(stand, alias)
    del bad["envelope"]["officers"][1:]
    for number, lead in enumerate([leads[0], bad, *leads[1:]]):
        side.put(_key(number), lead, "LeadTransfer")
    connect(stand, alias, "database", f'layout = "debezium"\nurl = "{url}"')
    good = [_key(number) for number in range(ROWS + 1) if number != 1]
    for key in good:
        answer = _answered(side, key, ACCEPTED)
        assert json.loads(answer["receipt"])["envelope"]["record"] == "Accepted", answer
    refused = _answered(side, _key(1), REJECTED)
    code = words("transfer.officers_too_few")
    shown = tuple(refused[name] for name in ("err_code", "err_zh", "err_en", "remedy_zh"))
    assert shown == (code.code, code.zh, code.en, code.remedy_zh), shown
    late = _committed_late(stand, side, alias) if side.engine.dialect.name != "sqlite" else []
    for lead in (*leads, *late):
        arrives(stand, lead)
    count = len(side.run("SELECT 1 FROM outbox"))
    assert count == ROWS + 1 + len(late), f"{count} rows: the agency's table was written"
    told = ", one committed after later ones too" if late else ""
    return (
        f"{side.engine.dialect.name}: {ROWS + len(late)} rows accepted{told}, answers in "
        f"EX_ANSWER; one of a single officer: {code.code} there, and the next went through"
    )


def _committed_late(stand: Stand, side: OutboxSide, alias: str) -> list[Document]:
    """Begin a row, write and see answered a later one, then commit the first."""
    early, later = document(stand, alias), document(stand, alias)
    insert = text(
        "INSERT INTO outbox (id, aggregatetype, aggregateid, type, payload)"
        " VALUES (:id, 'case', 'C-9', 'LeadTransfer', :payload)"
    )
    with side.engine.connect() as connection, connection.begin():
        values = {"id": _key(LATE), "payload": json.dumps(early, ensure_ascii=False)}
        connection.execute(insert, values)
        side.put(_key(LATE + 1), later, "LeadTransfer")
        _answered(side, _key(LATE + 1), ACCEPTED)
        assert side.answer(_key(LATE)) is None, "a row was read before it was committed"
    _answered(side, _key(LATE), ACCEPTED)
    return [later, early]


def _answered(side: OutboxSide, key: str, status: int) -> dict[str, Any]:
    def answer() -> dict[str, Any] | None:
        found = side.answer(key)
        return found if found and found["status"] == status and _is_final(found) else None

    return wait_until(answer, SECONDS_MAX, lambda: f"status {status}: {side.answer(key)}")


def _is_final(answer: dict[str, Any]) -> bool:
    return bool(answer["receipt"] or answer["err_code"])


def _key(number: int) -> str:
    """A UUID, not in the order of writing: the last is the first."""
    return str(UUID(int=(1 << 120) - number))
