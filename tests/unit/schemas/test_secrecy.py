"""The gate: what is a mark and what only looks like one, wherever it stands."""

import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.codec import encode
from schemas.errors import Refusal
from schemas.load import default_example
from schemas.parts import Attachment, Secrecy
from schemas.secrecy import (
    PATH_MAX,
    Barred,
    Gate,
    Marks,
    NoSharing,
    marked,
    marked_document,
    marked_name,
)
from tests.any_message import default_lead, default_message

GATE = Gate(NoSharing())
JUVENILE = Barred("NS-1", "封存的记录", "《法》第一条", keywords=("未成年人犯罪记录", "ABC名单"))
LISTED = Gate(
    NoSharing(
        barred=(
            JUVENILE,
            Barred("NS-2", "统计", "《法》第一条", categories=("statistics",)),
            Barred(
                "NS-3",
                "进展",
                "《法》第一条",
                keywords=("卧底",),
                categories=("dynamics",),
                records=("case_progress",),
            ),
        )
    )
)

MARKS = [
    "机密",
    "秘密",
    "绝密",
    "  机密  ",
    "关于专项行动的通知\n机密\n各乡镇：",
    "第一行\r\n绝密\r\n第三行",
    "上页\x0c秘密\x0c下页",
    "机密级",
    "机密文件",
    "机密 10年",
    "机密：长期",
    "——机密——",
    "__机密__",
    "“秘密”",
    "（机密）关于专项行动的通知",
    "(机密)",
    "【机密】",
    "[机密]",
    "\uff3b机密\uff3d",  # full-width square brackets
    "〔绝密〕名单",
    "{秘密}",
    "【 机 密 】",
    "（机密★10年）",
    "(机密 10年)",
    "（机密级）",
    "机密★10年",
    "机密★长期",
    "关于某事的报告 机密★五年",
    "绝密★启用前",
    "机密 ★ 3年",
    "机密*10年",
    "机密\uff0a\uff11\uff10年",
    "秘密☆6个月",
    "密级：机密",
    "密级: 秘密",
    "本件密级为绝密级，注意保管",
    "密级 机密",
    "机 密",
    "机　密",
    "机\u200b密",
    "机\ufeff密",
    "机·密",
    "机-密",
    "机\n密",
    "（机 密）",
    "機密",
    "絕密★長期".replace("長", "长"),
    "祕密",
    "（機 密）",
    "商业秘密\n秘密\n",
]
NO_MARKS = [
    "",
    "商业秘密",
    "涉及商业秘密的，应当保密",
    "（商业秘密）",
    "【商业秘密】★3年",
    "商业 秘密★3年",
    "保密",
    "（保密）",
    "注意保密。",
    "国家秘密",
    "依据保守国家秘密法不能提供的信息",
    "工作秘密",
    "在办理案件中知悉的商业秘密、个人隐私应当保密",
    "泄露机密文件的违法行为",
    "机密封条完好",
    "该公司机密室",
    "司机密切配合",
    "密级",
    "密级：无",
    "未标明密级、秘密事项另行规定",
    "严守国家秘密\n★第一条",
    "秘密拍摄的录像",
    "小说《机密》",
    "邪恶机密大作战",
    "机关密集",
]


@pytest.mark.parametrize("text", MARKS)
def test_a_mark_is_found_in_any_text(text: str) -> None:
    assert GATE.text(text, "reason") == Refusal("secrecy.marked", where="reason")
    assert GATE.may_carry(text.encode())


@pytest.mark.parametrize("text", NO_MARKS)
def test_what_only_looks_like_a_mark_passes(text: str) -> None:
    assert GATE.text(text, "reason") is None


@pytest.mark.parametrize(
    "name",
    [
        "机密.docx",
        "机密_名单.xlsx",
        "关于专项行动的通知-机密.pdf",
        "机密 关于专项行动的通知.pdf",
        "通知（机密）.pdf",
        "机密★10年 通知.pdf",
        "附件1、秘密、名单.doc",
        "機密.pdf",
        "2026机密/机密.pdf".rpartition("/")[2],
    ],
)
def test_in_titles_and_file_names_a_mark_stands_between_separators(name: str) -> None:
    where = "envelope.attachments[0].name"
    assert GATE.text(name, where) == Refusal("secrecy.marked", where=where)
    assert GATE.text(name, "title") is not None
    assert marked_name(name, GATE) == Refusal("secrecy.marked")


@pytest.mark.parametrize(
    "name", ["商业秘密保护.docx", "保密承诺书.pdf", "商业 秘密.pdf", "机密室照片.jpg", "a.json"]
)
def test_ordinary_titles_and_file_names_pass(name: str) -> None:
    assert GATE.text(name, "title") is None
    assert marked_name(name, GATE) is None


