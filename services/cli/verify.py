"""`yichuan verify FILE`: whose a message is, when, and what of it is withheld; offline.

FILE is what `yichuan inbox ORGAN --export` writes, or a document as a connector delivers it. The
public keys are those of keys.csv, of this home or given. A fingerprint names its key whatever table
the key stands in, so with --trust only what the agency itself holds on paper is believed.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from connectors.bus.home import Home, home_at
from connectors.bus.key_rows import KEYS_CSV, unreadable
from connectors.bus.keyring import read_keys
from schemas.errors import Refusal, UserError
from schemas.inline import schema_of
from schemas.jws import Keys
from schemas.oversight import FieldsOpened
from schemas.parts import Delivery, Envelope
from schemas.render import to_document
from services.cli.exit_codes import NO, NOT_TRIED
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, note
from services.cli.verify_judge import Verdict, judge, opened_from, trusting
from services.cli.verify_text import print_verdict
from services.confidentiality.asked import contract_path
from services.confidentiality.places import Places
from services.confidentiality.redact import Redaction
from services.rulebook.load import load
from services.rulebook.model import Rulebook

FILE_MAX_BYTES: Final = 16 * 1024 * 1024
TRUST_LINES_MAX: Final = 10_000


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="an exported message / 导出的消息")],
    trust: Annotated[
        Path | None,
        typer.Option(
            help="believe only these: a line each, fingerprint [organ code] / 仅信任所列指纹",
            show_default=False,
        ),
    ] = None,
    keys: Annotated[
        Path | None,
        typer.Option(help="keys.csv; default: this home's / 公钥表", show_default=False),
    ] = None,
    attachment: Annotated[
        list[Path] | None,
        typer.Option(
            help="a file that is said to be attached to it / 所附文件", show_default=False
        ),
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> int:
    """Say whose the file is, when, what is withheld by which rule, and what was changed."""
    place = home_at(home)
    found = opened_from(_read(file))
    if isinstance(found, Refusal):
        where = found.where or str(file)
        raise UserError(found.code, where, found.detail, exit_code=NOT_TRIED)
    trusted = None if trust is None else trusted_in(trust)
    verdict = judge(found, _keys(place, keys, trusted))
    if trusted is not None and verdict.fault and verdict.fault.code == "seal.key_unknown":
        strange = (kid for kid in (verdict.kid, verdict.vouched_by) if kid not in trusted)
        fault = Refusal("verify.untrusted", where=next(strange, verdict.kid))
        verdict = replace(verdict, fault=fault)
    rulebook = load(place.rulebook) if place.rulebook.is_dir() else None
    attached = [_attached(path, verdict.envelope) for path in attachment or ()]
    document = {**told(verdict, rulebook), "attachments": attached}
    if as_json:
        emit_json(document)
    else:
        print_verdict(verdict, document, rulebook.directory if rulebook else None)
    if trust is None:
        note(
            "公钥取自 keys.csv，未与本机关自持的指纹核对（--trust）",
            "keys were taken from keys.csv, not held against fingerprints of your own (--trust)",
        )
    return NO if verdict.fault or any(each["code"] for each in attached) else 0


def _attached(path: Path, envelope: Envelope) -> dict[str, Any]:
    """Return of a file whether its content is that of an attachment that was sealed."""
    try:
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise unreadable(path, error.strerror) from None
    sealed = {each.sha256: each for each in envelope.attachments or ()}
    found = sealed.get(digest)
    code = None if found is not None else "attachment.digest_wrong"
    return {
        "file": str(path),
        "sha256": digest,
        "name": found.name if found else None,
        "code": code,
    }


def told(verdict: Verdict, rulebook: Rulebook | None) -> dict[str, Any]:
    """Return the stable form of a verdict."""
    envelope, delivery, fault = verdict.envelope, verdict.envelope.delivery, verdict.fault
    opened = verdict.message if isinstance(verdict.message, FieldsOpened) else None
    return {
        "valid": fault is None,
        "code": fault.code if fault else None,
        "where": fault.where if fault else None,
        "tampered": list(verdict.tampered),
        "what": verdict.what.value,
        "record": envelope.record,
        "message": envelope.message_id,
        "case": envelope.case_id,
        "bus": envelope.bus,
        "from": opened.author if opened else envelope.sender,
        "kid": verdict.kid,
        "vouched_by": verdict.vouched_by,
        "sent_at": envelope.sent_at,
        "received_at": delivery.at if delivery else None,
        "to": delivery.to if delivery else None,
        "relation": delivery.relation.value if delivery else None,
        "rule": delivery.rule if delivery else None,
        "withheld": _hidden(envelope, delivery, delivery.withheld if delivery else (), rulebook),
        "masked": _hidden(envelope, delivery, delivery.masked if delivery else (), rulebook),
        "opened": _opened(opened) if opened else None,
    }


def _opened(message: FieldsOpened) -> dict[str, Any]:
    """Return which fields of which message were opened, by whom and on what ground."""
    document = to_document(message)
    names = ("message", "message_record", "received_at", "relation", "answer", "opened_by")
    return {
        **{name: document[name] for name in (*names, "reason", "basis", "rulebook")},
        "to": message.envelope.addressees[0] if message.envelope.addressees else None,
        "fields": [
            {name: value for name, value in field.items() if name != "salt"}
            for field in document["fields"] or ()
        ],
    }


def _hidden(
    envelope: Envelope,
    delivery: Delivery | None,
    paths: tuple[str, ...],
    rulebook: Rulebook | None,
) -> list[dict[str, Any]]:
    """Return what is hidden, each with the rule of the rulebook here that hides it."""
    rules: Mapping[str, Any] = {}
    if rulebook is not None and delivery is not None:
        redaction = Redaction(rulebook.clearances, Places(rulebook.divisions))
        rules = redaction.redactor(schema_of(envelope.record), delivery.relation).rules
    found = []
    for path in paths:
        rule = rules.get(contract_path(path))
        row = rule and f"clearances.csv:{rule.line}"
        found.append({"path": path, "rule": row, "basis": rule.basis if rule else None})
    return found


def _read(file: Path) -> Mapping[str, Any]:
    no_message = UserError("verify.unreadable", where=str(file), exit_code=NOT_TRIED)
    try:
        with file.open("rb") as stream:
            raw = stream.read(FILE_MAX_BYTES + 1)
        document = json.loads(raw) if len(raw) <= FILE_MAX_BYTES else None
    except OSError as error:
        raise unreadable(file, error.strerror) from None
    except (ValueError, RecursionError):
        raise no_message from None
    if not isinstance(document, dict):
        raise no_message
    return document


def _keys(place: Home, table: Path | None, trusted: Mapping[str, str | None] | None) -> Keys:
    if table is not None and not table.exists():
        raise unreadable(table, None)
    listed_keys = read_keys(table or place.rulebook / KEYS_CSV)
    return listed_keys.get if trusted is None else trusting(listed_keys.get, trusted)


def trusted_in(path: Path) -> dict[str, str | None]:
    """Return fingerprint → organ code, or None, of a list that an agency holds."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()  # Windows puts a BOM before it
    except OSError as error:
        raise unreadable(path, error.strerror) from None
    except UnicodeDecodeError:
        raise unreadable(path, "not UTF-8") from None
    if len(lines) > TRUST_LINES_MAX:
        raise unreadable(path, f"> {TRUST_LINES_MAX} lines")
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {kid: (rest[0] if rest else None) for kid, *rest in words}
