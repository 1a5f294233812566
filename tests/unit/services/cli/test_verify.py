"""`yichuan verify FILE`: exported messages, copies and receipts; tampered with, untrusted."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV
from connectors.bus.keys import home_signer
from schemas.codec import Opened, current
from schemas.errors import Refusal
from schemas.jwk import b64url
from schemas.messages import LeadTransfer, Message
from schemas.oversight import FieldsOpened, OpenedField
from schemas.parts import Delivery, Relation
from schemas.seal import Unvouched, copied, said, seal_message, vouched
from schemas.seal_form import seed_of
from schemas.seal_open import extract, sealed_parts
from services.cli.mailbox import Letter
from services.cli.main import main
from services.cli.verify_judge import exported
from tests.agency_home import accepted
from tests.any_message import default_message
from tests.history import HANDLER, MONDAY, SENDER, message, organ
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture
LEAD = message("lead_transfer", SENDER, "a", MONDAY)
CODEC = current("LeadTransfer")
HIDES = Delivery(
    organ(HANDLER),
    Relation.COPY_RECIPIENT,
    "R-1",
    MONDAY,
    withheld=("reason", "parties[0].address"),
    masked=("parties[0].name",),
)

OPENED = ("reason", "parties[0].address")
Put = Callable[[dict[str, Any]], str]


@pytest.fixture(autouse=True)
def chosen(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))


@pytest.fixture
def put(tmp_path: Path) -> Put:
    def write(document: dict[str, Any]) -> str:
        file = tmp_path / "file.json"
        file.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
        return str(file)

    return write


def _original(home: Home) -> Opened:
    return CODEC.open(seal_message(LEAD, home_signer(home, SENDER)).body)


def _delivered(home: Home, value: Unvouched, record: str = "LeadTransfer") -> Opened:
    (body,) = vouched([value], LEAD.envelope.bus, home_signer(home, "bus"))
    return current(record).open(body)


def _redacted(home: Home) -> Opened:
    assert isinstance(LEAD, LeadTransfer)
    assert LEAD.parties
    party = replace(LEAD.parties[0], name="王**", address=None)
    shown: Message = replace(LEAD, reason=None, parties=(party, *LEAD.parties[1:]))
    return _delivered(home, copied(_original(home), CODEC, HIDES, shown))


def _whole(home: Home) -> Opened:
    return _delivered(home, copied(_original(home), CODEC, replace(HIDES, withheld=(), masked=())))


def _receipt(home: Home) -> Opened:
    return _delivered(home, said(accepted(LEAD)), "Accepted")


def _opened(home: Home) -> Opened:
    """Two fields that the copy above withholds, opened by their sender."""
    original = _original(home)
    seal = original.message.envelope.seal
    assert seal is not None
    found = extract(original.tree, original.body, seed_of(seal) or b"", OPENED)
    told = default_message("fields_opened")
    assert isinstance(told, FieldsOpened)
    fields = tuple(
        OpenedField(leaf.path, leaf.value, b64url(leaf.salt), "clearances.csv:53", "依据一")
        for leaf in found.leaves
    )
    return _delivered(
        home,
        said(
            replace(
                told,
                message=LEAD.envelope.message_id,
                message_case=LEAD.envelope.case_id,
                author=LEAD.envelope.sender,
                received_at=MONDAY,
                schema=original.schema,
                opened_by=LEAD.envelope.sender,
                fields=fields,
                parts=sealed_parts(found.parts),
                jws=seal.jws,
                envelope=replace(told.envelope, bus=LEAD.envelope.bus, sent_at=MONDAY),
            )
        ),
        "FieldsOpened",
    )


def asked(
    capsys: pytest.CaptureFixture[str], file: str, *options: str
) -> tuple[int, dict[str, Any]]:
    code = main(["verify", file, "--json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, found


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (_original, "original"),
        (_whole, "copy"),
        (_redacted, "redacted"),
        (_receipt, "bus"),
        (_opened, "opened"),
    ],
)
def test_what_is_as_it_was_sealed_is_valid(
    home: Home,
    put: Put,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Home], Opened],
    what: str,
) -> None:
    file = exported(make(home))
    for document in (file, file["document"]):  # a connector's file is the bare document
        code, found = asked(capsys, put(document))
        assert (code, found["valid"], found["what"], found["code"]) == (0, True, what, None)
        by = "bus" if what == "bus" else SENDER
        assert found["from"] == ("BUS" if what == "bus" else organ(SENDER))
        assert found["kid"] == home_signer(home, by).kid
        vouching = None if what == "original" else home_signer(home, "bus").kid
        assert found["vouched_by"] == vouching


def test_an_inbox_is_exported_into_files_that_verify(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    redacted = _redacted(home)
    letters = [
        Letter(0, MONDAY, redacted.message, None, redacted),
        Letter(1, MONDAY, None, Refusal("seal.invalid")),
    ]

    class Open:
        """An inbox without a broker."""

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None:
            """Nothing was opened."""

        async def present(self, _newest: int) -> AsyncIterator[Letter]:
            for letter in letters:
                yield letter

    monkeypatch.setattr("services.cli.inbox.open_mailbox", lambda *_: Open())
    assert main(["inbox", HANDLER, "--export", str(tmp_path / "out")]) == 0
    (file,) = capsys.readouterr().out.split()
    assert Path(file).name == f"LeadTransfer-{organ(SENDER)}-{LEAD.envelope.message_id}.json"
    assert Path(file).stat().st_mode & 0o077 == 0
    assert asked(capsys, file)[0] == 0


def test_it_says_what_is_withheld_and_by_which_rule(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(exported(_redacted(home)))
    _, found = asked(capsys, file)
    assert [row["path"] for row in found["withheld"]] == ["parties[0].address", "reason"]
    assert [row["path"] for row in found["masked"]] == ["parties[0].name"]
    for row in (*found["withheld"], *found["masked"]):
        assert row["rule"].startswith("clearances.csv:")
        assert row["basis"]
    assert (found["to"], found["rule"], found["relation"]) == (
        organ(HANDLER),
        "R-1",
        "copy_recipient",
    )
    assert main(["verify", file]) == 0
    printed = capsys.readouterr().out
    assert "parties[0].address" in printed
    assert "有效" in printed


@pytest.mark.parametrize("make", [_original, _whole, _redacted])
def test_it_names_what_was_changed_added_or_removed(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str], make: Callable[[Home], Opened]
) -> None:
    def changed(document: dict[str, Any]) -> None:
        document["violations"][0]["cause"] = "另有案由"

    def removed(document: dict[str, Any]) -> None:
        document["legal_basis"] = None

    def added(document: dict[str, Any]) -> None:
        document["envelope"]["officers"].append(
            {"name": "某人", "organ": None, "certificate": None}
        )

    for change, path in (
        (changed, "violations[0].cause"),
        (removed, "legal_basis"),
        (added, "envelope.officers[2].name"),
    ):
        file = exported(make(home))
        change(file["document"])
        code, found = asked(capsys, put(file))
        assert (code, found["code"], found["valid"]) == (1, "verify.tampered", False)
        if make is not _redacted or change is not removed:  # then its salts are one too many
            assert found["tampered"] == [path]
        bare, found = asked(capsys, put(file["document"]))
        assert (bare, found["code"], found["tampered"]) == (1, "verify.tampered", [])
        assert main(["verify", put(file["document"])]) == 1
        assert "改动" in capsys.readouterr().out


def test_a_list_of_digests_that_was_changed_too_names_nothing(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported(_original(home))
    file["document"]["legal_basis"] = "另有其据"
    file["leaves"]["legal_basis"] = "A" * 43
    file["body"] = "A" * 43
    assert asked(capsys, put(file))[1]["tampered"] == []


def test_a_changed_delivery_or_masked_value_is_told_apart(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    for change in ("delivery", "masked"):
        file = exported(_redacted(home))
        if change == "delivery":
            file["document"]["envelope"]["delivery"]["relation"] = "handler"
        else:
            file["document"]["parties"][0]["name"] = "李**"
        code, found = asked(capsys, put(file))
        assert (code, found["code"]) == (1, "verify.delivery_changed")


@pytest.mark.parametrize("make", [_receipt, _redacted, _whole, _opened])
def test_what_only_the_exchange_answers_for_is_named_too(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str], make: Callable[[Home], Opened]
) -> None:
    """A receipt and a delivery have no digests of their own: the bytes that came with them tell."""
    places: dict[Callable[[Home], Opened], tuple[tuple[str, ...], str]] = {
        _receipt: (("rule",), "verify.tampered"),
        _redacted: (("envelope", "delivery", "relation"), "verify.delivery_changed"),
        _whole: (("envelope", "delivery", "to"), "verify.delivery_changed"),
        _opened: (("opened_by",), "verify.delivery_changed"),
    }
    names, expected = places[make]
    file = exported(make(home))
    place = file["document"]
    for name in names[:-1]:
        place = place[name]
    place[names[-1]] = "handler" if names[-1] == "relation" else organ(HANDLER) + "X"
    code, found = asked(capsys, put(file))
    assert (code, found["code"], found["tampered"]) == (1, expected, [".".join(names)])
    for body in ("", "AAAA", b64url(_original(home).body), 1):
        code, found = asked(capsys, put({**file, "body": body}))
        assert (code, found["code"], found["tampered"]) == (1, expected, [])


@pytest.mark.parametrize("make", [_original, _whole, _redacted, _receipt, _opened])
def test_with_fingerprints_of_one_s_own_nothing_else_is_believed(
    home: Home,
    put: Put,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    make: Callable[[Home], Opened],
) -> None:
    """Every key that the file rests on must be held; the one that is not is named."""
    file, trust = put(exported(make(home))), tmp_path / "trust"
    sender, bus = (home_signer(home, login).kid for login in (SENDER, "bus"))
    needed = [sender] if make is _original else [bus] if make is _receipt else [sender, bus]
    trust.write_text("".join(f"{kid}\n" for kid in needed), encoding="utf-8-sig")
    assert asked(capsys, file, "--trust", str(trust))[0] == 0
    for left_out in needed:
        held = [kid for kid in (sender, bus) if kid != left_out]
        trust.write_text("".join(f"{kid}\n" for kid in held), encoding="utf-8")
        code, found = asked(capsys, file, "--trust", str(trust))
        assert (code, found["code"], found["where"]) == (1, "verify.untrusted", left_out)


def test_only_fingerprints_that_the_agency_holds_are_believed(
    home: Home, put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = put(exported(_redacted(home)))
    kids = {login: home_signer(home, login).kid for login in (SENDER, HANDLER, "bus")}
    trust = tmp_path / "trust"
    for lines, code in (
        (f"# ours\n{kids[SENDER]} {organ(SENDER)}\n\n{kids['bus']}\n", None),
        (f"{kids[SENDER]}\n", "verify.untrusted"),
        (f"{kids['bus']}\n", "verify.untrusted"),
        (f"{kids[SENDER]} {organ(HANDLER)}\n{kids['bus']} BUS\n", "seal.not_the_senders"),
    ):
        trust.write_text(lines, encoding="utf-8")
        found = asked(capsys, file, "--trust", str(trust))[1]
        assert found["code"] == code
    elsewhere = tmp_path / "keys.csv"
    elsewhere.write_bytes((home.rulebook / KEYS_CSV).read_bytes())
    assert asked(capsys, file, "--keys", str(elsewhere))[0] == 0


def test_what_is_no_export_or_of_another_version_is_told(
    home: Home, put: Put, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported(_original(home))
    other = {**file, "schema": "0" * 64}
    wrong = {**file, "document": {**file["document"], "nothing": 1}}
    for document, code in (
        ({}, "verify.unreadable"),
        ({"envelope": {"record": ["LeadTransfer"]}}, "verify.unreadable"),
        (wrong, "verify.unreadable"),
        ({**file, "leaves": [1]}, "verify.unreadable"),
        (other, "verify.other_schema"),
    ):
        ended, found = asked(capsys, put(document))
        assert (ended, found["error"]["code"]) == (3, code)
    for content in (b"[]", b"\xff", b"{", b" " * (16 * 1024 * 1024 + 1)):
        (tmp_path / "raw").write_bytes(content)
        ended, found = asked(capsys, str(tmp_path / "raw"))
        assert (ended, found["error"]["code"]) == (3, "verify.unreadable")


def test_an_unsealed_message_and_one_of_an_older_seal_are_told(
    home: Home, put: Put, capsys: pytest.CaptureFixture[str]
) -> None:
    file = exported(_original(home))
    file["document"]["envelope"]["seal"] = None
    assert asked(capsys, put(file))[1]["code"] == "seal.missing"
    lead = _original(home)
    codec = current("CaseTransfer")
    transfer = seal_message(
        message("case_transfer", SENDER, "b", MONDAY), home_signer(home, SENDER)
    )
    seal = codec.open(transfer.body).message.envelope.seal
    forged = replace(lead.message, envelope=replace(lead.message.envelope, seal=seal))
    file = exported(CODEC.open(CODEC.encode(forged)))
    assert asked(capsys, put(file))[1]["code"] == "verify.other_schema"