def test_separators_set_nothing_apart_in_running_text() -> None:
    assert GATE.text("两人在车内 秘密 交易", "reason") is None
    assert GATE.text("两人在车内 秘密 交易", "title") is not None


@pytest.mark.guidance("二(一)1·10", "refusal secrecy.may_not_travel", words="保密法")
@pytest.mark.parametrize("level", [level for level in Secrecy if level is not Secrecy.NONE])
def test_any_level_but_none_is_refused(level: Secrecy) -> None:
    lead = default_lead()
    secret = replace(lead, envelope=replace(lead.envelope, secrecy=level))
    assert marked(secret, GATE) == Refusal("secrecy.may_not_travel", where="envelope.secrecy")


@pytest.mark.guidance("二(一)1·10", "refusal secrecy.marked", words="不能提供")
def test_a_decoded_message_is_refused_by_the_path_alone() -> None:
    lead = default_lead()
    assert marked(lead, GATE) is None
    assert marked(lead, GATE, encode(lead)) is None
    reason = replace(lead, reason="经查：\n（机密★10年）\n见附件")
    assert marked(reason, GATE, encode(reason)) == Refusal("secrecy.marked", where="reason")
    attachment = Attachment(name="机密_名单.xlsx", sha256="0" * 64)
    named = replace(lead, envelope=replace(lead.envelope, attachments=(attachment,)))
    found = marked(named, GATE)
    assert found == Refusal("secrecy.marked", where="envelope.attachments[0].name")


def document(**changes: Any) -> dict[str, Any]:
    return {**default_example("lead_transfer"), **changes}


def test_a_document_is_judged_before_it_is_read() -> None:
    assert marked_document(document(), GATE) is None
    assert marked_document(document(reason="（绝密）"), GATE) == Refusal("secrecy.marked", "reason")
    nested = document(parties=[{"name": "某某"}, {"no such field": ["x", {"a": "机密★长期"}]}])
    assert marked_document(nested, GATE) == Refusal("secrecy.marked", "parties[1].?[1].a")


@pytest.mark.parametrize("level", ["secret", "机密", "None", 3, ["none"]])
def test_a_document_with_any_level_is_refused_whatever_else_it_holds(level: object) -> None:
    inside = {"envelope": {"secrecy": level}, "record": 3, "reason": None}
    found = marked_document(inside, GATE)
    assert found == Refusal("secrecy.may_not_travel", where="envelope.secrecy")
    assert marked_document({"secrecy": level}, GATE) == replace(found, where="secrecy")


def test_a_document_that_says_of_itself_that_it_is_no_secret_passes() -> None:
    assert marked_document({"envelope": {"secrecy": "none"}}, GATE) is None
    assert marked_document({"secrecy": "none", "envelope": {"secrecy": None}}, GATE) is None


@pytest.mark.parametrize("document", [None, 3, [], {}, {"envelope": 3}, {"envelope": {}}])
def test_what_is_no_document_passes_the_gate_to_be_refused_by_its_reader(document: object) -> None:
    assert marked_document(document, GATE) is None


def test_a_mark_hidden_in_a_key_is_found_and_not_shown() -> None:
    assert marked_document({"机密": 1}, GATE) == Refusal("secrecy.marked", where="?")
    assert marked_document({"a": {"（机密）": 1}}, GATE) == Refusal("secrecy.marked", where="a.?")


def test_a_bare_text_is_named_by_the_root() -> None:
    assert marked_document("机密", GATE) == Refusal("secrecy.marked", where="$")


def test_no_depth_of_a_document_hides_a_mark() -> None:
    deep: Any = "机密"
    for _ in range(5_000):
        deep = [deep]
    found = marked_document({"a": deep}, GATE)
    assert found is not None
    assert found.code == "secrecy.marked"


def test_no_depth_of_a_document_makes_its_places_longer_than_itself() -> None:
    """Each of 20,000 places had the whole way in its path: 156 kB took 700 MB, 4 MB a machine's."""
    deep: Any = [*["一"] * 20_000, {"title": "通报 机密"}]
    for _ in range(800):
        deep = {"a" * 40: deep}
    tracemalloc.start()
    found = marked_document(deep, GATE)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 10_000_000
    assert found is not None
    assert found.where is not None
    assert (found.code, found.where[-14:]) == ("secrecy.marked", "a[20000].title")
    assert len(found.where) < PATH_MAX + 20


