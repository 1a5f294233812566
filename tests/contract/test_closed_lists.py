"""The closed lists of the guidance: each of their entries can be written, and is lawful."""

from typing import Any

import pytest

from tests.judged import judged

# record, field and enum → each entry with its sentence and the words of it; None: the whole
LISTS: dict[tuple[str, str, str], dict[str, tuple[str, str | None]]] = {
    ("copy", "category", "ContentCategory"): {
        "legal_texts": ("二(一)1·1", None),
        "administrative_decisions": ("二(一)1·2", None),
        "inspections": ("二(一)1·3", None),
        "penalty_decisions": ("二(一)1·4", None),
        "statistics": ("二(一)1·5", None),
        "discretion_and_procedures": ("二(一)1·6", None),
        "dynamics": ("二(一)1·7", None),
        "complaints": ("二(一)1·8", None),
        "other": ("二(一)1·9", None),
    },
    ("violation_notice", "dissuasion", "Dissuasion"): {
        "done": ("二(一)2·1", "应当进行劝阻和制止"),
    },
    ("consultation", "subject", "ConsultationSubject"): {
        "cooperation": ("二(三)1·1", "研究解决需要协作配合的相关事项"),
        "common_problems": ("二(三)1·1", "普遍性问题和热点、难点问题"),
        "application_of_law": ("二(三)1·1", "协商解决监管中相关管理和法律适用问题"),
        "major_joint_action": ("二(三)1·1", "协调推进重大联合执法工作"),
    },
    ("joint_plan", "ground", "JointGround"): {
        "county_decision": ("二(三)2·1", "可以组织"),
        "linked_duties": ("二(三)2·2", "职责衔接"),
        "one_object": ("二(三)2·2", "对同一对象实施的不同行政检查但可以同时一次性开展"),
    },
    ("assistance_request", "ground", "AssistanceGround"): {
        "alone_insufficient": ("二(四)·1", "单独行使行政执法权不能实现行政管理目的"),
        "material_unobtainable": ("二(四)·1", "通过自行调查不能取得所需案件材料"),
        "material_held_elsewhere": ("二(四)·1", "为其他行政执法机关所掌握难以自行收集"),
        "technical_support": ("二(四)·1", "提供鉴定、检验、检测等技术支持"),
        "other_need": ("二(四)·1", "有需要请求行政执法协助的其他情形"),
        "transfer_cooperation": ("二(二)4·3", "需要移送方配合"),
    },
    ("assistance_reply", "ground", "AssistanceRefusal"): {
        "law_forbids": ("二(四)·3", "法律、法规、规章等明确禁止"),
        "outside_powers": ("二(四)·3", "不属于本机关职权范围"),
    },
    ("guidance_record", "form", "GuidanceForm"): {
        "document": ("二(五)·1", "印发指导性文件"),
        "seminar": ("二(五)·1", "组织研讨交流"),
        "case_experience": ("二(五)·1", "通报典型经验做法"),
        "drill": ("二(五)·1", "联合开展执法演练"),
        "training": ("二(五)·1", "组织业务知识培训"),
        "leading_case": ("二(五)·1", "带领办理行政执法案件"),
        "on_site": ("二(五)·1", "指导有关工作"),
        "third_party": ("二(五)·2", None),
    },
}
# What else a document must say so that the entry can stand in it.
_REFUSED: dict[str, Any] = {"answer": "refused", "agreed_on": None, "reasons": "见附函"}
WITH_IT: dict[str, dict[str, Any]] = {
    "transfer_cooperation": {"transfer": "7c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11"},
    "law_forbids": {**_REFUSED, "provision": "《中华人民共和国统计法》第九条"},
    "outside_powers": _REFUSED,
}


def _params() -> list[object]:
    return [
        pytest.param(
            snake,
            {field: symbol, **WITH_IT.get(symbol, {})},
            id=f"{snake}-{symbol}",
            marks=pytest.mark.guidance(sentence, f"symbol {enum}.{symbol}", words=words),
        )
        for (snake, field, enum), entries in LISTS.items()
        for symbol, (sentence, words) in entries.items()
    ]


@pytest.mark.parametrize(("snake", "changes"), _params())
def test_each_entry_of_a_closed_list_is_lawful(snake: str, changes: dict[str, Any]) -> None:
    assert judged(snake, **changes) is None
