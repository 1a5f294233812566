"""The bus chapter: the commands that tell what was decided and why, and one writer per casebook."""

import io
import json
import re
from collections import Counter
from contextlib import redirect_stdout
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from schemas.ids import BUS
from services.casebook.tables import MESSAGES
from services.cli.casebook_view import reading
from services.cli.main import main
from tests.prove.chapter import Check, Ground
from tests.prove.flow_writer import exchange_pids
from tests.prove.stand import COMMAND_SECONDS_MAX, Stand, demo, python

BASIS: Final = re.compile("《[^》]+》第[一二三四五六七八九十百零]+条")
INSISTED: Final = "坚持移送"
TRANSFERS: Final = ("LeadTransfer", "CaseTransfer")
MESSAGES_MIN: Final = 300  # of the demo; fewer would not be the whole
ORGANS: Final = ("yanjiao", "langdai", "liuzhi-cgj", "liuzhi-scjg", "liuzhi-swj", "liuzhi-sfj")
INBOX_MAX: Final = "100000"
READ_AS_TEXT: Final = 3  # transfers whose trace is read as text, in both languages
NOT_TRIED: Final = 3

_YANJIAO: Final = "520203102000"
_LANGDAI: Final = "520203110000"
_JIULONG: Final = "520203001000"  # a subdistrict: GH-002 is for towns and townships alone

Document = dict[str, Any]


class Known(NamedTuple):
    """A message of the casebook."""

    id: str
    record: str
    outcome: str
    case: str
    number: str | None


class Asked(NamedTuple):
    """A question to `route`, and the answer that the demo's rulebook must give."""

    matter: str
    place: str
    dates: tuple[str, ...]  # act, found, filed, transfer; "" where left out
    verdict: str
    organs: tuple[str, ...]
    rule: str | None
    runner_up: str | None = None
    address: str = ""


QUESTIONS: Final = (
    Asked("CG-009", _YANJIAO, (), "competent", ("liuzhi-cgj",), "F-009"),
    # taken back on 1 July: the day of the act, of finding, of filing, of transfer decides
    Asked(
        "CG-007",
        _YANJIAO,
        ("2026-06-25", "2026-07-03", "", "2026-07-05"),
        "competent",
        ("yanjiao",),
        "S-085",
        "F-007",
    ),
    Asked(
        "CG-008",
        _YANJIAO,
        ("2026-06-25", "2026-07-03", "", "2026-07-05"),
        "competent",
        ("liuzhi-cgj",),
        "F-008",
    ),
    Asked(
        "CG-003",
        _YANJIAO,
        ("2026-06-20", "2026-06-25", "2026-06-28", "2026-07-05"),
        "competent",
        ("yanjiao",),
        "S-083",
        "F-003",
    ),
    Asked(
        "CG-011",
        _YANJIAO,
        ("2026-06-20", "2026-06-25", "", "2026-07-05"),
        "competent",
        ("liuzhi-cgj",),
        "F-011",
    ),
    Asked("GH-002", _JIULONG, (), "gap", (), None),
    Asked("ZR-002", _LANGDAI, (), "concurrent", ("liuzhi-zrzy", "liuzhi-nyj"), "B-051"),
    Asked("CG-009", _YANJIAO, (), "place_conflict", (), "F-009", address="郎岱镇示例街1号"),
)