@pytest.mark.guidance("二(一)1·10", "refusal secrecy.listed", words="保密法等法律、法规")
@pytest.mark.parametrize(
    "text", ["附未成年人犯罪记录一份", "未成年人 犯罪记录", "ａｂｃ名单", "Abc名单"]
)
def test_a_barred_word_is_refused_with_the_entry_that_bars_it(text: str) -> None:
    lead = replace(default_lead(), reason=text)
    refusal = Refusal("secrecy.listed", where="reason", detail="NS-1")
    assert marked(lead, LISTED, encode(lead)) == refusal
    assert marked_document(document(reason=text), LISTED) == refusal
    assert marked_document(document(reason=text), GATE) is None


def test_a_barred_category_is_refused_whatever_it_says() -> None:
    refusal = Refusal("secrecy.listed", where="category", detail="NS-2")
    assert marked_document({"category": "statistics"}, LISTED) == refusal
    assert marked_document({"category": "laws"}, LISTED) is None
    assert marked_document({"category": ["statistics"]}, LISTED) is None


def test_an_entry_bars_only_what_meets_all_that_it_names() -> None:
    barred = {"category": "dynamics", "summary": "卧底"}
    refusal = Refusal("secrecy.listed", where="summary", detail="NS-3")
    assert marked_document(barred, LISTED, "case_progress") == refusal
    assert marked_document({**barred, "record": "CaseProgress"}, LISTED) == refusal
    assert marked_document({**barred, "envelope": {"record": "case_progress"}}, LISTED) == refusal
    assert marked_document(barred, LISTED, "lead_transfer") is None
    assert marked_document({**barred, "category": "laws"}, LISTED, "case_progress") is None
    assert marked_document({"summary": "卧底"}, LISTED, "case_progress") is None
    # Nobody knows the record: then it is barred.
    assert marked_document({**barred, "record": "nothing"}, LISTED) == refusal


def test_a_message_of_a_barred_category_is_refused() -> None:
    class Copy:  # a record with a category, as the copies have
        envelope = default_lead().envelope
        category = "statistics"

    Copy.__name__ = "LeadTransfer"
    found = marked(Copy(), LISTED)  # type: ignore[arg-type] # stands in for a record to come
    assert found == Refusal("secrecy.listed", where="category", detail="NS-2")


def test_in_bytes_that_cannot_be_read_the_word_anywhere_is_enough() -> None:
    assert GATE.in_bytes(b"\xff\x00\x0c" + "泄露机密文件".encode() + b"\x99")
    assert LISTED.in_bytes(b"\xff" + "未成年人犯罪记录".encode())
    assert not GATE.in_bytes(b"\xff" + "商业秘密，保密".encode())
    assert not GATE.in_bytes(b"\xff\x00random")


def test_a_rulebook_may_name_its_own_words_and_signs() -> None:
    gate = Gate(
        NoSharing(Marks(words=("秘密", "机密", "绝密", "内部"), brackets=("<>",), harmless=()))
    )
    assert gate.text("<内部>", "reason") is not None
    assert gate.text("（内部）附件", "reason") is None
    assert gate.text("商业秘密★3年", "reason") is not None


BLANKS = st.sampled_from(["", " ", "　", "\u200b", "\u2060", "\t", "·"])


@given(
    st.text(max_size=20), BLANKS, st.sampled_from(["机密", "秘密", "绝密"]), st.text(max_size=20)
)
def test_a_bracketed_word_is_found_whatever_is_around_and_between(
    before: str, blank: str, word: str, after: str
) -> None:
    # After a 商业 the word would be a harmless one; no bracket stands between them here.
    text = f"{before}（{blank}{word[0]}{blank}{word[1]}{blank}）{after}"
    assert GATE.text(text, "reason") is not None


@given(
    st.text(
        st.sampled_from("机密秘絕機★（）() \n0年级級商业\u200b\u0338\uff21aB名单未成"), max_size=12
    )
)
@example("机密")
def test_the_look_at_bytes_never_misses_what_the_text_shows(text: str) -> None:
    if LISTED.text(text, "title") is not None:
        assert LISTED.may_carry(text.encode())
        assert LISTED.in_bytes(text.encode())


@given(st.text(max_size=200))
def test_no_text_stops_the_gate(text: str) -> None:
    GATE.text(text, "title")
    marked_document({text: text}, GATE)
    marked_name(text, GATE)


@pytest.mark.parametrize("snake", ["lead_transfer", "case_transfer", "filing_reply", "withdrawal"])
def test_the_examples_of_the_contracts_may_travel(snake: str) -> None:
    message = default_message(snake)
    assert marked(message, LISTED) is None
    assert marked_document(json.loads(json.dumps(default_example(snake))), LISTED, snake) is None
