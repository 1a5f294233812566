"""By which names a text may call a township. Pure."""

import re
from typing import Final

SHORT_NAME_MIN: Final = 2  # characters; a single one (河 of 河镇) stands in many an address
KINDS: Final = ("街道办事处", "街道", "镇", "乡")
# The names of nationalities as in GB/T 3304, and 民族 for the townships of several.
_NATIONALITIES: Final = (
    "蒙古|回|藏|维吾尔|苗|彝|壮|布依|朝鲜|满|侗|瑶|白|土家|哈尼|哈萨克|傣|黎|傈僳|佤|畲|高山|拉祜|水"
    "|东乡|纳西|景颇|柯尔克孜|土|达斡尔|仫佬|羌|布朗|撒拉|毛南|仡佬|锡伯|阿昌|普米|塔吉克|怒"
    "|乌孜别克|俄罗斯|鄂温克|德昂|保安|裕固|京|塔塔尔|独龙|鄂伦春|赫哲|门巴|珞巴|基诺|民"
)
_OF_NATIONALITIES: Final = re.compile(f"(?:(?:{_NATIONALITIES})族)+$")


def names_of(name: str) -> tuple[str, ...]:
    """Return the township's name as it is, without 镇, 乡 or 街道, and without its nationalities.

    落别布依族彝族乡 is written 落别乡 or 落别 as well. What is left of a name must have two
    characters.
    """
    kind = next((kind for kind in KINDS if name.endswith(kind)), "")
    bare = name.removesuffix(kind)
    short = _OF_NATIONALITIES.sub("", bare)
    names = (name, *(each for each in (bare, short) if len(each) >= SHORT_NAME_MIN))
    if len(short) >= SHORT_NAME_MIN:
        names = (*names, short + kind)
    return tuple(dict.fromkeys(names))
