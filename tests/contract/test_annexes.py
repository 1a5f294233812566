"""The forms of annexes 1 to 3, line by line: a letter that leaves a line out is refused."""

import pytest

from tests.judged import assert_refused, judged
from tests.law.wording import PRINTED

KEPT = "Disposal.evidence_kept"
_DISPOSAL = "disposals[0]"

# line of the annex, its words, record, the path left out, the field that asks for it
LINES = [
    ("附件1·2", "案移〔 〕号", "case_transfer", "envelope.document_number", None),
    ("附件1·4", "本机关于 年 月 日", "case_transfer", "filed_on", None),
    ("附件1·4", "违法主体", "case_transfer", "parties", None),
    ("附件1·4", "案由", "case_transfer", "violations[0].cause", "Violation.cause"),
    ("附件1·4", "立案调查", "case_transfer", "case_number", None),
    ("附件1·4", "(应当移送的理由)", "case_transfer", "reason", None),
    ("附件1·5", "依照 规定", "case_transfer", "legal_basis", None),
    ("附件1·6", None, "case_transfer", "evidence", None),
    ("附件1·7", "案件有关材料", "case_transfer", "volumes", None),
    ("附件1·7", "__份", "case_transfer", "pages", None),
    ("附件1·8", None, "case_transfer", "evidence[0].name", "Evidence.name"),
    ("附件1·9", None, "case_transfer", "evidence[1].original", "Evidence.original"),
    ("附件1·10", None, "case_transfer", "items", None),
    ("附件1·10", "涉案物品清单", "case_transfer", "items[0].name", "Item.name"),
    ("附件1·10", "清单", "case_transfer", "items[0].quantity", "Item.quantity"),
    ("附件1·11", None, "case_transfer", "disposals", None),
    ("附件1·12", None, "case_transfer", "contact.name", "Contact.name"),
    ("附件1·13", None, "case_transfer", "contact.phone", "Contact.phone"),
    ("附件1·14", None, "case_transfer", "contact.address", "Contact.address"),
    ("附件2·2", None, "lead_transfer", "envelope.document_number", None),
    ("附件2·4", "年 月 日发现", "lead_transfer", "violations[0].found_on", "Violation.found_on"),
    ("附件2·4", "(违法主体+案由) 违法线索", "lead_transfer", "violations", None),
    ("附件2·4", "(应当移送的理由)", "lead_transfer", "reason", None),
    ("附件2·5", "依照 规定", "lead_transfer", "legal_basis", None),
    ("附件2·6", None, "lead_transfer", "evidence", None),
    ("附件2·7", "案件有关材料", "lead_transfer", "volumes", None),
    ("附件2·7", "__份", "lead_transfer", "pages", None),
    ("附件2·8", None, "lead_transfer", "evidence[0].name", "Evidence.name"),
    ("附件2·9", None, "lead_transfer", "evidence[0].original", "Evidence.original"),
    ("附件2·10", None, "lead_transfer", "contact.name", "Contact.name"),
    ("附件2·11", None, "lead_transfer", "contact.phone", "Contact.phone"),
    ("附件2·12", None, "lead_transfer", "contact.address", "Contact.address"),
    ("附件3·4", "共 卷", "filing_reply", "volumes_received", None),
    ("附件3·4", "页", "filing_reply", "pages_received", None),
    ("附件3·4", "移送涉案物品收悉", "filing_reply", "items_received", None),
    ("附件3·5", "决定以予(不予)立案查处", "filing_reply", "answers", None),
    ("二(二)2·2", "移送函", "case_transfer", "envelope.document_number", None),
    ("二(二)2·2", "涉案物品清单", "lead_transfer", "items", None),
    ("二(二)2·2", "有关证据材料", "lead_transfer", "evidence", None),
    ("二(二)2·2", "其他有关材料", "lead_transfer", "pages", None),
    ("二(二)2·4", "留取的证据", "case_transfer", f"{_DISPOSAL}.evidence_kept", KEPT),
    ("二(二)2·4", "所得款项", "case_transfer", f"{_DISPOSAL}.proceeds", "Disposal.proceeds"),
    ("二(二)2·4", "依法先行处置", "case_transfer", f"{_DISPOSAL}.basis", "Disposal.basis"),
    ("二(一)1", None, "copy", "category", None),
    ("二(一)2·1", "立即", "violation_notice", "found_at", None),
    ("二(一)3·3", "应当进行登记", "complaint_forward", "register_number", None),
    ("二(一)3·3", "相关案件材料", "complaint_forward", "materials", None),
    ("二(三)2·3", "内容", "joint_plan", "content", None),
    ("二(三)2·3", "时间", "joint_plan", "begins_at", None),
    ("二(三)2·3", "时间", "joint_plan", "ends_at", None),
    ("二(三)2·3", "参与机关、职责分工", "joint_plan", "tasks", None),
    ("二(三)2·3", "职责分工", "joint_plan", "tasks[0].task", "JointTask.task"),
    ("二(三)3·2", "分别立案", "joint_outcome", "cases[0].case_number", "JointCase.case_number"),
    ("二(四)·1", "书面", "assistance_request", "asked", None),
    ("二(四)·1", "请求有关行政执法机关", "assistance_request", "reason", None),
]  # fmt: skip


def _params() -> list[object]:
    """Each field once, with the mark of every line that it fills."""
    marks: dict[tuple[str, str], list[pytest.MarkDecorator]] = {}
    for sentence, words, snake, path, field in LINES:
        carrier = f"field {field or _camel(snake) + '.' + path}"
        note = PRINTED if sentence.startswith("附件") else None
        mark = pytest.mark.guidance(sentence, carrier, words=words, note=note)
        marks.setdefault((snake, path), []).append(mark)
    return [
        pytest.param(snake, path, id=f"{snake}-{path}", marks=of_field)
        for (snake, path), of_field in marks.items()
    ]


def _camel(snake: str) -> str:
    return "".join(word.capitalize() for word in snake.split("_"))


@pytest.mark.parametrize(("snake", "path"), _params())
def test_a_letter_without_what_the_guidance_asks_for_is_refused(snake: str, path: str) -> None:
    assert_refused(judged(snake, **{path: None}), "message.field_missing", path)
