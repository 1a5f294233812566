"""The secrecy gate at the agency's side: refused as it lies, and no byte of it kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.desk import Desk
from connectors.bus.gate import barred, load_gate
from schemas.errors import UserError
from schemas.secrecy import Gate, NoSharing
from services.rulebook.load import bundled
from tests.agency_home import County, document
from tests.agency_sides import DatabaseSide, FolderSide, Side
from tests.marked import CANARY

NewDesk = Callable[[], Desk]
GATE = Gate(NoSharing())
LEVEL = {"secrecy": "confidential"}
FILE = {"name": "处置预案（机密）.pdf", "media_type": "a/b", "size_bytes": 1, "sha256": "0" * 64}


def copy(**changes: Any) -> str:
    """Return a copy as an agency writes it, with the canary in its summary."""
    found = json.loads(document("copy"))
    found["summary"] = CANARY
    envelope = {**found["envelope"], **changes.pop("envelope", {})}
    return json.dumps({**found, **changes, "envelope": envelope}, ensure_ascii=False)


MARKED = {
    "level": (copy(envelope=LEVEL), "secrecy.may_not_travel"),
    "title": (copy(title="机密：关于专项行动的通知"), "secrecy.marked"),
    "attachment": (copy(envelope={"attachments": [FILE]}), "secrecy.marked"),
    "text": (copy(summary=f"{CANARY}\n机密★10年\n"), "secrecy.marked"),
    "unknown field": (copy(remark="（绝密）"), "secrecy.marked"),
    "no JSON": (copy(summary=f"{CANARY}\n机密")[:-1], "secrecy.marked"),
}


def take(desk: Desk) -> None:
    """Look often enough: a file must stand still from one look to the next."""
    for _ in range(4):
        desk.take_out()


def found_in(folder: Path, but: Path) -> list[Path]:
    """Return the files under a folder that hold the canary, but the agency's own."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return [path for path in files if CANARY.encode() in path.read_bytes() and path != but]


@pytest.mark.parametrize("how", MARKED)
def test_a_marked_document_is_refused_where_it_lies_and_no_byte_of_it_is_kept(
    side: Side, desk: Desk, tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    content, code = MARKED[how]
    side.put("a", "copy", content)
    side.put("b", "lead_transfer", document("lead_transfer"))
    take(desk)
    assert side.state("a") == code
    assert [head.flow for head in desk.waiting(100)] == ["leads"]
    if isinstance(side, FolderSide):
        own = side.root / "outbox" / "a.copy.json"
        assert own.read_text(encoding="utf-8") == content
        assert found_in(tmp_path, own) == []
    if isinstance(side, DatabaseSide):
        ((payload,),) = side.query("SELECT payload FROM EX_OUT WHERE id = 1")
        assert payload == content
        assert {path.parent for path in found_in(tmp_path, side.path)} <= {side.path.parent}
        assert found_in(tmp_path / "home", side.path) == []
    assert CANARY not in caplog.text


def test_business_secrets_and_keeping_quiet_go_through(side: Side, desk: Desk) -> None:
    side.put("a", "copy", copy(summary="涉及商业秘密，请注意保密。"))
    take(desk)
    assert side.state("a") == "taken"


def test_a_row_whose_own_key_is_marked_is_refused(tmp_path: Path, county: County) -> None:
    side = DatabaseSide(tmp_path / "exchange.db")
    side.put("a", "copy", copy())
    side.query("UPDATE EX_OUT SET biz_key = '抄-7（秘密）'")
    desk = Desk(county.agency(), side.system())
    desk.open()
    take(desk)
    assert side.state("a") == "secrecy.marked"
    desk.close()


def test_the_home_s_list_holds_at_the_connector_and_without_one_the_law_s_marks(
    county: County,
) -> None:
    raw = copy(summary="附未成年人犯罪记录").encode()
    assert barred(("a",), "copy", raw, county.agency().gate) is None
    secret = copy(title="机密").encode()
    bare = barred(("a",), "copy", secret, county.agency().gate)
    assert bare is not None
    rules = bundled("demo") / "no_sharing.toml"
    (county.home.rulebook / "no_sharing.toml").write_bytes(rules.read_bytes())
    listed = barred(("a",), "copy", raw, county.agency().gate)
    assert listed is not None
    assert (listed.code, listed.where, listed.detail) == ("secrecy.listed", "summary", "NS-01")


def test_a_list_that_cannot_be_read_lets_nothing_start(tmp_path: Path) -> None:
    (tmp_path / "no_sharing.toml").write_text("[marks]\nwords = []\n")
    with pytest.raises(UserError, match=r"rules\.invalid"):
        load_gate(tmp_path)
    (tmp_path / "no_sharing.toml").unlink()
    (tmp_path / "no_sharing.toml").mkdir()
    with pytest.raises(UserError, match=r"rules\.invalid"):
        load_gate(tmp_path)


@pytest.mark.parametrize(
    "raw",
    [
        '{"title": "机密", "title": "x"}'.encode(),
        b'{"title": "\\u673a\\u5bc6"}',
        b'{"title": "\\u673a\\u5bc6"',
        '{"title": "机密"}'.encode("utf-16"),
        '{"title": "机密"}'.encode("gb18030"),
        "机密".encode(),
        b"[" * 100_000 + "机密".encode(),
    ],
    ids=["twice", "escaped", "escaped and broken", "UTF-16", "GB 18030", "a text", "too deep"],
)
def test_no_form_of_writing_hides_a_mark(raw: bytes) -> None:
    refusal = barred(("a.json",), None, raw, GATE)
    assert refusal is not None
    assert refusal.code == "secrecy.marked"


def test_a_marked_name_is_refused_and_not_told_again() -> None:
    refusal = barred(("关于专项行动的通知（机密）.copy.json",), "copy", b"{}", GATE)
    assert refusal is not None
    assert (refusal.code, refusal.where, refusal.detail) == ("secrecy.marked", None, None)
