"""Who sees what, whom copies reach, what is barred and what is kept, between two rulebooks."""

from services.rulebook.compare_parts import Entry, entries
from tests.unit.services.rulebook.tiny import COUNTY, FILES, added, edited, files, rulebook

TINY = rulebook()
AUDIENCES = "id,category,matter,group,area,audience,basis,valid_from,valid_to\n"
CASE = "0191f3a0-0000-5000-8000-000000000001"
ORDER = (
    f'[[order]]\ncase = "{CASE}"\nwhat = "hold"\nby = "法院"\nbasis = "文号"\nsince = 2027-03-01\n'
)


def found(old: dict[str, bytes], new: dict[str, bytes]) -> dict[tuple[str, str], Entry]:
    return {(e.part, e.code): e for e in entries(rulebook(old), rulebook(new))}


def test_a_class_that_a_relation_sees_no_more_is_told() -> None:
    new = edited("clearances.csv", "sender,personal,,keep", "sender,personal,,withhold")
    ((where, told),) = found(files(), new).items()
    assert where == ("clearances", "sender personal")
    assert told.fields == {"treatment": ("keep", "withhold")}


def test_a_single_field_that_is_treated_otherwise_is_told_by_its_path() -> None:
    new = added("clearances.csv", "sender,personal,parties[].address,mask,意见二(一)1")
    ((where, told),) = found(files(), new).items()
    assert where == ("clearances", "sender personal parties[].address")
    assert told.is_there == (False, True)


def test_what_may_be_opened_later_to_whom_is_told() -> None:
    table = "relation,class,path,how,basis\nparticipant,personal,,{},意见二(一)1\n"
    old, new = (files(openings_csv=table.format(how)) for how in ("ask", "at_once"))
    ((where, told),) = found(old, new).items()
    assert where == ("openings", "participant personal")
    assert told.fields == {"how": ("ask", "at_once")}


def test_whom_copies_reach_is_told_and_a_row_that_was_only_renumbered_is_not() -> None:
    row = f"statistics,,,{COUNTY},township,意见二(一)2,2026-01-01,"
    one, other = (AUDIENCES + f"{name},{row}" for name in ("A1", "B7"))
    assert found(files(audiences_csv=one), files(audiences_csv=other)) == {}
    ended = files(audiences_csv=one + "2026-12-31\n")
    ((where, told),) = found(files(audiences_csv=one), ended).items()
    assert where == ("audiences", f"statistics * {COUNTY} township 2026-01-01")
    assert told.fields == {"valid_to": ("", "2026-12-31")}


def test_another_mark_of_secrecy_and_another_barred_entry_are_told() -> None:
    marks = '[marks]\nwords = ["绝密", "机密", "秘密"]\nsuffixes = ["级"]\nlabels = ["密级"]\n'
    marks += 'brackets = ["()"]\nstars = "★"\nharmless = []\nvariants = {}\n'
    barred = '[[barred]]\nid = "N1"\nwhat = "线人"\nbasis = "法"\nkeywords = ["线人"]\n'
    new = marks.replace('"★"', '"☆"') + barred.replace('["线', '["耳目", "线')
    told = found(files(no_sharing_toml=marks + barred), files(no_sharing_toml=new))
    assert {where: entry.fields for where, entry in told.items()} == {
        ("no_sharing", "marks"): {"stars": ("★", "☆")},
        ("no_sharing", "N1"): {"keywords": ("线人", "耳目 线人")},
    }
    (gone,) = found(files(no_sharing_toml=marks + barred), files(no_sharing_toml=marks)).values()
    assert (gone.name, gone.is_there) == ("线人", (True, False))


