"""The bus chapter: what may not be sent comes back to where it lay, and the next one goes on."""

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from connectors.bus.clock import monotonic
from schemas.errors import text
from tests.prove.agencies import Files, files_of, rows_of
from tests.prove.chapter import Check, Ground
from tests.prove.letters import RECEIVER, SENDER, document
from tests.prove.stand import Stand, demo, wait_until

DATABASE: Final = "langdai"  # a township with a database
SECONDS_MAX: Final = 60.0  # for a refusal, and for the next file to arrive
ACCEPTED: Final = 2  # status of EX_OUT
REJECTED: Final = 9
TEXT_BYTES: Final = 20_000_000
UNKNOWN_ORGAN: Final = "11520203YC0999999Y"  # its check digit is right, and nobody bears it
UNKNOWN_CERTIFICATE: Final = "520203000000"
CONNECTOR: Final = "connector"  # who refused
BUS: Final = "bus"

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bad:
    """A file that must be refused, and how."""

    name: str
    content: bytes
    code: str
    by: str = CONNECTOR


def intake_broken_json(ground: Ground) -> str:
    """Drop half a document."""
    stand = demo(ground)
    half = json.dumps(document(stand), ensure_ascii=False)[:500].encode()
    return _refused(stand, Bad("broken.lead_transfer.json", half, "message.invalid_json"))


def intake_unknown_record(ground: Ground) -> str:
    """Drop a document whose record nobody knows, named in the document."""
    stand = demo(ground)
    lead = document(stand) | {"record": "love_letter"}
    return _refused(stand, Bad("unknown.json", _bytes(lead), "message.unknown_record"))


def intake_missing_field(ground: Ground) -> str:
    """Drop a lead that names no legal basis."""
    stand = demo(ground)
    lead = document(stand)
    del lead["legal_basis"]
    bad = Bad("missing.lead_transfer.json", _bytes(lead), "message.field_missing")
    return _refused(stand, bad, where="legal_basis")


def intake_one_officer(ground: Ground) -> str:
    """Drop a lead of one officer; and insert one as a row of a database agency."""
    stand = demo(ground)
    code = "transfer.officers_too_few"
    told = _refused(stand, Bad("officer.lead_transfer.json", _bytes(_one_officer(stand)), code))
    rows = rows_of(stand, DATABASE)
    number = rows.insert("lead_transfer", _one_officer(stand, DATABASE))
    good = document(stand, DATABASE)
    behind = rows.insert("lead_transfer", good)
    wait_until(lambda: rows.row(number)["status"] == REJECTED, SECONDS_MAX, "status 9 of the row")
    row = rows.row(number)
    assert row["err_code"] == code, f"err_code {row['err_code']}"
    words = text(code)
    shown = (row["err_zh"], row["err_en"], row["remedy_zh"], row["remedy_en"])
    assert shown == (words.zh, words.en, words.remedy_zh, words.remedy_en), f"texts: {shown}"
    wait_until(lambda: rows.row(behind)["status"] == ACCEPTED, SECONDS_MAX, "status 2 behind it")
    arrives(stand, good)
    return f"{told}; a row of {DATABASE}: status 9, {code}, and the next row accepted"


def intake_unknown_organ(ground: Ground) -> str:
    """Drop a lead to an organ, and one by an officer, that the directory does not know."""
    stand = demo(ground)
    lead = document(stand)
    lead["envelope"]["addressees"] = [UNKNOWN_ORGAN]
    bad = Bad("organ.lead_transfer.json", _bytes(lead), "organ.unknown", BUS)
    told = _refused(stand, bad, where="envelope.addressees[0]")
    lead = document(stand)
    lead["envelope"]["officers"][1]["certificate"] = UNKNOWN_CERTIFICATE
    bad = Bad("stranger.lead_transfer.json", _bytes(lead), "officer.unknown", BUS)
    return f"{told}; {_refused(stand, bad, where='envelope.officers[1]')}"


