"""An address is found in a text as people write it there: without the divisions before it."""

import pytest

from services.confidentiality.addresses import tails
from services.confidentiality.free_text import NOTHING, scrubbed, search_for
from services.confidentiality.kinds import Kind

ADDRESS = "贵州省六盘水市六枝特区岩脚镇示例路1号"


def shown(text: str, address: str, kind: Kind = Kind.ADDRESS) -> str:
    return scrubbed(text, search_for([(kind, address)], [text], numbers=False))


@pytest.mark.parametrize("kind", [Kind.ADDRESS, Kind.PLACE])
@pytest.mark.parametrize(
    "written",
    [
        ADDRESS,
        "六盘水市六枝特区岩脚镇示例路1号",
        "六枝特区岩脚镇示例路1号",
        "岩脚镇示例路1号",
        "示例路1号",
        "岩脚镇示例路一号",
        "岩脚镇，示例路１号",
        "岩脚镇 示例路-1号",
    ],
)
def test_an_address_is_found_without_its_first_divisions(written: str, kind: Kind) -> None:
    assert shown(f"举报人住{written}，白天在家", ADDRESS, kind) == "举报人住****，白天在家"


@pytest.mark.parametrize(
    ("address", "cut"),
    [
        ("六枝特区九龙街道阳光小区3栋402室", ["九龙街道阳光小区3栋402室", "阳光小区3栋402室"]),
        ("岩脚镇集贸市场12号", ["集贸市场12号"]),
        ("六枝特区城镇路12号", ["城镇路12号"]),
        ("六枝特区岩脚镇王小明家", ["岩脚镇王小明家"]),
        ("六枝特区岩脚镇示例村老寨组", ["岩脚镇示例村老寨组", "示例村老寨组"]),
        ("贵州六枝特区岩脚镇示例路十二号", ["岩脚镇示例路十二号", "示例路十二号"]),
        (
            "黔东南苗族侗族自治州凯里市大十字街道示例路1号",
            ["凯里市大十字街道示例路1号", "大十字街道示例路1号", "示例路1号"],
        ),
        # What is left could be said of many places.
        ("贵州省六盘水市六枝特区岩脚镇", []),
        ("六枝特区九龙街道", []),
        ("六枝特区岩脚镇人民政府", []),
        ("六枝特区岩脚镇中心小学", []),
        ("岩脚镇1号", []),
        ("岩脚镇12号楼", []),
        ("岩脚镇集贸市场", []),
        ("示例路1号", []),
        ("", []),
    ],
)
def test_what_is_left_of_an_address_is_an_address_still(address: str, cut: list[str]) -> None:
    assert list(tails(address)) == cut[::-1]


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (ADDRESS, "六枝特区岩脚镇人民政府示例路工程，2026年1号文件"),
        ("六枝特区岩脚镇人民政府", "岩脚镇人民政府移送，人民政府"),
        ("贵州省六枝特区岩脚镇", "六枝特区岩脚镇示例路"),
        ("六枝特区岩脚镇12号楼", "12号楼"),
        ("1-2-304", "1,230.4元，12304元"),
    ],
)
def test_divisions_organs_and_house_numbers_alone_stay(address: str, text: str) -> None:
    assert shown(text, address) is text
    assert search_for([(Kind.ADDRESS, address)], [text], numbers=False) is NOTHING
