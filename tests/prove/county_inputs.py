"""The county chapter: bytes, characters and files as a county's systems really write them."""

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from connectors.bus.clock import monotonic
from connectors.folder.map import REASON, beside
from tests.prove.agencies import Files, files_of
from tests.prove.bus_intake import SECONDS_MAX, Bad, arrives, is_accepted, is_clear
from tests.prove.chapter import Check, Ground
from tests.prove.letters import RECEIVER, SENDER, Document, document
from tests.prove.own_connector import connect
from tests.prove.stand import Stand, demo, wait_until

GBK_AGENCY: Final = "tashan"  # without a connector in the demo
GROWING_SECONDS: Final = 4.0  # eight looks of the connector
STEP_SECONDS: Final = 0.05
LOOKS_SECONDS: Final = 0.4  # less than from one look of the connector to the next
KIND: Final = "lead_transfer.json"


def input_gbk_and_bom(ground: Ground) -> str:
    """Write GBK where it is configured and where it is not; and each byte order mark."""
    stand = demo(ground)
    files = files_of(stand, SENDER)
    marked = document(stand)
    name = f"{next(stand.serials)}-bom.{KIND}"
    files.drop(name, b"\xef\xbb\xbf" + _bytes(marked))
    lead = json.dumps(document(stand), ensure_ascii=False)
    told = _all_refused(
        stand,
        [
            Bad("gbk", lead.encode("gb18030"), "message.not_utf8"),
            Bad("utf16le", b"\xff\xfe" + lead.encode("utf-16-le"), "message.utf16"),
            Bad("utf16be", b"\xfe\xff" + lead.encode("utf-16-be"), "message.utf16"),
        ],
    )
    is_accepted(files, name)
    arrives(stand, marked)
    folder = connect(stand, GBK_AGENCY, "folder", 'folder = "x"\nencoding = "gb18030"')
    old = Files(folder / "x")
    wait_until((old.root / "outbox").exists, SECONDS_MAX, "the outbox")
    in_gbk = document(stand, GBK_AGENCY)
    old.drop(f"1.{KIND}", _text(in_gbk).encode("gbk"))
    old.drop(f"2.{KIND}", _bytes(document(stand, GBK_AGENCY)))
    said = _in_gb18030(old.root / "sent" / f"1.{KIND}.receipt.json")
    assert said["envelope"]["record"] == "Accepted", said
    reason = _in_gb18030(old.root / "refused" / f"2.{KIND}.reason.json")
    is_clear(reason, Bad("", b"", "message.encoding_ambiguous"))
    arrives(stand, in_gbk)
    got = files_of(stand, RECEIVER).got(in_gbk["envelope"]["document_number"])
    assert got is not None
    assert got["reason"] == in_gbk["reason"], "the reason came through changed"
    return (
        f"UTF-8 with its mark accepted; {told}; with encoding = gb18030 a GBK file is accepted, "
        "arrives to the character, its receipt is GB 18030, and a UTF-8 file is refused by name"
    )


def input_full_width_digits(ground: Ground) -> str:
    """Write a lead as an input method in full-width mode does."""
    stand = demo(ground)
    files = files_of(stand, SENDER)
    plain = document(stand)
    wide = json.loads(json.dumps(plain))
    violation, officer = wide["violations"][0], wide["envelope"]["officers"][0]
    for holder, names in (
        (violation, ("matter", "place", "act_from", "found_on")),
        (officer, ("organ", "certificate")),
        (wide["contact"], ("phone",)),
        (wide["envelope"], ("document_number",)),
    ):
        for name in names:
            holder[name] = _wide(holder[name])
    name = f"{next(stand.serials)}-wide.{KIND}"
    files.drop(name, _bytes(wide))
    chinese, keyed = document(stand), document(stand)
    chinese["violations"][0]["act_from"] = "二〇二六年九月一日"
    keyed["violations"][0][_wide("place")] = keyed["violations"][0].pop("place")
    bads = [Bad("chinese", _bytes(chinese), "message.field_invalid")]
    bads += [Bad("key", _bytes(keyed), "message.field_unknown")]
    told = _all_refused(stand, bads, ["violations[0].act_from", f"violations[0].{_wide('place')}"])
    is_accepted(files, name)
    arrives(stand, plain)
    got = files_of(stand, RECEIVER).got(plain["envelope"]["document_number"])
    assert got is not None
    same = {key: got["violations"][0][key] for key in ("matter", "place", "act_from", "found_on")}
    assert same == {key: plain["violations"][0][key] for key in same}, same
    assert got["contact"]["phone"] == plain["contact"]["phone"], "the phone number"
    return f"8 fields in full width accepted and delivered as plain ones; {told}, with their paths"


def input_nul_and_surrogates(ground: Ground) -> str:
    """Write every kind of character and JSON that must not get through, all at once."""
    stand = demo(ground)

    def planted(raw: str) -> bytes:
        lead = document(stand) | {"reason": "@"}
        return json.dumps(lead, ensure_ascii=False).replace('"@"', raw).encode()

    unfit = "message.character_unfit"
    number = "message.number_invalid"
    return _all_refused(
        stand,
        [
            Bad("nul", planted(r'"a\u0000b"'), unfit),
            Bad("surrogate", planted(r'"a\ud800b"'), unfit),
            Bad("control", planted(r'"a\u0007b"'), unfit),
            Bad("override", planted(r'"a\u202eb"'), unfit),
            Bad("rawcontrol", planted('"a\x07b"'), "message.invalid_json"),
            Bad("brokenutf8", planted('"a"')[:-2] + b"\xff}", "message.not_utf8"),
            Bad("twice", planted('"a", "reason": "b"'), "message.key_twice"),
            Bad("nan", planted("NaN"), number),
            Bad("infinity", planted("-Infinity"), number),
            Bad("digits", planted("9" * 5_000), number),
            Bad("long", planted(str(2**70)), "message.field_invalid"),
            Bad("deep", planted("[" * 100_000 + "]" * 100_000), "message.too_deep"),
            Bad("huge", planted(f'"{"长" * 30_000}"'), "message.field_invalid"),
            Bad("empty", b"", "message.empty"),
            Bad("blank", b" \r\n\t\n", "message.empty"),
            Bad("array", b"[" + planted('"a"') + b"]", "message.not_an_object"),
        ],
    )


