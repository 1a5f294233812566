"""Single values: masks, places, texts, and the table of kinds."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.avro_reader import CLASSES
from schemas.classes import FieldClass
from schemas.ids import DivisionCode
from schemas.load import avro_sources
from schemas.parts import Measure
from services.confidentiality.forms import squeeze
from services.confidentiality.free_text import NOTHING, scrubbed, search_for
from services.confidentiality.kinds import KINDS, Kind, kind_of
from services.confidentiality.masks import generalised, masked, treated
from services.confidentiality.places import NOWHERE, Places
from services.rulebook.model import Division, Treatment
from tests.history import demo

PLACES = Places(demo().divisions)
YANJIAO = "520203102000"


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Kind.NAME, "王小明", "王**"),
        (Kind.NAME, " 王", "王**"),
        (Kind.NAME, "", "**"),
        (Kind.NAME, "六枝特区某某商行", "六**"),
        (Kind.PHONE, "13812341234", "138****1234"),
        (Kind.PHONE, "138 1234 1234", "138****1234"),
        (Kind.PHONE, "\uff11\uff13\uff1812341234", "138****1234"),
        (Kind.PHONE, "0858-1234567", "****67"),
        (Kind.PHONE, "110", "****"),
        (Kind.PHONE, "0858123", "****"),  # of seven characters nothing is shown, of eight some
        (Kind.PHONE, "08581234", "****34"),
        (Kind.IDENTITY, "1234567", "****"),
        (Kind.IDENTITY, "12345678", "1****8"),
        (Kind.CODE, "A123456", "****"),
        (Kind.CODE, "A1234567", "A1****67"),
        (Kind.IDENTITY, "52020319900520123X", "5****X"),
        (Kind.IDENTITY, "1234", "****"),
        (Kind.CODE, "92520203MA6DNXXX1K", "92****1K"),
        (Kind.CODE, "A1", "****"),
        (Kind.ADDRESS, "六枝特区岩脚镇示例路1号", "六枝特区岩脚镇****"),
        (Kind.ADDRESS, "某处", None),
        (Kind.TEXT, "王小明的情况", None),
        (Kind.REFERENCE, "520203102000", None),
    ],
)
def test_a_mask_shows_what_officials_are_used_to(kind: Kind, value: str, shown: str | None) -> None:
    assert masked(kind, value, PLACES) == shown


@given(st.sampled_from(Kind), st.text())
def test_no_text_stops_a_mask_and_none_shows_its_length(kind: Kind, value: str) -> None:
    shown = masked(kind, value, PLACES)
    assert shown is None or len(shown) <= 30


@pytest.mark.parametrize(
    ("kind", "value", "place", "shown"),
    [
        (Kind.PLACE, "某家门口", YANJIAO, "六枝特区岩脚镇"),
        (Kind.PLACE, "岩脚镇某家门口", None, "六枝特区岩脚镇"),
        (Kind.PLACE, "岩脚镇某家门口", "990000000000", None),
        (Kind.ADDRESS, "六枝特区郎岱镇1号", YANJIAO, "六枝特区郎岱镇"),
        (Kind.NAME, "岩脚镇人民政府", YANJIAO, None),
    ],
)
def test_an_address_is_generalised_to_a_division(
    kind: Kind, value: str, place: str | None, shown: str | None
) -> None:
    assert generalised(kind, value, place, PLACES) == shown


def test_what_is_no_string_is_withheld_but_a_date_may_become_its_year() -> None:
    day = date(1990, 5, 20)
    for value in (day, 3, True, Decimal("1.00"), Measure.SEALED):
        assert treated(Treatment.MASK, Kind.TEXT, value, None, PLACES) is None
    for value in (3, True, Decimal("1.00"), Measure.SEALED):
        assert treated(Treatment.GENERALISE, Kind.TEXT, value, None, PLACES) is None
    assert treated(Treatment.GENERALISE, Kind.TEXT, day, None, PLACES) == date(1990, 1, 1)
    assert treated(Treatment.WITHHOLD, Kind.NAME, "王小明", None, PLACES) is None


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("贵州省六盘水市六枝特区岩脚镇示例路1号", "六枝特区岩脚镇"),
        ("岩脚镇王小明家", "六枝特区岩脚镇"),
        ("六枝特区某路", "六枝特区"),
        ("六盘水市某路", "六盘水市"),
        ("贵州省某地", "贵州省"),
        ("岩脚镇与郎岱镇交界，六枝特区境内", "六枝特区"),
        ("北京市朝阳区某路", None),
        ("", None),
    ],
)
def test_an_address_names_the_smallest_division_without_doubt(text: str, name: str | None) -> None:
    assert PLACES.of_text(text) == name


def test_of_one_name_in_two_counties_that_is_meant_whose_county_is_named() -> None:
    places = Places(
        {
            DivisionCode(code): Division(
                DivisionCode(code), name, level, DivisionCode(above) if above else None
            )
            for code, name, level, above in [
                ("110000000000", "甲县", "county", None),
                ("110000100000", "城关镇", "township", "110000000000"),
                ("120000000000", "乙县", "county", None),
                ("120000100000", "城关镇", "township", "120000000000"),
            ]
        }
    )
    assert places.of_text("乙县城关镇1号") == "乙县城关镇"
    assert places.of_text("城关镇1号") is None


def test_of_a_long_address_the_first_200_characters_are_looked_at() -> None:
    assert PLACES.of_text("某" * 197 + "岩脚镇") == "六枝特区岩脚镇"
    assert PLACES.of_text("某" * 198 + "岩脚镇") is None


def test_a_township_whose_county_is_not_known_is_named_by_itself() -> None:
    county = DivisionCode("110000000000")
    town = Division(DivisionCode("110000100000"), "城关镇", "township", county)
    assert Places({town.code: town}).of_text("城关镇1号") == "城关镇"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (YANJIAO, "六枝特区岩脚镇"),
        ("520203102001", "六枝特区岩脚镇"),  # a village of it
        ("520203999000", "六枝特区"),
        ("520200000000", "六盘水市"),
        ("990000000000", None),
    ],
)
def test_a_code_is_named_by_its_township_or_county(code: str, name: str | None) -> None:
    assert PLACES.of_code(code) == name


def test_without_divisions_there_are_no_places() -> None:
    assert NOWHERE.of_text("岩脚镇") is NOWHERE.of_code(YANJIAO) is None


NAMES = st.text(st.sampled_from("王李小明红\uff21A1 　\u200b"), min_size=2, max_size=6)


@given(
    st.lists(NAMES, max_size=4),
    st.text(st.sampled_from("王李小明红\uff21A1 　\u200b，。"), max_size=30),
)
def test_no_name_of_two_letters_survives_in_a_text(names: list[str], text: str) -> None:
    search = search_for([(Kind.NAME, name) for name in names], [text], numbers=True)
    shown = scrubbed(text, search)
    for name in names:
        plain = squeeze(name)
        if len(plain) >= 2 and plain in squeeze(text):
            assert shown != text
    if search == NOTHING:
        assert shown is text


@given(st.text(max_size=80))
def test_a_text_without_secrets_and_numbers_is_the_same_object(text: str) -> None:
    assert scrubbed(text, search_for([], [text], numbers=False)) is text


def test_a_name_that_only_composed_characters_make_closes_the_text() -> None:
    text = "e\u0301tude cafe\u0301"
    search = search_for([(Kind.NAME, "caf\u00e9")], [text], numbers=False)
    assert "caf" not in scrubbed(text, search)


def test_what_is_too_short_gives_nobody_away() -> None:
    values = [(Kind.NAME, "王"), (Kind.PHONE, "110"), (Kind.CODE, "A1"), (Kind.ADDRESS, "路")]
    assert search_for(values, ["王某拨打110，A1路"], numbers=True) == NOTHING


def test_every_kind_named_is_of_a_field_that_exists() -> None:
    known = {
        f"{source['name']}.{each['name']}"
        for source in avro_sources().values()
        for each in source.get("fields", ())
    }
    assert set(KINDS) <= known
    assert {name.partition(".")[0] for name in KINDS} <= set(CLASSES)


def test_every_string_about_a_person_is_listed_so_that_it_is_sought_in_texts() -> None:
    missing = {
        f"{source['name']}.{each['name']}"
        for source in avro_sources().values()
        for each in source.get("fields", ())
        if each["confidentiality"] in {FieldClass.PERSONAL, FieldClass.COMPLAINANT}
        and each["type"] in (["null", "string"], "string")
    }
    assert missing - set(KINDS) == set()


def test_a_string_that_nobody_listed_is_a_text() -> None:
    assert kind_of("LeadTransfer", "reason") is Kind.TEXT
    assert kind_of("Nothing", "at_all") is Kind.TEXT
