"""What people write of an address: the divisions before it are left out, one after the other.

By the words that end a division's name, not by the rulebook's table: an address may lie outside it,
and a wrong cut only seeks a part of the address that nobody writes.
"""

import re
from collections.abc import Iterator
from typing import Final

_NAME: Final = r"[^省市区县旗镇乡街\d]"
_LEVELS: Final = tuple(
    re.compile(rf"{_NAME}{{1,14}}?(?:{ends})(?![路街巷道村])")
    for ends in (
        "省|自治区|特别行政区",
        "市|自治州|地区|盟",
        r"县|市|旗|(?<![小社园校厂库住])区",
        "镇|乡|街道",
    )
)
_SHORTEST: Final = 4  # characters
# Without any division: a house's number after a road's or village's name, or many words.
# Of 三十二号 the last digit is enough: a run of them, sought from each of its places, takes long.
_HOUSE: Final = re.compile(r"\D{2,}(?:\d|[一二三四五六七八九十百](?:号|栋|幢|组|单元|室|户))")
_WORDY: Final = 6  # characters
# Many texts name an organ, and most often not as somebody's address.
_ORGAN: Final = re.compile(
    r"(?:政府|委员会|居委会|村委会|办事处|[局厅所队站]|法院|检察院|法庭|仓库|医院|学校|[中小]学)$"
)


def tails(address: str) -> Iterator[str]:
    """Yield the squeezed address without the divisions before it, then with the last, and so on.

    What is a division and nothing more, or could be said of many places, is not among them.
    """
    begins = []
    at = 0
    for level in _LEVELS:
        found = level.match(address, at)
        if found:
            begins.append(at := found.end())
    last = address[at:]
    if not last or _ORGAN.search(last):
        return
    stands_alone = _HOUSE.match(last) is not None or len(last) >= _WORDY
    for begin in reversed(begins):
        tail = address[begin:]
        if len(tail) >= _SHORTEST and (begin < at or stands_alone):
            yield tail
