"""The agencies' own systems of the demo, beside the connectors' real layouts."""

import json
from pathlib import Path

import pytest

from connectors.database.engine import open_engine
from connectors.database.tables import tables
from services.cli.demo_events import Answered, Arrived
from services.cli.demo_systems import DatabaseSystem, FolderSystem

RECEIPT = {"envelope": {"record": "Accepted", "in_reply_to": "m", "case_id": "c"}}
HELD = {"envelope": {"record": "Held", "in_reply_to": "m", "case_id": "c"}}
REASON = {"code": "organ.unknown", "message_id": None, "case_id": None}
NAME = "001-007-transfer"


def put(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path) -> FolderSystem:
    """A folder with one document in its outbox."""
    system = FolderSystem("yanjiao", tmp_path)
    system.drop(NAME, {"record": "withdrawal"})
    return system


def test_a_file_is_shown_in_the_outbox_only_when_it_is_whole(
    folder: FolderSystem, tmp_path: Path
) -> None:
    assert [path.name for path in (tmp_path / "outbox").iterdir()] == [f"{NAME}.json"]
    assert list(folder.look()) == []


def test_a_receipt_beside_a_sent_file_is_told_once(folder: FolderSystem, tmp_path: Path) -> None:
    put(tmp_path / "sent" / f"{NAME}.json.receipt.json", RECEIPT)
    assert list(folder.look()) == [Answered("yanjiao", NAME, "accepted", None, "m", "c")]
    assert list(folder.look()) == []


def test_held_is_told_and_later_accepted(folder: FolderSystem, tmp_path: Path) -> None:
    receipt = tmp_path / "sent" / f"{NAME}.json.receipt.json"
    put(receipt, HELD)
    assert [event.state for event in folder.look() if isinstance(event, Answered)] == ["held"]
    put(receipt, RECEIPT)
    assert [event.state for event in folder.look() if isinstance(event, Answered)] == ["accepted"]


def test_a_reason_beside_a_refused_file_is_told_with_its_code(
    folder: FolderSystem, tmp_path: Path
) -> None:
    put(tmp_path / "refused" / f"{NAME}.json.reason.json", REASON)
    assert list(folder.look()) == [
        Answered("yanjiao", NAME, "rejected", "organ.unknown", None, None)
    ]


def test_what_arrives_is_taken_out_of_the_inbox(folder: FolderSystem, tmp_path: Path) -> None:
    put(tmp_path / "inbox" / "000000000001_withdrawal_1.json", {"n": 1})
    put(tmp_path / "inbox" / "000000000002_withdrawal_2.json", {"n": 2})
    assert list(folder.look()) == [Arrived("yanjiao", {"n": 1}), Arrived("yanjiao", {"n": 2})]
    assert list((tmp_path / "inbox").iterdir()) == []
    assert list(folder.look()) == []


def test_a_database_shows_what_its_rows_say(tmp_path: Path) -> None:
    made = tables()
    engine = open_engine("sqlite:///exchange.sqlite", tmp_path)
    made.metadata.create_all(engine)
    system = DatabaseSystem("langdai", tmp_path / "exchange.sqlite")
    system.drop(NAME, {"record": "withdrawal"})
    assert list(system.look()) == []
    with engine.begin() as connection:
        connection.execute(made.out.update().values(status=3, receipt="{}", message_id="m"))
    assert list(system.look()) == [Answered("langdai", NAME, "held", None, "m", None)]
    with engine.begin() as connection:
        connection.execute(made.out.update().values(status=9, err_code="organ.unknown"))
    assert list(system.look()) == [
        Answered("langdai", NAME, "rejected", "organ.unknown", "m", None)
    ]
    with engine.begin() as connection:
        row = {
            "batch_no": 1, "biz_type": "withdrawal", "message_id": "x", "case_id": "c",
            "sender": "s", "payload": '{"n": 1}', "sm3": "", "created": "",
        }  # fmt: skip
        connection.execute(made.into.insert().values({made.into.c[k]: v for k, v in row.items()}))
    assert list(system.look()) == [Arrived("langdai", {"n": 1})]
    assert list(system.look()) == []
    system.close()
    engine.dispose()
