"""By which names a text may call a township."""

import pytest

from services.rulebook.township_names import names_of

NAMES = {
    "岩脚镇": {"岩脚镇", "岩脚"},
    "九龙街道": {"九龙街道", "九龙"},
    "新场乡": {"新场乡", "新场"},
    "落别布依族彝族乡": {"落别布依族彝族乡", "落别布依族彝族", "落别乡", "落别"},
    "梭戛苗族彝族回族乡": {"梭戛苗族彝族回族乡", "梭戛苗族彝族回族", "梭戛乡", "梭戛"},
    "某某民族乡": {"某某民族乡", "某某民族", "某某乡", "某某"},
    "河镇": {"河镇"},
    "水族乡": {"水族乡", "水族"},  # nothing would be left
    "开发区": {"开发区"},
}


@pytest.mark.parametrize("name", NAMES)
def test_a_township_is_named_in_full_or_short(name: str) -> None:
    assert set(names_of(name)) == NAMES[name]
    assert names_of(name)[0] == name
