"""`yichuan route`: whose is a matter at a place on given dates, rule by rule."""

from datetime import date, datetime
from typing import Annotated, Any

import typer

from connectors.bus.clock import now
from schemas.errors import UserError
from schemas.ids import DivisionCode, MatterCode, OrganCode
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, say, table
from services.cli.rules import RulebookChoice, chosen_folder
from services.rulebook.calendar import local_date
from services.rulebook.directory import find
from services.rulebook.jurisdiction import ActDay, Answer, Question, Standing
from services.rulebook.jurisdiction import route as answer_of
from services.rulebook.load import load
from services.rulebook.model import DecidingDate, Division, Organ, Rulebook
from services.rulebook.place import contradicting

PLACE_CONFLICT = "place_conflict"
_STANDINGS = {
    Standing.WINS: ("适用", "applies"),
    Standing.LESS_SPECIFIC: ("不如前者具体", "less specific"),
    Standing.NOT_YET: ("尚未适用", "not yet"),
    Standing.ENDED: ("已不适用", "ended"),
    Standing.NO_ORGAN: ("目录中无此机关", "no such organ"),
}
_DECIDING = {
    DecidingDate.ACT: ("违法行为发生日", "act"),
    DecidingDate.FOUND: ("发现日", "found"),
    DecidingDate.FILED: ("立案日", "filed"),
    DecidingDate.TRANSFER: ("移送日", "transfer"),
}


def _day(help_text: str, name: str) -> Any:  # noqa: ANN401 - typer's option has no type to name
    return typer.Option(name, formats=["%Y-%m-%d"], help=help_text, show_default=False)


def route(  # noqa: PLR0913, PLR0917 - one parameter per option of the command line
    sender: Annotated[str, typer.Option("--from", help="code, name or alias / 移送机关")],
    place: Annotated[str, typer.Option("--place", help="12 digits / 违法行为发生地区划代码")],
    matter: Annotated[str, typer.Option("--matter", help="matter code / 事项代码")],
    address: Annotated[
        str | None, typer.Option("--address", help="the place in words / 地点文字")
    ] = None,
    act_date: Annotated[datetime | None, _day("of the act / 违法行为发生日", "--act-date")] = None,
    found_date: Annotated[datetime | None, _day("it was found / 发现日", "--found-date")] = None,
    filed_date: Annotated[datetime | None, _day("it was filed / 立案日", "--filed-date")] = None,
    transfer_date: Annotated[
        datetime | None, _day("of the transfer, else today / 移送日，缺省为当日", "--transfer-date")
    ] = None,
    home: HomeFolder = None,
    rulebook: RulebookChoice = None,
    as_json: AsJson = False,
) -> None:
    """Explain who is competent. A date left out is that of the step after it; transfer: today."""
    rules = load(chosen_folder(rulebook, home))
    transferred = _date(transfer_date) or local_date(now())
    found = _date(found_date) or _date(filed_date) or transferred
    question = Question(
        place=DivisionCode(place),
        matter=MatterCode(matter),
        act_date=_date(act_date) or found,
        found_date=found,
        filed_date=_date(filed_date),
        transfer_date=transferred,
        act_day=ActDay.GIVEN if act_date else ActDay.UNKNOWN,
    )
    organ = find(rules.directory, sender, transferred)
    if organ is None:
        raise UserError("organ.unknown", where="--from", detail=sender)
    if question.place not in rules.divisions:
        raise UserError("place.unknown", where="--place", detail=place)
    if question.matter not in rules.matters:
        raise UserError("matter.unknown", where="--matter", detail=matter)
    conflict = contradicting(rules, question.place, address) if address else None
    answer = answer_of(rules, question)
    if as_json:
        emit_json(_object(answer, organ, conflict))
    else:
        _print(answer, organ, conflict)


def _date(given: datetime | None) -> date | None:
    return given.date() if given else None


def _object(answer: Answer, sender: Organ, conflict: Division | None) -> dict[str, Any]:
    """Return the stable form of an answer, every key present."""
    question, rule = answer.question, answer.rule
    return {
        "verdict": PLACE_CONFLICT if conflict else answer.verdict,
        "organs": [] if conflict else [_organ(answer.rulebook, code) for code in answer.organs],
        "rule": rule.id if rule else None,
        "mode": rule.mode if rule else None,
        "basis": answer.basis,
        "runner_up": answer.runner_up.id if answer.runner_up else None,
        "considered": [
            {
                "rule": entry.rule.id,
                "area": entry.rule.area,
                "subject": entry.rule.subject,
                "competent": entry.rule.competent,
                "standing": entry.standing,
                "deciding_date": entry.rule.deciding_date,
                "on": entry.on,
                "valid_from": entry.rule.valid_from,
                "valid_to": entry.rule.valid_to,
                "basis": entry.rule.basis,
                "organ": entry.organ,
            }
            for entry in answer.considered
        ],
        "explanation_zh": answer.explanation_zh,
        "explanation_en": answer.explanation_en,
        "place_conflict": {"code": conflict.code, "name": conflict.name} if conflict else None,
        "own_matter": sender.code in answer.organs,
        "from": _organ(answer.rulebook, sender.code),
        "place": question.place,
        "matter": question.matter,
        "act_date": question.act_date,
        "found_date": question.found_date,
        "filed_date": question.filed_date,
        "transfer_date": question.transfer_date,
        "rulebook": answer.rulebook.hash,
    }


def _organ(rulebook: Rulebook, code: OrganCode) -> dict[str, str]:
    organ = rulebook.directory.organs[code]
    return {"code": organ.code, "alias": organ.alias, "name": organ.name}


def _print(answer: Answer, sender: Organ, conflict: Division | None) -> None:
    heads = (
        in_language("规则", "rule"),
        in_language("区域", "area"),
        in_language("判断", "standing"),
        in_language("以何日为准", "decided by"),
        in_language("适用期间", "in force"),
        in_language("依据", "basis"),
    )
    divisions = answer.rulebook.divisions
    table(
        heads,
        (
            (
                entry.rule.id,
                divisions[entry.rule.area].name,
                in_language(*_STANDINGS[entry.standing]),
                f"{in_language(*_DECIDING[entry.rule.deciding_date])} {entry.on}",
                f"{entry.rule.valid_from} – {entry.rule.valid_to or ''}",
                entry.rule.basis,
            )
            for entry in answer.considered
        ),
    )
    say(answer.explanation_zh, answer.explanation_en)
    if sender.code in answer.organs:
        say(
            "移送机关自己有管辖权，无须移送。",
            "The sender is itself competent: nothing to transfer.",
        )
    if conflict:
        say(
            f"地点文字指向{conflict.name}，与区划代码不符：该消息将暂存，由移送机关更正。",
            f"The address names {conflict.name}, not the code's place: held until it is corrected.",
        )