def input_half_written(ground: Ground) -> str:
    """Write a file slowly; leave half of one; put there what is no file, and evil names."""
    stand = demo(ground)
    files = files_of(stand, SENDER)
    run = next(stand.serials)
    outbox = files.root / "outbox"
    slow, slow_name = document(stand), f"{run}-slow.{KIND}"
    longest = _write_slowly(outbox / slow_name, _bytes(slow))
    is_accepted(files, slow_name)
    arrives(stand, slow)
    part = outbox / f"{run}-never.{KIND}.part"
    part.write_bytes(_bytes(document(stand))[:700])
    whole = document(stand)
    half = Bad("half", _bytes(whole)[:700], "message.invalid_json")
    told = _all_refused(stand, [half])
    mended = f"{run}-mended.{KIND}"
    files.drop(mended, _bytes(whole))
    is_accepted(files, mended)
    evil: dict[str, str] = {
        f"{run}-folder.{KIND}": "file.not_regular",
        f"{run}-link.{KIND}": "file.not_regular",
        f"{run}-pipe.{KIND}": "file.not_regular",
        f"{run}-new\nline.{KIND}": "file.name_invalid",
        f"{run}-\u202enosj.{KIND}": "file.name_invalid",
        f"{run}-{'n' * (255 - len(str(run)) - len(KIND) - 2)}.{KIND}": "file.name_invalid",
    }
    folder, link, pipe, *names = evil
    (outbox / folder).mkdir()
    (outbox / link).symlink_to(stand.home.key(SENDER))
    os.mkfifo(outbox / pipe)
    for name in names:
        (outbox / name).write_bytes(_bytes(whole))
    for name, code in evil.items():
        is_clear(_reason(files, name), Bad(name, b"", code))
        assert not files.is_on_its_way(name), name
    assert (files.root / "refused" / link).is_symlink()
    behind = document(stand)
    files.drop(f"{run}-behind.{KIND}", _bytes(behind))
    arrives(stand, behind)
    assert part.exists(), "an unfinished file was taken"
    part.unlink()
    return (
        f"a file written over {GROWING_SECONDS:g} s (longest pause {longest:.2f} s) arrived once, "
        f"whole; {told}; mended by a "
        f"new file; a .part left alone; {len(evil)} of folder, link, pipe, newline, direction "
        "override and 255 bytes refused by name; the next file arrived"
    )


CHECKS: Final = (
    Check("input_gbk_and_bom", input_gbk_and_bom),
    Check("input_full_width_digits", input_full_width_digits),
    Check("input_nul_and_surrogates", input_nul_and_surrogates),
    Check("input_half_written", input_half_written),
)


def _all_refused(stand: Stand, bads: Sequence[Bad], wheres: Sequence[str] = ()) -> str:
    """Drop them and a good file behind; see each refused by its own name, the good one arrive."""
    files = files_of(stand, SENDER)
    run = next(stand.serials)
    began = monotonic()
    names = [f"{run}-{place:02d}-{bad.name}.{KIND}" for place, bad in enumerate(bads)]
    for name, bad in zip(names, bads, strict=True):
        files.drop(name, bad.content)
    good = document(stand)
    files.drop(f"{run}-99-good.{KIND}", _bytes(good))
    for place, (name, bad) in enumerate(zip(names, bads, strict=True)):
        reason = _reason(files, name)
        is_clear(reason, bad, wheres[place] if wheres else None)
        assert files.refused_content(name) == bad.content, f"{name} is not the dropped one"
        assert not files.is_on_its_way(name), f"{name} still lies in the outbox or in work"
    is_accepted(files, f"{run}-99-good.{KIND}")
    arrives(stand, good)
    listed = ", ".join(f"{bad.name} {bad.code}" for bad in bads)
    return f"{len(bads)} refused by name ({listed}), the next arrived, {monotonic() - began:.1f} s"


def _reason(files: Files, name: str) -> Document:
    path = files.root / "refused" / beside(name, REASON)
    wait_until(path.exists, SECONDS_MAX, f"the reason of {name!r}")
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write_slowly(path: Path, content: bytes) -> float:
    """Write under the final name, in steps, and see that it is left alone the while.

    Return the longest pause. On a busy host that may be longer than the connector's two looks: then
    half of the file may be taken and refused, and is put back as it grows.
    """
    size = len(content) // int(GROWING_SECONDS / STEP_SECONDS) + 1
    longest, before = 0.0, monotonic()
    with path.open("wb") as file:
        for start in range(0, len(content), size):
            file.write(content[start : start + size])
            file.flush()
            time.sleep(STEP_SECONDS)
            longest, before = max(longest, monotonic() - before), monotonic()
            was_left = path.exists() or longest > LOOKS_SECONDS
            assert was_left, f"taken after {start + size} of {len(content)} bytes"
    return longest


def _in_gb18030(path: Path) -> Document:
    wait_until(path.exists, SECONDS_MAX, path.name)
    found: Document = json.loads(path.read_bytes().decode("gb18030"))
    return found


def _wide(text: str) -> str:
    return "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text)


def _text(content: Any) -> str:
    return json.dumps(content, ensure_ascii=False)


def _bytes(content: Any) -> bytes:
    return _text(content).encode()
