import asyncio
import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV
from connectors.bus.keyring import read_keys
from connectors.bus.keys import home_signer
from connectors.bus.openers import load_openers
from connectors.bus.sealing import Measured
from schemas.codec import current
from schemas.errors import Refusal
from schemas.messages import Message
from schemas.parts import Attachment, Delivery, Relation
from schemas.seal import seal_message
from services.cli.attached import export_files, looked_at, stored_with
from services.cli.main import main
from services.cli.verify_judge import exported
from tests.agency_home import AT, THEM, US, County, county_at, lead
from tests.unit.services.exchange.test_opening import home

__all__ = ["home"]  # the fixture


@pytest.fixture
def county(tmp_path: Path) -> County:
    return county_at(tmp_path / "county")


def measured_of(*paths: Path) -> tuple[Measured, ...]:
    found = looked_at(paths)
    assert not isinstance(found, Refusal)
    return found


def whole(county: County, files: Sequence[Measured]) -> Message | Refusal:
    async def sent() -> Message | Refusal:
        plain = lead("one", sender="yanjiao")
        async with stored_with(plain, files, county.agency("yanjiao")) as found:
            return found

    return asyncio.run(sent())


def test_a_file_that_goes_along_is_stored_first_and_nothing_of_it_stays_here(
    county: County, tmp_path: Path
) -> None:
    photo = tmp_path / "照片.jpg"
    photo.write_bytes(b"picture")
    message = whole(county, measured_of(photo))
    assert not isinstance(message, Refusal)
    (attachment,) = message.envelope.attachments or ()
    assert (attachment.name, attachment.size_bytes) == ("照片.jpg", 7)
    assert list(county.agency("yanjiao").folder.iterdir()) == []
    assert len(list(county.home.attachments.glob(f"{US}/*/{attachment.blob}/*"))) == 1
    delivery = Delivery(THEM, Relation.HANDLER, None, AT, keys=county.keys(message, THEM))
    copy = replace(message, envelope=replace(message.envelope, delivery=delivery))
    folder = tmp_path / "export"
    for _ in range(2):
        told = export_files(copy, folder, county.agency("liuzhi-cgj"))
        assert told == [(folder / "照片.jpg", None)]
    assert (folder / "照片.jpg").read_bytes() == b"picture"
    shutil.rmtree(county.home.attachments)
    again = export_files(copy, tmp_path / "again", county.agency("liuzhi-cgj"))
    assert again == [(tmp_path / "again" / "照片.jpg", "attachment.missing")]
    assert list((tmp_path / "again").iterdir()) == []


def test_a_message_without_files_needs_no_store(county: County) -> None:
    message = whole(county, ())
    assert not isinstance(message, Refusal)
    assert message.envelope.attachments is None
    assert not county.home.attachments.exists()


def test_what_changed_since_it_was_looked_at_is_not_sent(county: County, tmp_path: Path) -> None:
    photo = tmp_path / "照片.jpg"
    photo.write_bytes(b"picture")
    files = measured_of(photo)
    photo.write_bytes(b"another")
    assert whole(county, files) == Refusal("attachment.changed")
    assert not county.home.attachments.exists()


def test_a_file_that_cannot_travel_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pdf"
    assert looked_at([missing]) == Refusal("attachment.unreadable", where=str(missing))
    archive = tmp_path / "a.rar"
    archive.write_bytes(b"Rar!\x1a\x07\x01\x00")
    found = looked_at([archive])
    assert isinstance(found, Refusal)
    assert found.code == "attachment.archive_unreadable"


def document(path: Path, home: Home) -> str:
    """A sealed message whose attachment's content is `picture`, as a file."""
    sha256 = measured_of(path)[0].sha256
    plain = lead("one", sender="yanjiao")
    listed = (Attachment("照片.jpg", "image/jpeg", 7, sha256),)
    plain = replace(plain, envelope=replace(plain.envelope, attachments=listed))
    sealed = seal_message(plain, home_signer(home, "yanjiao"))
    file = path.with_name("message.json")
    opened = current("LeadTransfer").open(sealed.body)
    file.write_text(json.dumps(exported(opened), ensure_ascii=False), encoding="utf-8")
    return str(file)


def test_a_file_is_held_against_the_digest_that_was_sealed(
    home: Home, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    photo, other = tmp_path / "a.jpg", tmp_path / "b.jpg"
    photo.write_bytes(b"picture")
    other.write_bytes(b"another")
    message = document(photo, home)

    def asked(*files: Path) -> tuple[int, list[dict[str, Any]]]:
        options = [word for file in files for word in ("--attachment", str(file))]
        code = main(["verify", message, "--json", *options])
        return code, json.loads(capsys.readouterr().out)["attachments"]

    code, (told,) = asked(photo)
    assert (code, told["name"], told["code"]) == (0, "照片.jpg", None)
    code, (_, told) = asked(photo, other)
    assert (code, told["name"], told["code"]) == (1, None, "attachment.digest_wrong")
    assert main(["verify", message, "--attachment", str(photo)]) == 0
    assert "照片.jpg" in capsys.readouterr().out
    assert main(["verify", message, "--attachment", str(tmp_path / "none")]) == 3


def test_a_replaced_key_for_files_leaves_the_seal_s_alone_and_the_old_one_opens_still(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YICHUAN_HOME", str(home.path))
    seal = home_signer(home, "yanjiao").kid
    (before,) = load_openers(home, "yanjiao", None)
    assert main(["keys", "rotate", "yanjiao", "--encryption", "--grace-hours", "48", "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    listed = read_keys(home.rulebook / KEYS_CSV)
    assert (row["algorithm"], listed[row["kid"]].valid_to) == ("X25519", None)
    assert listed[before].valid_to is not None
    assert listed[seal].valid_to is None
    assert home_signer(home, "yanjiao").kid == seal
    assert set(load_openers(home, "yanjiao", None)) == {before, row["kid"]}
