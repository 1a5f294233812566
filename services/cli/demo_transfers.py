"""The demo's transfer letters (annexes 1 and 2), as an agency's system would export them. Pure.

Everything follows from the scenario, the run's number, the day and the rulebook, so that a run can
be repeated and its documents checked without a bus.
"""

from datetime import date, timedelta
from typing import Final

from stdnum.cn import uscc

from schemas.ids import DivisionCode, MatterCode
from services.cli.demo_scenarios import Scenario
from services.cli.demo_setting import (
    Document,
    Setting,
    contact_of,
    number_of,
    officers_of,
    own_number,
    serial,
    transfer_number,
)
from services.cli.demo_words import COMPANIES, FACTS, FIRMS, PERSONS, Facts
from services.rulebook.jurisdiction import Question, route

_DAY: Final = timedelta(days=1)
_RESIDENT_DIGITS: Final = 17
_KINDS: Final = ("person", "individual_business", "organisation")
_REGISTERED: Final = {"individual_business": "92520299MA", "organisation": "91520299MA"}


def transfer(scenario: Scenario, setting: Setting) -> Document:
    """Return the transfer letter (annexes 1 and 2) of a scenario."""
    facts = FACTS[MatterCode(scenario.matters[0])]
    items = _items(facts, scenario, setting)
    disposed = bool(items) and scenario.number % 4 == 0
    document: Document = {
        "record": scenario.record,
        "envelope": _envelope(scenario, setting),
        "parties": [_party(scenario, setting)],
        "violations": [
            _violation(number, matter, scenario, setting)
            for number, matter in enumerate(scenario.matters, start=1)
        ],
        "reason": _story(facts, scenario, setting),
        "legal_basis": "《中华人民共和国行政处罚法》第二十二条；" + _basis(scenario, setting),
        "evidence": _evidence(facts, scenario, setting),
        "volumes": 1,
        "pages": 12 + scenario.number % 40,
        "items": items,
        "disposals": [_disposal(facts, setting)] if disposed else [],
        "source": {
            "kind": ("inspection", "patrol", "complaint")[scenario.number % 3],
            "register_number": f"登〔{setting.today.year}〕{serial(scenario, setting)}",
        },
        "contact": contact_of(scenario.sender, setting),
    }
    if scenario.record == "case_transfer":
        document["filed_on"] = str(setting.today - 4 * _DAY)
        document["case_number"] = own_number("立", scenario.sender, scenario, setting)
    return document


def resident_number(born: date, order: int) -> str:
    """Return an invented identity number: 520299 is no division; the check digit is right."""
    digits = f"520299{born:%Y%m%d}{order % 1000:03d}"
    weights = (pow(2, _RESIDENT_DIGITS - place, 11) for place in range(_RESIDENT_DIGITS))
    total = sum(int(digit) * weight for digit, weight in zip(digits, weights, strict=True))
    return digits + "10X98765432"[total % 11]


def credit_code(kind: str, order: int) -> str:
    """Return an invented unified social credit code (GB 32100) of 520299; its digit is right."""
    digits = f"{_REGISTERED[kind]}{order % 10_000_000:07d}"
    return digits + str(uscc.calc_check_digit(digits))


def address_of(place: str, scenario: Scenario, setting: Setting) -> str:
    """Return an invented address whose text agrees with the division's code."""
    return f"{setting.place_name(place)}示例路{10 + scenario.number}号"


def _envelope(scenario: Scenario, setting: Setting) -> Document:
    officers = officers_of(scenario.sender, setting)
    envelope: Document = {
        "document_number": transfer_number(scenario, setting),
        "officers": officers[:1] if scenario.twist == "one_officer" else officers,
    }
    if scenario.named:
        envelope["addressees"] = [setting.organ(scenario.receiver).code]
    if scenario.twist == "insists":
        envelope["insist_reason"] = "该点位同时无照经营瓶装气，已与贵局口头会商，请一并查处。"
    return envelope


def _story(facts: Facts, scenario: Scenario, setting: Setting) -> str:
    place = setting.place_name(scenario.place)
    found = facts.text.format(party=_party_name(scenario), place=place)
    on = _found_on(scenario, setting)
    return (
        f"{on.year}年{on.month}月{on.day}日，我单位执法人员检查时发现：{found}"
        f"经审查，该行为不属于我单位管辖，现依法移送。"
    )


