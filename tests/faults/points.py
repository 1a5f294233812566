"""The labelled points at which a process is struck, and what strikes it. Data; pure.

Each stands between two things of which the second must not be forgotten when the first is done.
`planted.py` finds them in the real processes; nothing of this is in the product.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Act(StrEnum):
    """What happens at a point."""

    KILL = "kill"  # SIGKILL
    TERM = "term"  # SIGTERM, and on
    STOP = "stop"  # SIGSTOP; the harness lets it go on
    RAISE = "raise"  # an exception that nobody expects
    CANCEL = "cancel"  # of the task that is at work
    HANG = "hang"  # nothing of the process turns any more


class Part(StrEnum):
    """Where in a message's way a point lies, for the count of what was shown."""

    BEFORE = "before the transaction"
    INSIDE = "inside the transaction"
    BETWEEN = "between publish and acknowledge"
    AFTER = "after the transaction"
    OUT = "connector, on the way out"
    IN = "connector, on the way in"
    ANYWHERE = "at a random moment"


@dataclass(frozen=True, slots=True)
class Point:
    """One labelled point of a process."""

    name: str
    part: Part
    zh: str
    en: str


EXCHANGE: Final = (
    Point("decoded", Part.BEFORE, "已解码验章，未进事务", "decoded, verified, no transaction yet"),
    Point("locked", Part.INSIDE, "事务内，已锁进度行", "the rows of progress are locked"),
    Point("decided", Part.INSIDE, "事务内，已判定若干件", "some records are decided"),
    Point("unwritten", Part.INSIDE, "事务内，未写库", "all decided, nothing written"),
    Point("written", Part.INSIDE, "事务内，已写库未提交", "written, not committed"),
    Point("committed", Part.AFTER, "已提交，未发布", "committed, nothing published"),
    Point("half_sent", Part.AFTER, "发布到一半", "some outbox rows are given to the broker"),
    Point("published", Part.BETWEEN, "已发布，发件箱未清", "published, still in the outbox"),
    Point("cleared", Part.BETWEEN, "发件箱已清，位点未确认", "out of the outbox, not acknowledged"),
    Point("handled", Part.BETWEEN, "本批已办完，位点未确认", "all is done but the acknowledgement"),
)
CONNECTOR: Final = (
    Point("taken", Part.OUT, "已从来源取走，未入队", "taken at the source, not in the spool"),
    Point("spooling", Part.OUT, "入队的事务之内", "inside the transaction of the spool"),
    Point("spooled", Part.OUT, "已入队，未发布", "in the spool, not published"),
    Point("sent", Part.OUT, "已发布，未登记", "published, not noted"),
    Point("noted", Part.OUT, "已登记，来源未标记", "noted, the source is not marked"),
    Point("shown", Part.OUT, "来源已标记，未登记标记", "the source is marked, the mark not noted"),
    Point("given", Part.IN, "已写入机关系统，未登记", "in the agency's system, not noted"),
    Point("got", Part.IN, "已登记送达，位点未确认", "noted, the inbox not acknowledged"),
    Point("read", Part.IN, "收件位点已确认", "the inbox is acknowledged"),
)
RANDOM: Final = Point("random", Part.ANYWHERE, "随机时刻", "wherever it was at a random moment")
POINTS: Final = {point.name: point for point in (*EXCHANGE, *CONNECTOR, RANDOM)}


@dataclass(frozen=True, slots=True)
class Strike:
    """Strike when the point is passed for the `visit`-th time with a message in hand."""

    point: str
    visit: int = 1
    act: Act = Act.KILL

    def __str__(self) -> str:
        """Return it as it is given to the process."""
        return f"{self.point}:{self.visit}:{self.act}"


def parse(text: str) -> Strike:
    """Read what `str` wrote. Raises ValueError, KeyError."""
    point, visit, act = text.split(":")
    return Strike(POINTS[point].name, int(visit), Act(act))
