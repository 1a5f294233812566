"""Is this rulebook fit to be used? Every finding with file and line, the gravest first.

lint_directory.py, lint_jurisdiction.py, lint_gaps.py, lint_guidance.py, lint_calendar.py and
lint_sharing.py hold the rules about organs, competences, what nobody has, who devolved what,
working days, and what may be seen by whom.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from itertools import combinations
from typing import Final

from schemas.topics import RECORDS
from services.rulebook.finding import Finding, Severity, error
from services.rulebook.guidance import KIND as GUIDANCE
from services.rulebook.layout import DUTIES, HEAD
from services.rulebook.lint_calendar import calendar_findings
from services.rulebook.lint_directory import directory_findings
from services.rulebook.lint_gaps import gap_notes
from services.rulebook.lint_guidance import guidance_findings
from services.rulebook.lint_jurisdiction import jurisdiction_findings
from services.rulebook.lint_sharing import reach_findings, sharing_findings
from services.rulebook.model import Calendar, DutyRule
from services.rulebook.parse import repeated, rulebook_of
from services.rulebook.source import Source, read
from services.rulebook.tables import Unreadable

# Without a general length for these a case cannot be decided at all (domain, section 4).
DUTIES_NEEDED: Final = (
    "sign_for",
    "decide_filing",
    "decide_case",
    "outcome_feedback",
    "inform_complainant",
    "complainant_feedback",
    "handle",
    "answer_request",
    "answer_assistance",
    "answer_withdrawal",
    "negotiate",
    "reissue",
    "request_designation",
    "designate",
    "handover",
    "return_custody",
    "custody_check",
    "settle_discrepancy",
    "assist",
    "answer_joint_plan",
    "decide_joint_plan",
    "joint_outcome",
    "answer_supervision",
)
# Every kind that a rulebook may give a length for; without the last nobody is owed guidance.
DUTIES_KNOWN: Final = frozenset((*DUTIES_NEEDED, GUIDANCE))

_BUS: Final = re.compile(r"[a-z0-9-]{2,40}")
_ORDER: Final = tuple(Severity)


def lint(files: Mapping[str, bytes], library: Calendar, on: date) -> tuple[Finding, ...]:
    """Return all findings. `on` is today: what lies behind it is history, not a fault."""
    try:
        source = read(files)
    except Unreadable as unreadable:
        told = ((fault.where or "", fault.detail or "") for fault in unreadable.faults)
        return tuple(sorted((error("unreadable", at, how, how) for at, how in told), key=_place))
    findings = [
        *_head_findings(source),
        *directory_findings(source, on),
        *jurisdiction_findings(source, on),
        *sharing_findings(source),
        *_duty_findings(source, on),
        *calendar_findings(source, library, on),
    ]
    again = [
        error("repeated", where, f"{what} 重复", f"{what} appears twice")
        for where, what in repeated(source)
    ]
    if again:  # gaps and audiences are asked of the rulebook itself, which holds nothing twice
        findings += again
    else:
        rulebook = rulebook_of(source, files, library)
        findings += [
            *gap_notes(rulebook, source, on),
            *reach_findings(rulebook, source, on),
            *guidance_findings(rulebook, source, on),
        ]
    return tuple(sorted(findings, key=_place))


def _place(finding: Finding) -> tuple[int, str, int]:
    file, _, line = finding.where.partition(":")
    return _ORDER.index(finding.severity), file, int(line or 0)


def _head_findings(source: Source) -> Iterator[Finding]:
    head = source.head
    if _BUS.fullmatch(head.bus) is None:
        en = "is not 2 to 40 of a-z, 0-9 and -"
        yield error(
            "bus_form", HEAD, f"总线名称“{head.bus}”应为小写字母、数字或-", f"{head.bus} {en}"
        )
    if head.county not in {entry.value.code for entry in source.divisions}:
        zh, en = f"区划 {head.county} 不在 divisions.csv 中", f"no division {head.county}"
        yield error("dangling", HEAD, zh, en)


def _duty_findings(source: Source, on: date) -> Iterator[Finding]:
    kinds = {entry.value.kind for entry in source.organs}
    for rule, line in zip(source.duties.rules, source.duties.lines, strict=True):
        where = f"{DUTIES}:{line}"
        if rule.kind not in DUTIES_KNOWN:  # its length, for a sector or a record, would never hold
            zh, en = f"没有名为 {rule.kind} 的职责", f"there is no duty {rule.kind}"
            yield error("dangling", where, zh, en)
        if rule.sector is not None and rule.sector not in kinds:
            zh, en = f"没有 {rule.sector} 类部门", f"no department of kind {rule.sector}"
            yield error("dangling", where, zh, en)
        if rule.record is not None and rule.record not in RECORDS:
            zh, en = f"没有消息类型 {rule.record}", f"there is no record {rule.record}"
            yield error("dangling", where, zh, en)
        if rule.valid_to is not None and rule.valid_to < rule.valid_from:
            yield error("dates_reversed", where, "失效日早于生效日", "ends before it starts")
    placed = zip(source.duties.rules, source.duties.lines, strict=True)
    for (one, _), (other, line) in combinations(placed, 2):
        if _specific(one) == _specific(other) and _meet(one, other):
            zh, en = f"{one.kind} 的期限重复规定", f"{one.kind} has two lengths at one time"
            yield error("overlap", f"{DUTIES}:{line}", zh, en)
    for_all = [rule for rule in source.duties.rules if _specific(rule)[1:] == (None, None, None)]
    for kind in DUTIES_NEEDED:
        own = [rule for rule in for_all if rule.kind == kind]
        if not any(rule.valid_to is None for rule in own):
            zh, en = f"{kind} 没有普遍适用的期限", f"{kind} has no length that holds for all"
            yield error("duty_missing", DUTIES, zh, en)
        elif not any(rule.valid_from <= on <= (rule.valid_to or date.max) for rule in own):
            zh, en = f"{kind} 的普遍适用期限今日尚未生效", f"{kind} has no length for all today"
            yield error("duty_missing", DUTIES, zh, en)


def _specific(rule: DutyRule) -> tuple[str | None, ...]:
    return rule.kind, rule.sector, rule.record, rule.author


def _meet(one: DutyRule, other: DutyRule) -> bool:
    return one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (
        one.valid_to or date.max
    )