def intake_twenty_megabytes(ground: Ground) -> str:
    """Drop a well-formed lead whose reason is 20 MB long."""
    stand = demo(ground)
    lead = document(stand)
    lead["reason"] = "长" * (TEXT_BYTES // len("长".encode()))
    content = _bytes(lead)
    assert len(content) > TEXT_BYTES, f"{len(content)} bytes"
    told = _refused(stand, Bad("long.lead_transfer.json", content, "message.too_large"))
    return f"{len(content) / 1e6:.1f} MB: {told}"


def used_number(ground: Ground) -> str:
    """Drop two leads of one number: the exchange refuses the second, at the same place."""
    stand = demo(ground)
    first, second = document(stand), document(stand)
    number = first["envelope"]["document_number"]
    second["envelope"]["document_number"] = number
    second["pages"] += 1
    files = files_of(stand, SENDER)
    name = f"first-{next(stand.serials)}.lead_transfer.json"
    files.drop(name, _bytes(first))
    is_accepted(files, name)
    bad = Bad("second.lead_transfer.json", _bytes(second), "document_number.used", BUS)
    return _refused(stand, bad, where="envelope.document_number")


CHECKS: Final = (
    Check("intake_broken_json", intake_broken_json),
    Check("intake_unknown_record", intake_unknown_record),
    Check("intake_missing_field", intake_missing_field),
    Check("intake_one_officer", intake_one_officer),
    Check("intake_unknown_organ", intake_unknown_organ),
    Check("intake_twenty_megabytes", intake_twenty_megabytes),
    Check("used_number", used_number),
)


def _refused(stand: Stand, bad: Bad, where: str | None = None) -> str:
    """Drop the file and a good one right behind it; see the one refused, the other arrive."""
    files = files_of(stand, SENDER)
    run = next(stand.serials)
    name, behind = f"{run}-1-{bad.name}", f"{run}-2-good.lead_transfer.json"
    good = document(stand)
    began = monotonic()
    files.drop(name, bad.content)
    files.drop(behind, _bytes(good))
    reason = wait_until(lambda: files.refused(name), SECONDS_MAX, f"the reason of {bad.name}")
    took = monotonic() - began
    is_clear(reason, bad, where)
    assert files.refused_content(name) == bad.content, "the refused file is not the dropped one"
    assert not files.is_on_its_way(name), f"{bad.name} still lies in the outbox or in work"
    is_accepted(files, behind)
    arrives(stand, good)
    arrived = monotonic() - began
    place = f" at {where}" if where else ""
    return (
        f"{bad.code}{place} in refused/ after {took:.1f} s, by the {bad.by}, in Chinese and "
        f"English with a remedy; the next file at {RECEIVER} after {arrived:.1f} s"
    )


def is_clear(reason: Document, bad: Bad, where: str | None = None) -> None:
    """The reason has the code and its own texts in both languages, and no content."""
    assert reason["code"] == bad.code, f"{reason['code']}, not {bad.code}"
    assert reason["refused_by"] == bad.by, f"refused by {reason['refused_by']}"
    assert where is None or reason["where"] == where, f"at {reason['where']}, not {where}"
    words = text(bad.code)
    for key in ("zh", "en", "remedy_zh", "remedy_en"):
        assert reason[key] == getattr(words, key), f"{key}: {reason[key]}"
        wanted = re.compile("[\u4e00-\u9fff]{2}" if key.endswith("zh") else "[a-z]{2} [a-z]")
        assert wanted.search(reason[key]), f"{key} is in another language: {reason[key]}"


def is_accepted(files: Files, name: str) -> None:
    """Wait for the bus's Accepted beside a sent file."""
    said = wait_until(
        lambda: files.receipt(name) or files.refused(name), SECONDS_MAX, f"an answer to {name}"
    )
    told = said["envelope"]["record"] if "envelope" in said else said["code"]
    assert told == "Accepted", f"{name}: {told}"


def arrives(stand: Stand, good: Document) -> None:
    """Wait until the document is in the receiver's inbox."""
    receiver: Files = files_of(stand, RECEIVER)
    number = good["envelope"]["document_number"]
    wait_until(lambda: receiver.got(number), SECONDS_MAX, f"the next file at {RECEIVER}")


def _one_officer(stand: Stand, sender: str = SENDER) -> Document:
    lead = document(stand, sender)
    del lead["envelope"]["officers"][1:]
    return lead


def _bytes(content: Document) -> bytes:
    return json.dumps(content, ensure_ascii=False).encode()