def trace_tells_all(ground: Ground) -> str:
    """Trace every message of the demo's casebook; each accepted transfer in full."""
    stand = demo(ground)
    known = _messages(stand)
    assert len(known) >= MESSAGES_MIN, f"only {len(known)} messages"
    transfers, insisted = [], 0
    for message in known:
        story = _traced(stand, message.id)
        # What waited has a second step, with its decision; what was held is let go by another's.
        *_, step = (step for step in story["steps"] if step["message"] == message.id)
        assert step["record"] == message.record, f"{message}: told as {step['record']}"
        outcome = "accepted" if _is_released(story, message.id) else step["outcome"]
        assert outcome == message.outcome, f"{message}: told as {outcome}"
        assert step["rulebook"], f"{message}: by no rulebook"
        if message.outcome in {"rejected", "held"}:
            assert step["code"], f"{message}: no code"
        if message.record in TRANSFERS and message.outcome == "accepted":
            if _tells_a_transfer(story, step):
                transfers.append(story)
            else:
                insisted += 1
    said = _said_by_the_bus(stand)
    for envelope in said:
        found = _traced(stand, envelope["message_id"])["case"]
        assert found == envelope["case_id"], f"{envelope['record']}: {found}"
    plain = [story for story in transfers if story["document_number"] in _named_once(known)]
    assert len(plain) >= READ_AS_TEXT, f"only {len(plain)} transfers with a number of their own"
    for story in plain[:READ_AS_TEXT]:
        _reads_well(stand, story)
    outcomes = Counter(message.outcome for message in known)
    counted = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    return (
        f"{len(known)} messages ({counted}), each with record, outcome and rulebook; "
        f"{len(transfers)} accepted transfers with rule, 《…》第…条, recipient and due dates, "
        f"{insisted} more against the rulebook, with its answer and that the sender insisted; "
        f"{len(said)} receipts and cards by their own ids; {READ_AS_TEXT} read as text in "
        "Chinese and English, by case, message and 文号"
    )


def route_explains(ground: Ground) -> str:
    """Ask for a plain case, four transitional clauses, a gap, a concurrence and a contradiction."""
    stand = demo(ground)
    for asked in QUESTIONS:
        (answer,) = stand.objects("route", *_arguments(asked))
        what = f"{asked.matter} at {asked.place}"
        found = tuple(organ["alias"] for organ in answer["organs"])
        told = (answer["verdict"], sorted(found), answer["rule"], answer["runner_up"])
        wanted = (asked.verdict, sorted(asked.organs), asked.rule, asked.runner_up)
        assert told == wanted, f"{what}: {told}, not {wanted}"
        for language in ("zh", "en"):
            _explains(what, answer, answer[f"explanation_{language}"])
        printed = stand.yichuan("route", *_arguments(asked))
        assert answer["explanation_zh"] in printed, f"{what}: not printed for people"
    verdicts = Counter(asked.verdict for asked in QUESTIONS)
    counted = ", ".join(f"{count} {verdict}" for verdict, count in verdicts.items())
    return f"{len(QUESTIONS)} questions ({counted}): organ, rule, 《…》第…条, the date that decides"


def one_sqlite_worker(ground: Ground) -> str:
    """Start a second worker on the demo's casebook."""
    stand = demo(ground)
    (holder,) = exchange_pids(stand).values()
    ground.command(
        "sh",
        "-c",
        '"$0" -m services.exchange --home "$1" --worker 1 2>"$2"',
        python(),
        stand.home.path,
        ground.scratch / "second-worker",
        env=stand.environment,
        exit_code=NOT_TRIED,
        seconds_max=COMMAND_SECONDS_MAX,
    )
    said = (ground.scratch / "second-worker").read_text(encoding="utf-8")
    for word in ("casebook.in_use", f"pid {holder}", "PostgreSQL"):
        assert word in said, f"it does not say {word}: {said}"
    assert list(exchange_pids(stand).values()) == [holder], "the first worker ended"
    return f"exit {NOT_TRIED}: {' / '.join(said.splitlines())}".replace(str(holder), "<pid>")


CHECKS: Final = (
    Check("trace_tells_all", trace_tells_all),
    Check("route_explains", route_explains),
    Check("one_sqlite_worker", one_sqlite_worker),
)


def _messages(stand: Stand) -> list[Known]:
    names = ("message_id", "record", "outcome", "case_id", "document_number")
    query = select(*(MESSAGES.c[name] for name in names)).order_by(MESSAGES.c.received_ms)
    with reading(stand.home) as connection:
        return [Known(*row) for row in connection.execute(query)]


def _named_once(known: list[Known]) -> set[str]:
    """Return the numbers that mean one case: of others `trace` lists the cases to choose from."""
    bearers = Counter(number for number, _ in {(one.number, one.case) for one in known})
    return {number for number, count in bearers.items() if number is not None and count == 1}


