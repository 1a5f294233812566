"""What hides no mark: signs that nobody sees, old characters, brackets in a file name."""

import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.errors import Refusal
from schemas.secrecy import LEVELS, Gate, Marks, NoSharing, marked_name
from schemas.secrecy_list import FILE, read_no_sharing
from schemas.secrecy_text import fold, folding

GATE = Gate(NoSharing())
DEMO = read_no_sharing((Path("deploy/rulebooks/demo") / FILE).read_bytes())

HIDDEN_NAMES = [
    "机密(1).pdf",
    "机密\uff081\uff09.pdf",
    "绝密（副本）.docx",
    "(1)机密.pdf",
    "【六枝】机密.docx",
    "〔2026〕秘密〔3〕.docx",
    "（机密-副本）.pdf",
    "机密件(1).pdf",
    "机密(长期).pdf",
    "机密#1.pdf",
    "机密\uff031.pdf",
    "名单&机密.pdf",
    "秘密/1.pdf",
    "机密@张三.docx",
    "機密級.pdf",
    "機密級(1).pdf",
    "机密\u200b.pdf",
    "机密级\u200b.pdf",
    "机密\u200b级.pdf",
    "\ufeff机密.pdf",
    "\u202a机密\u202c.pdf",
    "机密\U000e0100.pdf",
    "\x01机密.pdf",
    "\u3164机密\uffa0.pdf",
    "机密\u2800.pdf",
]
HIDDEN_TEXTS = [
    "機密級",
    "经查：\n機密級\n见附件",
    "密級：機密",
    "密級為機密",
    "密級爲機密",
    "机密級★10年 关于某事的通知",
    "絶密",
    "机密 長期",
    "机密 \u2ed3期",  # the radical, which a PDF may hold for the character
    "秘密 6個月",
    "秘密 兩年",
    "絕密 啟用前",
    "絕密 啓封前",
    "密级：\u200b机密",
    "密\u200b级：机密",
    "密级\u200d：机密",
    "（机密\u200b级）",
    "（机密\u200b級）附件",
    "机密\ufe0f级",
    "秘密\u200b★10年 关于某事的通知",
    "秘密 ★\u20601\u20600\u2060年 关于某事的通知",
    "（\u200b" + "\u200b" * 20 + "机密）附件",
    "（机" + "\u2060" * 20 + "密）附件",
    "（机密\u20dd级\u20dd）附件",
    "（机密\x00级）附件",
]
ORDINARY_NAMES = [
    "商业秘密.pdf",
    "商业秘密(1).pdf",
    "(1)商业秘密.pdf",
    "商業秘密(1).pdf",
    "商业\u200b秘密（副本）.docx",
    "商业秘密&工作秘密#2.docx",
    "保密承诺书.pdf",
    "保密承诺书(1).pdf",
    "保密(1).pdf",
    "关于保守秘密的通知.docx",
    "关于保守秘密的通知（副本）.docx",
    "（2026）国家秘密保护条例.docx",
    "国家秘密(学习材料).docx",
    "机密性说明.pdf",
    "【六枝】机密性说明(1).pdf",
    "(1)司机密切配合@交警.pdf",
    "小说《机密》.pdf",
    "密級.pdf",
]


@pytest.mark.parametrize("gate", [GATE, Gate(DEMO)], ids=["default", "demo"])
@pytest.mark.parametrize("name", HIDDEN_NAMES, ids=ascii)
def test_brackets_and_what_nobody_sees_hide_no_mark_of_a_file_name(name: str, gate: Gate) -> None:
    assert marked_name(name, gate) == Refusal("secrecy.marked")
    assert gate.may_carry(name.encode())


@pytest.mark.parametrize("gate", [GATE, Gate(DEMO)], ids=["default", "demo"])
@pytest.mark.parametrize("text", HIDDEN_TEXTS, ids=ascii)
def test_old_characters_and_what_nobody_sees_hide_no_mark_of_a_text(text: str, gate: Gate) -> None:
    assert gate.text(text, "reason") == Refusal("secrecy.marked", where="reason")
    assert gate.may_carry(text.encode())


@pytest.mark.parametrize("gate", [GATE, Gate(DEMO)], ids=["default", "demo"])
@pytest.mark.parametrize("name", ORDINARY_NAMES, ids=ascii)
def test_ordinary_names_pass_with_brackets_too(name: str, gate: Gate) -> None:
    assert marked_name(name, gate) is None
    assert gate.text(name, "reason") is None


def test_brackets_and_signs_set_nothing_apart_in_running_text() -> None:
    for text in ("两人(1)秘密(2)交易", "两人#秘密#交易", "商業秘密★3年"):
        assert GATE.text(text, "reason") is None


def test_a_rulebook_s_own_brackets_separate_and_no_others_do() -> None:
    gate = Gate(NoSharing(Marks(brackets=("「」", "^]"))))
    assert marked_name("机密「1」.pdf", gate) is not None
    assert marked_name("]机密^1.pdf", gate) is not None
    assert marked_name("机密(1).pdf", gate) is None


def test_a_rulebook_s_own_words_are_found_however_it_writes_them() -> None:
    marks = Marks((*LEVELS, "祕檔", "TopSecret"), ("級",), ("密級",), harmless=("商業祕密",))
    gate = Gate(NoSharing(marks))
    assert gate.text("（秘檔級）附件", "reason") is not None
    assert gate.text("（topsecret）附件", "reason") is not None
    assert gate.text("本件密级：机密，注意", "reason") is not None
    assert gate.text("商业秘密★3年", "reason") is None


def test_of_all_characters_none_that_nobody_sees_is_left() -> None:
    table = folding(())
    for code in range(sys.maxunicode + 1):
        sign = chr(code)
        kind = unicodedata.category(sign)
        if kind in {"Cf", "Mn", "Me"} or (kind == "Cc" and not sign.isspace()):
            assert fold("密" + sign + "级", table) == "密级", ascii(sign)


def test_blanks_and_line_ends_stay() -> None:
    assert fold("机\t密 级\r\n件\u2028\x1f", folding(())) == "机\t密 级\n\n件\n\x1f"


UNSEEN = st.text(
    st.sampled_from("\u200b\u200e\u2060\ufeff\u00ad\u0338\ufe0f\u3164\x00"), max_size=12
)


@given(st.sampled_from(["机密级", "（机密）附", "密级：机密", "秘密★3年"]), st.data())
def test_no_place_in_a_mark_is_one_where_an_unseen_sign_hides_it(
    mark: str, data: st.DataObject
) -> None:
    text = "".join(data.draw(UNSEEN) + each for each in mark) + data.draw(UNSEEN)
    assert GATE.text(text, "reason") is not None
    assert GATE.may_carry(text.encode())
    assert GATE.in_bytes(text.encode())
