"""What `yichuan verify` prints for people of what there is to say of a file."""

from collections.abc import Mapping
from typing import Any

from schemas.errors import text
from services.cli.output import in_language, language, listed, one_line
from services.cli.verify_judge import Verdict, What
from services.cli.words import clock_time, organ_word, record_word
from services.rulebook.model import Directory


def print_verdict(
    verdict: Verdict, document: Mapping[str, Any], directory: Directory | None
) -> None:
    """Print whose the file is, when, what is withheld by which rule, and what was changed."""
    envelope, delivery, fault = verdict.envelope, verdict.envelope.delivery, verdict.fault
    sender = organ_word(directory, document["from"]) if directory else document["from"]
    kinds = {
        What.ORIGINAL: in_language("原件", "original"),
        What.COPY: in_language("完整副本", "whole copy"),
        What.REDACTED: in_language("经遮蔽的副本", "redacted copy"),
        What.BUS: in_language("总线的通知", "the bus's own word"),
        What.OPENED: in_language("准予查看的字段", "opened fields"),
    }
    print(
        in_language("有效", "valid")
        if fault is None
        else text(fault.code).in_language(language())[0]
    )
    for head, value in (
        (in_language("消息", "message"), f"{record_word(envelope.record)} {envelope.message_id}"),
        (in_language("性质", "kind"), kinds[verdict.what]),
        (in_language("发送机关", "from"), f"{sender} ({verdict.kid or '?'})"),
        (in_language("发送时刻", "sent"), clock_time(envelope.sent_at)),
        (in_language("受理时刻", "received"), clock_time(delivery.at) if delivery else ""),
        (in_language("被改动", "changed"), listed(verdict.tampered)),
    ):
        if value:
            print(one_line(f"  {head}: {value}"))
    for each in document["attachments"]:
        head = in_language("附件", "attachment")
        words = text(each["code"]).in_language(language())[0] if each["code"] else each["name"]
        same = in_language("相符", "the same content")
        print(one_line(f"  {head}: {each['file']}  {words or same}"))
    for head, rows in (
        (in_language("未提供", "withheld"), document["withheld"]),
        (in_language("已遮蔽", "masked"), document["masked"]),
    ):
        for row in rows:
            ruled = f"  {head}: {row['path']}  {row['rule'] or ''} {row['basis'] or ''}"
            print(one_line(ruled.rstrip()))
    if document["opened"]:
        _print_opened(document["opened"], directory)
    if fault is not None:
        print(text(fault.code).in_language(language())[1])


def _print_opened(opened: Mapping[str, Any], directory: Directory | None) -> None:
    by = opened["opened_by"]
    known = organ_word(directory, by) if directory and by else by
    ground = " ".join(filter(None, (opened["basis"], opened["reason"])))
    for head, value in (
        (
            in_language("所属消息", "of"),
            f"{record_word(opened['message_record'])} {opened['message']}",
        ),
        (in_language("准予机关", "opened by"), known or in_language("规则库", "the rulebook")),
        (in_language("申请依据和理由", "asked for because"), ground),
    ):
        print(one_line(f"  {head}: {value}"))
    for field in opened["fields"]:
        print(one_line(f"  {field['path']}: {field['value']}"))
        for head, name in (
            (in_language("原不予提供", "withheld by"), "withheld"),
            (in_language("准予查看", "opened by"), "opened"),
        ):
            row = field["withheld_by"] if name == "withheld" else field["opened_rule"]
            ruled = f"    {head}: {row or '-'} {field[f'{name}_basis'] or ''}"
            print(one_line(ruled.rstrip()))
