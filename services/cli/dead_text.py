"""A dead letter and its retry in words. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from schemas.errors import texts
from services.cli.output import in_language, language, one_line
from services.cli.words import Words

STATUSES: Final[Words] = {
    "kept": ("留存", "kept"),
    "resent": ("已重发", "sent again"),
    "frozen": ("案件冻结", "its case is frozen"),
    "decided": ("已处理", "decided"),
    "discarded": ("已舍弃", "discarded"),
}
STEPS: Final[Words] = {
    "resent": ("将原内容重新写入", "write the bytes again to"),
    "settled": ("令案件重新处理该消息，写入", "tell the case to decide it again, on"),
    "discarded": ("令案件舍弃该消息并继续，写入", "tell the case to go on without it, on"),
}


def letter_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a letter as people read it: why, whence, what has become of it, headers, envelope.

    Nothing of it was checked: whoever wrote it may have meant it for the operator's terminal.
    """
    return map(one_line, _letter_lines(document))


def _letter_lines(document: Mapping[str, Any]) -> Iterator[str]:
    words = texts().get(document["code"] or "")
    meaning, cure = words.in_language(language()) if words else ("", "")
    head = in_language("死信", "dead letter")
    yield f"{head} {document['id']}  {document['at']:%Y-%m-%d %H:%M:%S}Z"
    yield f"  {document['code'] or '-'}  {meaning}"
    if cure:
        yield f"  → {cure}"
    yield _line(("来源", "from"), document["source"])
    yield _line(("状态", "status"), in_language(*STATUSES[document["status"]]))
    yield _line(("消息", "message"), document["message"])
    yield _line(("案件", "case"), document["case"])
    for mark in document["retried"]:
        yield _line(("处理", "retried"), f"{mark['at']:%Y-%m-%d %H:%M:%S}Z {mark['as']}")
    yield in_language("  消息头", "  headers")
    for name, value in document["headers"].items():
        yield f"    {name}: {value}"
    yield in_language(
        "  内容（未经核实，仅公开项）", "  content (not verified, what is public only)"
    )
    content = dict(document["content"])
    envelope = content.pop("envelope", {})
    for name, value in {**content, **envelope}.items():
        if value not in (None, []):
            yield f"    {name}: {value}"
    for name in ("key", "value"):
        if document.get(name) is not None:
            yield f"  {name} (base64): {document[name]}"


def retry_lines(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield what a retry did, or would do."""
    step = in_language(*STEPS[document["as"]])
    place = (
        document["to"]
        if document["partition"] is None
        else (f"{document['to']}/{document['partition']}")
    )
    if document["dry_run"]:
        yield in_language(f"试运行，未作改动：{step} {place}", f"dry run: would {step} {place}")
        return
    yield in_language(f"已{step} {place}", f"done: {step} {place}")
    if document["state"] is not None:
        yield in_language(
            f"案件 {document['case']} 已恢复，状态：{document['state']}",
            f"case {document['case']} goes on: {document['state']}",
        )


def all_lines(code: str, number: int, *, dry_run: bool) -> Iterator[str]:
    """Yield what a retry of all letters of a code did, or would do."""
    if dry_run:
        yield in_language(
            f"试运行，未作改动：{code} 的 {number} 件将写回原处",
            f"dry run: would write {number} letters of {code} to where they lay",
        )
        return
    yield in_language(
        f"{code} 的 {number} 件已写回原处",
        f"done: {number} letters of {code} are written to where they lay",
    )


def _line(head: tuple[str, str], value: object) -> str:
    return f"  {in_language(*head)}: {'-' if value is None else value}"