def _said_by_the_bus(stand: Stand) -> list[Document]:
    """Return the envelopes of all receipts and cards in the inboxes of those who take part."""
    letters = (
        letter["document"]["envelope"]
        for organ in ORGANS
        for letter in stand.objects("inbox", organ, "--limit", INBOX_MAX)
    )
    return [envelope for envelope in letters if envelope["sender"] == BUS]


def _traced(stand: Stand, named: str) -> Document:
    """Run the real command in this process: hundreds of processes would only take longer."""
    out = io.StringIO()
    with redirect_stdout(out):
        status = main(["trace", named, "--json", "--home", str(stand.home.path)])
    assert status == 0, f"trace {named}: exit {status}"
    (line,) = out.getvalue().splitlines()
    story: Document = json.loads(line)
    return story


def _is_released(story: Document, message_id: str) -> bool:
    """Whether a later step let go on what was held: a correction, or an operator's word."""
    effects = (effect for step in story["steps"] for effect in step["effects"])
    return any(one["effect"] == "released" and one["message"] == message_id for one in effects)


def _tells_a_transfer(story: Document, step: Document) -> bool:
    """Check recipient, explanation and due dates; return whether a rule decided it.

    Else the sender insisted, and then the rulebook's own answer and that it did must be told.
    """
    what = f"transfer {step['message']}"
    effects: dict[str, list[Document]] = {"accepted": [], "delivered": [], "duty_opened": []}
    for effect in (effect for one in story["steps"] for effect in one["effects"]):
        if effect["effect"] in effects:
            effects[effect["effect"]].append(effect)
    assert effects["delivered"], f"{what}: to nobody"
    assert effects["duty_opened"], f"{what}: opened no duty"
    assert story["duties"], f"{what}: has no duties"
    for duty in (*effects["duty_opened"], *story["duties"]):
        assert datetime.fromisoformat(duty["due"]).tzinfo, f"{what}: due {duty['due']}"
    decided = next((one for one in effects["accepted"] if one["explanation"]), None)
    assert decided is not None, f"{what}: no explanation"
    assert BASIS.search(decided["explanation"]), f"{what}: {decided['explanation']}"
    assert story["rule"] == decided["rule"], f"{what}: its head has {story['rule']}"
    if decided["rule"] is None:
        assert INSISTED in decided["explanation"], f"{what}: {decided['explanation']}"
        return False
    assert BASIS.search(decided["basis"] or ""), f"{what}: basis {decided['basis']}"
    assert story["basis"] == decided["basis"], f"{what}: its head has {story['basis']}"
    return True


def _reads_well(stand: Stand, story: Document) -> None:
    """The text names rule, basis, organs and due dates, whatever it is asked by."""
    due = datetime.fromisoformat(story["duties"][0]["due"])
    for named in (story["case"], story["steps"][0]["message"], story["document_number"]):
        for language in ("zh", "en"):
            printed = stand.ground.command(
                *stand.command("trace", named),
                env={**stand.environment, "YICHUAN_LANG": language},
                seconds_max=COMMAND_SECONDS_MAX,
            )
            needed = (story["case"], story["rule"], story["basis"], story["handler"]["name"])
            for word in (*needed, str(due.year), "due" if language == "en" else "到期"):
                assert word in printed, f"trace {named} does not say {word}"


def _arguments(asked: Asked) -> list[str]:
    names = ("--act-date", "--found-date", "--filed-date", "--transfer-date")
    days = zip(names, asked.dates, strict=False)
    given = [part for name, day in days if day for part in (name, day)]
    if asked.address:
        given += ["--address", asked.address]
    return ["--from", "liuzhi-scjg", "--place", asked.place, "--matter", asked.matter, *given]


def _explains(what: str, answer: Document, explanation: str) -> None:
    """The words name the place, the matter, and where there is a rule its basis and organ."""
    needed = [answer["place"], answer["matter"]]
    if answer["verdict"] in {"competent", "concurrent"}:
        assert BASIS.search(answer["basis"] or ""), f"{what}: basis {answer['basis']}"
        needed += [answer["rule"], answer["basis"]]
        needed += [organ["name"] for organ in answer["organs"]]
        assert [entry for entry in answer["considered"] if entry["standing"] == "wins"], what
    for word in needed:
        assert word in explanation, f"{what}: the explanation does not say {word}: {explanation}"
