"""no_sharing.toml: what it may say, and what is refused with the key at fault."""

import pytest

from schemas.errors import UserError
from schemas.secrecy import Gate, Marks, NoSharing
from schemas.secrecy_list import read_no_sharing

GOOD = """
[marks]
words = ["绝密", "机密", "秘密"]
suffixes = ["级"]
labels = ["密级"]
brackets = ["()", "【】"]
stars = "★"
harmless = ["商业秘密"]
variants = { "機" = "机" }

[[barred]] # 一
id = "NS-1"
what = "某事"
basis = "《法》第一条"
keywords = ["某词"]

[[barred]]
id = "NS-2"
what = "某类"
basis = "《法》第二条"
categories = ["statistics"]
records = ["case_progress"]
"""


def test_the_file_becomes_the_list_with_its_lines() -> None:
    listed = read_no_sharing(b"\xef\xbb\xbf" + GOOD.encode())
    assert listed.marks == Marks(
        suffixes=("级",),
        brackets=("()", "【】"),
        stars="★",
        harmless=("商业秘密",),
        variants=(("機", "机"),),
    )
    assert [(entry.id, entry.line) for entry in listed.barred] == [("NS-1", 11), ("NS-2", 17)]
    assert listed.barred[1].categories == ("statistics",)
    assert Gate(listed).text("某词", "reason") is not None


def test_without_entries_only_marks_are_refused() -> None:
    assert read_no_sharing(GOOD.partition("[[barred]]")[0].encode()).barred == NoSharing().barred


@pytest.mark.parametrize("heading", ["[[ barred ]]", "[['barred']]"])
def test_an_entry_that_is_headed_otherwise_is_not_left_out_in_silence(heading: str) -> None:
    with pytest.raises(UserError) as refused:
        read_no_sharing(GOOD.replace("[[barred]]", heading).encode())
    assert (refused.value.code, refused.value.where) == ("rules.invalid", "no_sharing.toml")
    assert (refused.value.detail or "").startswith("barred：")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"绝密", ', "", "marks.words"),
        ('words = ["绝密", "机密", "秘密"]', "words = []", "marks.words"),
        ('stars = "★"', 'stars = ""', "marks.stars"),
        ('brackets = ["()", "【】"]', 'brackets = ["("]', "marks.brackets.0"),
        ('"某词"', '"é名"', "barred.0.keywords.0"),
        ('"某词"', '"词"', "barred.0.keywords.0"),
        ('keywords = ["某词"]', "", "barred NS-1"),
        ('id = "NS-2"', 'id = "NS-1"', "barred NS-1"),
        ('"statistics"', '"gossip"', "barred.1.categories.0"),
        ('"case_progress"', '"case_gossip"', "barred NS-2"),
        ('what = "某事"', 'what = "某事"\nwhy = "?"', "barred.0.why"),
        ('basis = "《法》第一条"', "", "barred.0.basis"),
        ("[marks]", "[mark]", "marks"),
        ("[marks]", "[marks", "TOML"),
    ],
)
def test_what_is_wrong_is_refused_with_its_key(old: str, new: str, named: str) -> None:
    assert old in GOOD
    with pytest.raises(UserError) as refused:
        read_no_sharing(GOOD.replace(old, new).encode())
    assert (refused.value.code, refused.value.where) == ("rules.invalid", "no_sharing.toml")
    assert (refused.value.detail or "").startswith(f"{named}：")


def test_what_is_no_utf8_is_refused() -> None:
    with pytest.raises(UserError) as refused:
        read_no_sharing("机密".encode("gbk"))
    assert (refused.value.detail or "").startswith("encoding：")
