"""Every fault by its name: what is done, and what does it. The page and the runner read it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tests.faults import (
    clocks,
    crowd,
    disk,
    floods,
    gap,
    kills,
    leaders,
    links,
    outages,
    pairs,
    records,
    rewinds,
    slow,
    stops,
    upgrade,
)
from tests.faults.campaign import Campaign

Strike = Callable[[Campaign], str]


class Stand(StrEnum):
    """On what it is shown."""

    SQLITE = "one exchange, SQLite"
    POSTGRESQL = "two exchanges, PostgreSQL"
    THREE_BROKERS = "one exchange, SQLite, three brokers"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `strike` returns the figure, or raises AssertionError saying what was seen."""

    name: str
    zh: str
    en: str
    strike: Strike
    is_quick: bool = True  # part of QUICK=1
    takes_the_rest: bool = False  # of the time: it comes last
    stand: Stand = Stand.SQLITE


FAULTS: Final = (
    Fault(
        "kill_points",
        "在每个标注点和随机时刻 kill -9 交换进程与连接器，死后立即重启",
        "kill -9 of the exchange and of connectors at every labelled point and at random",
        kills.kill_points,
        takes_the_rest=True,
    ),
    Fault(
        "term_inside",
        "事务之内、发布与确认之间收到 SIGTERM：办完本批，状态 0 退出",
        "SIGTERM in the transaction and between publish and acknowledge: the batch is finished",
        stops.term_inside,
        is_quick=False,
    ),
    Fault(
        "raise_inside",
        "事务之内、发布与确认之间出现意料之外的异常：进程退出，重启后重办",
        "an unexpected exception there: the process ends, and what it had is read again",
        stops.raise_inside,
        is_quick=False,
    ),
    Fault(
        "cancel_inside",
        "办理中的任务被取消：进程退出，重启后重办",
        "the task at work is cancelled: the process ends, and what it had is read again",
        stops.cancel_inside,
        is_quick=False,
    ),
    Fault(
        "hang_inside",
        "进程在事务之内停住不动：看门狗使其退出",
        "the process hangs in its transaction: its watchdog ends it",
        stops.hang_inside,
        is_quick=False,
    ),
    Fault(
        "freeze_inside",
        "事务之内 SIGSTOP，会话超时之后 SIGCONT",
        "SIGSTOP in the transaction past the session, then SIGCONT",
        stops.freeze_inside,
        is_quick=False,
    ),
    Fault(
        "broker_killed",
        "kill -9 Kafka，立即重启；再次，离线到会话超时之后",
        "the broker killed -9 and back at once; killed and away for longer than a session",
        outages.broker_killed,
    ),
    Fault(
        "term_without_broker",
        "Kafka 离线时向交换进程发 SIGTERM：限时之内退出，恢复后接着办",
        "SIGTERM to the exchange while the broker is away: it ends in time, and goes on later",
        outages.term_without_broker,
        is_quick=False,
    ),
    Fault(
        "registry_down",
        "登记中心离线，期间各进程重启",
        "the registry away, every process started anew meanwhile",
        outages.registry_down,
        is_quick=False,
    ),
    Fault(
        "registry_slow",
        "登记中心应答缓慢，期间各进程重启、模式重新登记",
        "the registry answers late, every process started anew and the schemas applied meanwhile",
        slow.registry_slow,
        is_quick=False,
    ),
    Fault(
        "store_down",
        "附件存放处离线：未存妥的不发，未取到的不算送达；恢复后各到其位",
        "the attachments' store away: what is not stored is not sent, then every file is there",
        outages.store_down,
        is_quick=False,
    ),
    Fault(
        "agency_down",
        "一个机关离线，其他机关照常；恢复后一次收齐",
        "one agency away while the others work; then it gets all of it",
        outages.agency_down,
        is_quick=False,
    ),
    Fault(
        "exchange_link",
        "交换进程与 Kafka 之间的链路变慢、被切断、只进不出（自制 TCP 代理）",
        "the link between exchange and broker slow, cut, swallowing (a TCP proxy of ours)",
        links.exchange_link,
        is_quick=False,
    ),
    Fault(
        "connector_link",
        "连接器与 Kafka 之间的链路同样处理",
        "the same between a connector and the broker",
        links.connector_link,
        is_quick=False,
    ),
    Fault(
        "exchange_clock",
        "交换进程的主机时钟快、慢一小时：停下并说明，校正后继续",
        "the exchange's clock an hour ahead, behind: it stops and says so; put right, it goes on",
        clocks.exchange_clock,
        is_quick=False,
    ),
    Fault(
        "agency_clock",
        "机关主机时钟快、慢一小时：收发照常",
        "an agency's clock an hour ahead, behind: its letters go and come as ever",
        clocks.agency_clock,
        is_quick=False,
    ),
    Fault(
        "poison",
        "流主题里写入不是消息的东西：各成一件死信",
        "what is no message, written into the flows: each a dead letter, once",
        records.poison,
    ),
    Fault(
        "sent_twice",
        "日志中的记录原样再写一遍：一件不重办",
        "what lies in the log written once more, to the byte: nothing is done twice",
        records.sent_twice,
    ),
    Fault(
        "inbox_refuses",
        "一个收件箱拒收：只它等待，其他照常",
        "an inbox that takes nothing: only that one waits",
        records.inbox_refuses,
    ),
    Fault(
        "offsets_reset",
        "消费位点回到起点：全部重读，一件不重办",
        "the group's offsets set back to the beginning: all is read again, nothing done twice",
        rewinds.offsets_reset,
    ),
    Fault(
        "older_casebook",
        "恢复较早的账本备份：其后的按日志所载事实重办",
        "an older casebook restored: what it lacks is decided again, as the journal tells it was",
        rewinds.older_casebook,
    ),
    Fault(
        "backup_over_a_killed_casebook",
        "把备份复制到被 kill -9 的账本之上：拒绝打开；以 yichuan restore 还原，接着补办",
        "a backup copied over a killed casebook: refused; restored, the rest is decided again",
        rewinds.backup_over_a_killed_casebook,
        is_quick=False,
    ),
    Fault(
        "log_gap",
        "交换进程停到记录未处理即到期删除：拒绝启动；由人负责越过，丢失的函件自动再发，一件不少",
        "away until records are deleted undecided: refused; answered for, the letters come again",
        gap.log_gap,
        is_quick=False,
    ),
    Fault(
        "disk_full",
        "账本所在的磁盘写满，腾出后继续（tmpfs）",
        "the casebook's disk full, then not (a small tmpfs)",
        disk.disk_full,
        is_quick=False,
    ),
    Fault(
        "agency_floods",
        "一个机关的发文量是平时的一百倍：它的与其他机关的全部送达",
        "one agency sends a hundred times its share: all of it arrives, and the others' letters",
        floods.agency_floods,
        is_quick=False,
    ),
    Fault(
        "workers_come_and_go",
        "第三个交换进程每 5 秒加入、离开",
        "a third exchange joins and leaves every 5 s",
        crowd.workers_come_and_go,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "rebalance_inside",
        "一个交换进程在事务之内冻结，分区转给另一个，然后恢复",
        "an exchange frozen in its transaction until another has its partitions, then going on",
        stops.freeze_inside,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "rolling_kills",
        "两个交换进程轮流在标注点被杀",
        "two exchanges killed at labelled points in turn",
        crowd.rolling_kills,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "database_down",
        "PostgreSQL 被强行终止，十五秒后恢复",
        "PostgreSQL stopped at once, away for fifteen seconds, back",
        crowd.database_down,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "database_slow",
        "PostgreSQL 应答缓慢（自制代理）",
        "PostgreSQL answers late (a proxy of ours)",
        slow.database_slow,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "database_restored",
        "不停机备份 PostgreSQL 账本，其后整库丢失：还原到新库，接着补办",
        "PostgreSQL backed up under load, then lost: restored anew, the rest decided again",
        rewinds.database_restored,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "rolling_upgrade",
        "带一次迁移的滚动升级：先升级的继续，未升级的被拒",
        "a rolling upgrade with a migration: the upgraded go on, one left behind is refused",
        upgrade.rolling_upgrade,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "two_at_once",
        "Kafka、登记中心、PostgreSQL、附件存放处、冻结、断链、全部 kill -9，两两交叠",
        "broker, registry, PostgreSQL, store, a frozen exchange, a cut link, all killed: in pairs",
        pairs.two_at_once,
        is_quick=False,
        stand=Stand.POSTGRESQL,
    ),
    Fault(
        "leader_changes",
        "三个 Kafka 节点轮流 kill -9 再恢复，分区首领随之更换；再全部重选",
        "each of three brokers killed -9 and back, so that leaders change; then all elected anew",
        leaders.leader_changes,
        is_quick=False,
        stand=Stand.THREE_BROKERS,
    ),
)
BY_NAME: Final = {fault.name: fault for fault in FAULTS}
