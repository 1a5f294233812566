"""Writes deploy/faults.md from the tables of faults and points: `make faults-page`."""

from typing import Final

from tests.faults.points import CONNECTOR, EXCHANGE, Point
from tests.faults.table import FAULTS, Fault
from tests.house.tree import REPO

PAGE: Final = REPO / "deploy" / "faults.md"

_HEAD: Final = """# 故障 · Faults

对运行中的一个县所做的每一种破坏：`make faults` 破坏真实的进程与链路，`make prove WHAT=faults`
记下结果。本页由 `tests/faults/table.py` 与 `points.py` 生成：`make faults-page`。

What is done to a running county before it is believed: `make faults` strikes real processes and
links (Kafka, the registry, the exchange, six connectors), `make prove WHAT=faults` keeps what was
found. This page is made from `tests/faults/table.py` and `points.py`: `make faults-page`.

```
make faults QUICK=1                  about five minutes
make faults MINUTES=60               all of it; what is left of the time goes to the kills
make faults ONLY="poison agency_down" SEED=7
```

While a fault strikes, agencies go on working: leads, answers, letters that are refused, notices
that are held, a complaint that the supervisor assigns, and leads that nobody signs. The harness
keeps its own record of what it handed over. When all has come to its end, it is held against the
agencies' own folders and tables:

1. what was accepted is delivered, held, refused or dead-lettered; nothing is missing;
2. each message has one effect; no receipt contradicts another;
3. the order within a case is kept;
4. each duty fired once when it was due, and none that had been met;
5. journal and casebook agree: the log decided anew gives the journal, to the byte;
6. nobody holds a word above its clearance, and no log has one.

The harness is tested, too: a build with Faust's stock `exactly_once`, and one without the unique
message id, must be found out (`harness_finds_planted`).
"""
_FAULTS: Final = """
## 故障一览 · The faults

| name | 做什么 | what is done | stand | QUICK=1 |
|---|---|---|---|---|
"""
_POINTS: Final = """
## 标注点 · The labelled points

Each lies between two things of which the second must not be forgotten when the first is done. They
are laid around the product's own functions by the test build `tests/faults/planted.py`; nothing of
them is in the product.

| process | point | 位置 | where | part |
|---|---|---|---|---|
"""


def page() -> str:
    """Return the page."""
    faults = "".join(map(_fault, FAULTS))
    exchange = "".join(_point("exchange", point) for point in EXCHANGE)
    connector = "".join(_point("connector", point) for point in CONNECTOR)
    return f"{_HEAD}{_FAULTS}{faults}{_POINTS}{exchange}{connector}"


def _fault(fault: Fault) -> str:
    quick = "✓" if fault.is_quick else ""
    return f"| `{fault.name}` | {fault.zh} | {fault.en} | {fault.stand} | {quick} |\n"


def _point(process: str, point: Point) -> str:
    return f"| {process} | `{point.name}` | {point.zh} | {point.en} | {point.part} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
