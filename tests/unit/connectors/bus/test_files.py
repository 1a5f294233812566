from dataclasses import replace
from pathlib import Path

import pytest

from connectors.bus.files import claimed, files_refusal, listed
from connectors.bus.home import Home
from connectors.bus.key_rows import KEYS_CSV, read_rows, write_rows
from connectors.bus.openers import load_openers
from connectors.bus.sealing import Measured, Staged
from schemas.attachments import ATTACHMENTS_MAX
from schemas.errors import Refusal
from schemas.file_key import claim_of, unwrap
from schemas.ids import BUS
from schemas.messages import Message
from schemas.parts import Attachment
from tests.agency_home import AT, US, County, lead

PHOTO = Measured("照片.jpg", Path("nowhere"), 5, "1" * 64)
NOTES = Measured("笔录.xyz", Path("nowhere"), 7, "2" * 64)


def letter(*attachments: Attachment) -> Message:
    found = lead("one", sender="yanjiao")
    return replace(found, envelope=replace(found.envelope, attachments=attachments or None))


def test_a_file_that_has_gone_since_it_was_measured_is_a_refusal_and_ends_no_process() -> None:
    refusal = Refusal("attachment.unreadable", where="envelope.attachments[0]")
    assert files_refusal([PHOTO]) == refusal


def test_files_that_the_document_does_not_list_are_listed_behind() -> None:
    manifest = Attachment("在途.zip", "application/zip", 9, "3" * 64)
    found = listed(letter(manifest), [PHOTO, NOTES])
    assert not isinstance(found, Refusal)
    assert found.envelope.attachments == (
        manifest,
        Attachment("照片.jpg", "image/jpeg", 5, "1" * 64),
        Attachment("笔录.xyz", "application/octet-stream", 7, "2" * 64),
    )


def test_a_file_that_the_document_names_keeps_its_place_and_media_type() -> None:
    named = Attachment("照片.jpg", "image/heic", None, None)
    found = listed(letter(named, Attachment("在途.zip", "x", 9, "3" * 64)), [PHOTO])
    assert not isinstance(found, Refusal)
    first, _ = found.envelope.attachments or ()
    assert first == Attachment("照片.jpg", "image/heic", 5, "1" * 64)


def test_a_document_without_files_is_left_as_it_is() -> None:
    plain = letter()
    assert listed(plain, []) is plain


@pytest.mark.parametrize(
    ("attachment", "code"),
    [
        (Attachment("照片.jpg", sha256="9" * 64), "attachment.digest_wrong"),
        (Attachment("照片.jpg", size_bytes=6), "attachment.digest_wrong"),
        (Attachment("别的.jpg"), "attachment.file_missing"),
        (Attachment("照片.jpg", blob="4" * 64), "attachment.claim_given"),
        (Attachment("照片.jpg", key="k"), "attachment.claim_given"),
    ],
)
def test_what_a_document_says_of_a_file_must_be_so(attachment: Attachment, code: str) -> None:
    found = listed(letter(attachment), [PHOTO])
    assert found == Refusal(code, where="envelope.attachments[0]")


def test_each_file_is_claimed_by_a_key_that_the_bus_alone_opens(county: County) -> None:
    agency = county.agency()
    whole = listed(letter(Attachment("在途.zip", "x", 9, "3" * 64)), [PHOTO])
    assert not isinstance(whole, Refusal)
    files = [Staged(PHOTO, "a" * 64, Path("nowhere"), bytes(32))]
    found = claimed(whole, files, agency, AT)
    assert not isinstance(found, Refusal)
    manifest, photo = found.envelope.attachments or ()
    assert (manifest.blob, manifest.key) == (None, None)
    claim = claim_of(found.envelope, photo)
    assert claim is not None
    assert claim.sender == US
    openers = load_openers(county.home, "bus", None)
    assert unwrap(photo.key or "", claim, BUS, openers) == bytes(32)
    assert unwrap(photo.key or "", claim, US, agency.openers) is None


def test_without_a_key_of_the_bus_nothing_is_sent(county: County) -> None:
    home = Home(county.home.path)
    rows = read_rows(home.rulebook / KEYS_CSV)
    write_rows(home, [row for row in rows if (row["organ"], row["algorithm"]) != (BUS, "X25519")])
    found = claimed(letter(), [], county.agency(), AT)
    assert found == Refusal("attachment.bus_key_missing", where="envelope.attachments")


def test_names_number_and_size_are_judged_before_anything_is_encrypted(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.touch()
    fit = replace(PHOTO, path=empty)
    assert files_refusal([fit]) is None
    odd = files_refusal([fit, replace(fit, name=".htaccess")])
    assert odd == Refusal("attachment.name_invalid", where="envelope.attachments[1].name")
    many = files_refusal([fit] * (ATTACHMENTS_MAX + 1))
    assert many is not None
    assert many.code == "attachment.too_many"
    (tmp_path / "bad").write_bytes(b"Rar!\x1a\x07")
    found = files_refusal([fit, replace(fit, path=tmp_path / "bad")])
    assert found is not None
    assert (found.code, found.where) == (
        "attachment.archive_unreadable",
        "envelope.attachments[1]",
    )
