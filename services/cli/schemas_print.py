"""What `yichuan schemas …` prints: steps with their reasons, findings, the fields of a record."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from schemas.describe import Description
from schemas.errors import text
from schemas.lint import Finding
from schemas.rollout import Reason, Step, Verdict
from schemas.topics import RECORDS
from services.cli.exit_codes import NO
from services.cli.output import emit_json, error_object, in_language, print_error, table


def refuse_lint(found: Sequence[Finding], *, as_json: bool) -> int:
    """Print the findings and the error; return the exit code."""
    if not as_json:
        heads = (
            in_language("位置", "path"),
            in_language("规则", "rule"),
            in_language("说明", "why"),
        )
        table(heads, [(entry.path, entry.code, entry.message) for entry in found])
    words = error_object(text("schema.lint_failed"), found[0].path, found[0].message)
    print_error(words, as_json=as_json, findings=[asdict(entry) for entry in found])
    return NO


def refuse_steps(steps: Sequence[Step], *, as_json: bool) -> int:
    """Print every step and the error with all its reasons; return the exit code."""
    if not as_json:
        print_steps(steps, as_json=False)
    refused = [entry for entry in steps if entry.verdict is Verdict.REFUSED]
    first = refused[0].reasons[0].found
    detail = f"{first.path}: {in_language(first.zh, first.en)}"
    words = error_object(text("schema.incompatible"), refused[0].subject, detail)
    print_error(words, as_json=as_json, refused=[_step_object(entry) for entry in refused])
    return NO


_VERDICTS: Final = {
    Verdict.NEW: ("新增", "new"),
    Verdict.UNCHANGED: ("不变", "unchanged"),
    Verdict.NEW_VERSION: ("新版本", "new version"),
    Verdict.REFUSED: ("拒绝", "REFUSED"),
}


def print_steps(steps: Sequence[Step], *, as_json: bool) -> None:
    """Print what becomes of each subject."""
    if as_json:
        for entry in steps:
            emit_json(_step_object(entry))
        return
    heads = (
        in_language("主题—记录", "subject"),
        in_language("处理", "step"),
        in_language("理由", "why"),
    )
    rows = []
    for entry in steps:
        why = "\n".join(map(_reason_text, entry.reasons))
        rows.append((entry.subject, in_language(*_VERDICTS[entry.verdict]), why))
    table(heads, rows)


def _reason_text(reason: Reason) -> str:
    found = reason.found
    return f"v{reason.version} {found.path}: {in_language(found.zh, found.en)}"


def _step_object(entry: Step) -> dict[str, Any]:
    return {
        "subject": entry.subject,
        "record": RECORDS[entry.record].snake,
        "step": entry.verdict,
        "reasons": [
            {"version": reason.version, **asdict(reason.found)} for reason in entry.reasons
        ],
    }


def description_object(description: Description) -> dict[str, Any]:
    """Return the stable form, its keys as design, section 5 names them."""
    listed = asdict(description)
    listed["flow"] = listed.pop("opens")
    for path in listed["paths"]:
        path["class"] = path.pop("confidentiality")
        path["required_at_intake"] = path.pop("required")
    return listed


def print_description(found: Description) -> None:
    """Print the table of a record's fields."""
    flows = ", ".join(found.flows) or "inbox"
    title = f"{found.record} {found.zh} ({found.author}; {flows})"
    heads = (
        in_language("路径", "path"),
        in_language("类型", "type"),
        in_language("类别", "class"),
        in_language("必填", "required"),
        in_language("说明", "meaning"),
    )
    rows = (
        (
            path.path,
            path.type + (f": {', '.join(path.symbols)}" if path.symbols else ""),
            path.confidentiality,
            in_language("是", "yes") if path.required else "",
            in_language(path.zh, path.en),
        )
        for path in found.paths
    )
    table(heads, rows, title=title)
