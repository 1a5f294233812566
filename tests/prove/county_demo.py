"""The county chapter: the demo's messages, judged by its summary and by the agencies' systems."""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

from schemas.parts import Flow
from services.cli.demo_scenarios import AGENCIES
from tests.prove.agencies import Files, files_of, rows_of
from tests.prove.chapter import Check, Ground
from tests.prove.stand import DEMO_SECONDS_MAX, Stand, demo

MESSAGES_MIN: Final = 200
OF_A_FLOW_MIN: Final = 10
REFUSED_KINDS_MIN: Final = 80
SHOWN: Final = "RoutingAssignment"

Document = dict[str, Any]


class Sent(NamedTuple):
    """A message of an agency, as its own system shows it."""

    alias: str
    record: str
    flow: str  # "": refused before it was on one
    code: str  # "": accepted or held


def county_demo(ground: Ground) -> str:
    """Run the demo again on the stand, as a program does, and compare with what agencies have."""
    stand = demo(ground)
    printed = ground.command(
        *stand.command("demo", "--json"), env=stand.environment, seconds_max=DEMO_SECONDS_MAX
    )
    told: Document = json.loads(printed)
    assert told["ok"], told["wrong"] or told["unfinished"]
    sent = [one for alias in AGENCIES for one in _sent(stand, alias, told["run"])]
    assert len(sent) == told["messages"] >= MESSAGES_MIN, f"{len(sent)}, told {told['messages']}"
    flows = Counter(one.flow for one in sent if one.flow)
    few = [flow for flow in Flow if flows[flow] < OF_A_FLOW_MIN]
    assert not few, f"fewer than {OF_A_FLOW_MIN} messages on {', '.join(few)}"
    codes = Counter(one.code for one in sent if one.code)
    assert dict(codes) == told["refused_by_code"], "the agencies were refused otherwise than told"
    assert len(codes) >= REFUSED_KINDS_MIN, f"only {len(codes)} kinds of refusal"
    assert told["held_corrected"], "nothing was held and corrected"
    got = {alias: list(_got(files_of(stand, alias))) for alias in _folders()}
    _are_released(told, got)
    _has_two_sides(told, got)
    counted = ", ".join(f"{flow} {flows[flow]}" for flow in Flow)
    return (
        f"{len(sent)} messages of {len(AGENCIES)} agencies ({counted}); {len(codes)} kinds of "
        f"refusal, each with its code; held and corrected {len(told['held_corrected'])}, held and "
        f"assigned {len(told['held_assigned'])}; one {SHOWN} held by two"
    )


CHECKS: Final = (Check("county_demo", county_demo),)


def _are_released(told: Document, got: dict[str, list[Document]]) -> None:
    """What the supervisor assigned is in the hands of the organ it was assigned to."""
    assigned = {
        document["envelope"]["case_id"]
        for documents in got.values()
        for document in documents
        if document["envelope"]["record"] == SHOWN
        and document["envelope"]["delivery"]["relation"] == "handler"
    }
    missing = set(told["held_assigned"]) - assigned
    assert told["held_assigned"], "nothing was held and assigned"
    assert not missing, f"assigned, but in nobody's system: {', '.join(missing)}"


def _has_two_sides(told: Document, got: dict[str, list[Document]]) -> None:
    """The side-by-side is of copies that lie in the two agencies' systems."""
    sides = told["side_by_side"]
    assert len(sides) == 2, "no document is shown side by side"
    for side in sides:
        if side["organ"] not in got:
            continue
        told_of = ("relation", "withheld", "masked")
        held = [
            {key: document["envelope"]["delivery"][key] for key in told_of}
            for document in got[side["organ"]]
            if document["envelope"]["record"] == SHOWN
        ]
        assert {key: side[key] for key in told_of} in held, f"{side['organ']} has no such copy"


def _sent(stand: Stand, alias: str, run: int) -> Iterator[Sent]:
    found = _of_files if AGENCIES[alias] == "folder" else _of_rows
    yield from found(stand, alias, f"{run:03d}-")


def _of_files(stand: Stand, alias: str, prefix: str) -> Iterator[Sent]:
    root = files_of(stand, alias).root
    for receipt in root.glob(f"sent/{prefix}*.receipt.json"):
        document = _read(receipt.with_name(receipt.name.removesuffix(".receipt.json")))
        flow = _read(receipt)["envelope"]["flow"]
        yield Sent(alias, document["record"], flow, "")
    for reason in root.glob(f"refused/{prefix}*.reason.json"):
        document = _read(reason.with_name(reason.name.removesuffix(".reason.json")))
        yield Sent(alias, document["record"], "", _read(reason)["code"])


def _of_rows(stand: Stand, alias: str, prefix: str) -> Iterator[Sent]:
    asked = (
        "SELECT biz_type, receipt, status, err_code FROM EX_OUT WHERE biz_key LIKE ?"
        " AND (receipt IS NOT NULL OR status = 9)"
    )
    with closing(sqlite3.connect(rows_of(stand, alias).file)) as database:
        for record, receipt, status, code in database.execute(asked, (f"{prefix}%",)):
            is_refused = status == 9
            flow = "" if is_refused else json.loads(receipt)["envelope"]["flow"]
            yield Sent(alias, record, flow, code if is_refused else "")


def _got(files: Files) -> Iterator[Document]:
    for folder in ("inbox", "taken"):
        for path in (files.root / folder).glob("*.json"):
            yield _read(path)


def _folders() -> tuple[str, ...]:
    return tuple(alias for alias, kind in AGENCIES.items() if kind == "folder")


def _read(path: Path) -> Document:
    found: Document = json.loads(path.read_text(encoding="utf-8"))
    return found