def _violation(number: int, matter: str, scenario: Scenario, setting: Setting) -> Document:
    known = setting.rulebook.matters[MatterCode(matter)]
    found_on = _found_on(scenario, setting)
    return {
        "number": number,
        "matter": matter,
        "place": scenario.place,
        "cause": known.name,
        "act_from": str(found_on - (1 + scenario.number % 5) * _DAY),
        "act_to": str(found_on),
        "continuing": scenario.number % 5 == 0,
        "found_on": str(found_on),
        "place_text": address_of(scenario.place, scenario, setting),
        "penalty_article": _basis_of(matter, scenario, setting),
    }


def _evidence(facts: Facts, scenario: Scenario, setting: Setting) -> list[Document]:
    officers = officers_of(scenario.sender, setting)
    on = str(_found_on(scenario, setting))
    names = "、".join(officer["name"] for officer in officers)
    shared = {"obtained_on": on, "obtained_by": names}
    return [
        {
            "number": 1,
            "kind": "audiovisual",
            "name": facts.photo,
            "original": False,
            "copy_reason": "电子照片打印件，与原始存储介质核对一致",
            "pages": 4,
            "obtained_from": "现场",
            **shared,
        },
        {
            "number": 2,
            "kind": "inspection_record",
            "name": "现场检查笔录",
            "original": True,
            "pages": 2,
            "obtained_from": "现场",
            **shared,
        },
        {
            "number": 3,
            "kind": "party_statement",
            "name": "当事人询问笔录",
            "original": True,
            "pages": 3,
            "obtained_from": _party_name(scenario),
            **shared,
        },
    ][: 2 + scenario.number % 2]


def _items(facts: Facts, scenario: Scenario, setting: Setting) -> list[Document]:
    thing = facts.item
    if thing is None:
        return []
    sealed = scenario.number % 2 == 0
    on = _found_on(scenario, setting)
    measure = {
        "measure": "registered",
        "measure_document": number_of("保字", scenario.sender, scenario.number, setting),
        "measure_from": str(on),
        "measure_until": str(on + 7 * _DAY),
    }
    return [
        {
            "number": 1,
            "name": thing.name,
            "model": thing.model,
            "unit": thing.unit,
            "quantity": thing.quantity,
            "condition": "完好",
            "estimated_value": thing.value,
            "keeper": setting.organ(scenario.sender).name,
            "kept_at": f"{setting.organ(scenario.sender).address}物证室",
            **(measure if sealed else {"measure": "none"}),
        }
    ]


def _disposal(facts: Facts, setting: Setting) -> Document:
    value = facts.item.value if facts.item else "0.00"
    return {
        "item": 1,
        "basis": "易腐或者不宜长期保存，经负责人批准先行处置",
        "disposed_on": str(setting.today - _DAY),
        "method": "依法变卖",
        "evidence_kept": "留存照片、样品及变卖清单",
        "proceeds": value,
        "voucher": "示例票据0001",
    }


def _party(scenario: Scenario, setting: Setting) -> Document:
    """Return another party in each run: the bus knows again what was declined before."""
    kind, number = _KINDS[scenario.number % 3], scenario.number
    runs_on, order = divmod(serial(scenario, setting), 1000)
    party = {
        "kind": kind,
        "name": _party_name(scenario),
        "address": f"六枝特区示例小区{number}栋",
        "phone": f"1990000{number:04d}",
    }
    if kind == "person":
        born = date(1965 + (number + runs_on) % 35, 1 + number % 12, 1 + number % 28)
        return party | {
            "sex": "男" if order % 2 else "女",
            "birth_date": str(born),
            "id_type": "居民身份证",
            "id_number": resident_number(born, order),
        }
    return party | {
        "uscc": credit_code(kind, serial(scenario, setting)),
        "legal_representative": PERSONS[(number * 5) % len(PERSONS)],
    }


def _party_name(scenario: Scenario) -> str:
    names = {"person": PERSONS, "individual_business": FIRMS, "organisation": COMPANIES}
    pool = names[_KINDS[scenario.number % 3]]
    return pool[(scenario.number // 3) % len(pool)]


def _basis(scenario: Scenario, setting: Setting) -> str:
    bases = (_basis_of(matter, scenario, setting) for matter in scenario.matters)
    return "；".join(dict.fromkeys(bases))


def _basis_of(matter: str, scenario: Scenario, setting: Setting) -> str:
    """Return the articles by which the rulebook's rule for the matter goes."""
    found_on = _found_on(scenario, setting)
    place = DivisionCode(scenario.place)
    question = Question(place, MatterCode(matter), found_on, found_on, None, setting.today)
    found = route(setting.rulebook, question).basis
    return found or "《中华人民共和国行政处罚法》第二十二条"


def _found_on(scenario: Scenario, setting: Setting) -> date:
    return setting.today - (5 + scenario.number % 3) * _DAY