def test_another_term_an_order_for_a_case_and_the_quarantine_are_told() -> None:
    term = '[terms.transfer]\nyears = {}\nbasis = "规定"\n'
    held = '[quarantine]\nmonths = 6\nbasis = "法"\n' + ORDER
    new = files(retention_toml=term.format(10) + held)
    told = found(files(retention_toml=term.format(30)), new)
    assert told["retention", "transfer"].fields == {"years": ("30", "10")}
    assert told["retention", f"hold {CASE} 2027-03-01"].name == "法院"
    assert told["retention", "quarantine"].is_there == (False, True)
    lifted = files(retention_toml=term.format(10) + held + "until = 2027-06-30\n")
    assert found(new, lifted)["retention", f"hold {CASE} 2027-03-01"].fields == {
        "until": ("", "2027-06-30")
    }


def test_what_is_the_same_in_every_table_is_no_difference() -> None:
    assert "clearances.csv" in FILES
    assert list(entries(TINY, rulebook())) == []


def test_every_field_of_every_table_is_told_by_its_own_name() -> None:
    marks = (
        '[marks]\nwords = ["绝密", "机密", "秘密"{}]\nsuffixes = [{}]\nlabels = [{}]\n'
        "brackets = [{}]\nstars = {}\nharmless = [{}]\nvariants = {{ {} }}\n"
    )
    plain = marks.format("", '"级"', '"密级"', '"()"', '"★"', '"商业秘密"', '"機" = "机"')
    other = marks.format(', "内参"', '"件"', '"级别"', '"[]"', '"☆"', '"工作秘密"', '"祕" = "秘"')
    barred = '[[barred]]\nid = "N1"\nwhat = "{}"\nbasis = "{}"\nkeywords = ["{}"]\n'
    barred += 'categories = ["{}"]\nrecords = ["{}"]\n'
    told = found(
        files(no_sharing_toml=plain + barred.format("甲", "法一", "线人", "statistics", "copy")),
        files(
            no_sharing_toml=other + barred.format("乙", "法二", "耳目", "inspections", "circular")
        ),
    )
    assert {where[1]: entry.fields for where, entry in told.items()} == {
        "marks": {
            "words": ("绝密 机密 秘密", "绝密 机密 秘密 内参"),
            "suffixes": ("级", "件"),
            "labels": ("密级", "级别"),
            "brackets": ("()", "[]"),
            "stars": ("★", "☆"),
            "harmless": ("商业秘密", "工作秘密"),
            "variants": ("機机", "祕秘"),
        },
        "N1": {
            "what": ("甲", "乙"),
            "basis": ("法一", "法二"),
            "keywords": ("线人", "耳目"),
            "categories": ("statistics", "inspections"),
            "records": ("copy", "circular"),
        },
    }


def test_the_basis_of_each_row_is_told_when_it_alone_changes() -> None:
    row = AUDIENCES + f"A1,statistics,,,{COUNTY},township,{{}},2026-01-01,\n"
    opening = "relation,class,path,how,basis\nparticipant,personal,,ask,{}\n"
    kept = (
        '[terms.transfer]\nyears = 30\nbasis = "{0}"\n[quarantine]\nmonths = {1}\nbasis = "{0}"\n'
    )
    order = ORDER.replace('"法院"', '"{0}"').replace('"文号"', '"{0}"')
    old, new = (
        files(
            audiences_csv=row.format(basis),
            openings_csv=opening.format(basis),
            retention_toml=(kept + order).format(basis, months),
        )
        | {"clearances.csv": FILES["clearances.csv"].replace("意见", basis).encode()}
        for basis, months in (("甲", 6), ("乙", 7))
    )
    told = found(old, new)
    changed = {"basis": ("甲", "乙")}
    assert told["audiences", f"statistics * {COUNTY} township 2026-01-01"].fields == changed
    assert told["openings", "participant personal"].fields == changed
    assert told["clearances", "sender personal"].fields == {"basis": ("甲二(一)1", "乙二(一)1")}
    assert told["retention", "transfer"].fields == changed
    assert told["retention", "quarantine"].fields == {"months": ("6", "7")} | changed
    order_told = told["retention", f"hold {CASE} 2027-03-01"]
    assert order_told.fields == {"by": ("甲", "乙")} | changed
    assert {told[part, code].name for part, code in told if part != "clearances"} == {"乙"}
