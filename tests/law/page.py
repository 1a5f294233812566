"""Writes deploy/guidance.md, the table of the guidance: `make guidance`."""

from collections.abc import Iterable, Iterator
from typing import Final

from tests.house.tree import REPO
from tests.law.carriers import carrier
from tests.law.rows import Row, collected, faults, in_order
from tests.law.sentences import Sentence, sentences

PAGE: Final = REPO / "deploy" / "guidance.md"
_HEAD: Final = """# 指导意见逐句对照 · The guidance, sentence by sentence

由各测试上的标记 `@pytest.mark.guidance` 生成（`make guidance`），请勿手改。
每一行：原文（或其中的几个字），由代码中的什么承载，哪个测试证明，去掉它以后会怎样。
`make prove WHAT=law ONLY=guidance_table` 逐行把承载它的规则从程序中去掉，所列测试必须失败。
标题由该部分的主要记录承载；尚未提供的（函件的打印件）和不归总线的，写在“说明”中。

Printed from the marks on the tests by `make guidance`; do not edit. Each row: the words of the
guidance, what in the code carries them, the test that proves it, and what is lost without. The
proof takes each carrier out of the product in turn; the named test must then fail.
"""
_CHAPTERS: Final = ("二", "三")
_LIST_OF_ANNEXES: Final = "附件·1"  # has no heading of its own in the text
_COLUMNS: Final = (
    "| 编号 | 原文 | 由什么承载 | 证明它的测试 | 去掉它会怎样 |\n|---|---|---|---|---|"
)


def printed(rows: Iterable[Row], divided: tuple[Sentence, ...]) -> str:
    """Return the page."""
    return "\n".join((_HEAD, *_sections(in_order(rows, divided), divided))) + "\n"


def _sections(rows: tuple[Row, ...], divided: tuple[Sentence, ...]) -> Iterator[str]:
    of_sentence: dict[str, list[Row]] = {each.id: [] for each in divided}
    for row in rows:
        of_sentence[row.sentence].append(row)
    for each in divided:
        if each.id == _LIST_OF_ANNEXES:
            yield f"\n## 附件\n\n{_COLUMNS}"
        heads = _level(each.id)
        if heads:
            yield f"\n{'#' * heads} {_cell(each.text)}\n\n{_COLUMNS}"
        for position, row in enumerate(of_sentence[each.id]):
            yield _line(each, row, is_first=position == 0)


def _level(id_: str) -> int:
    """Return the depth of the heading that the sentence is; 0: it is none."""
    if "·" in id_:
        return 0
    if id_ in _CHAPTERS:
        return 2
    return 3 if id_.endswith(")") or id_.startswith("附件") else 4


def _line(sentence: Sentence, row: Row, *, is_first: bool) -> str:
    carried = carrier(row.carrier)
    text = sentence.text if is_first and row.words is None else f"“{row.words or sentence.text}”"
    if is_first and row.words is not None:
        text = f"{sentence.text}<br>其中{text}"
    elif not is_first and row.words is None:
        text = "（同上句）"
    lost = carried.lost + (f"<br>说明：{row.note}" if row.note else "")
    cells = (sentence.id, text, carried.what, f"`{row.test}`", lost)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def current() -> str:
    """Return the page as the tests are now. AssertionError where a sentence is not carried."""
    rows, divided = collected(), sentences()
    wrong = faults(rows, divided)
    assert not wrong, "\n".join(wrong)
    return printed(rows, divided)


if __name__ == "__main__":
    PAGE.write_text(current(), encoding="utf-8")
