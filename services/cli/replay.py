"""`yichuan replay`: the flows' records decided anew, and each decision held against the journal.

Read-only: the broker as the administrator, the casebook for how far it is, the recorded rulebooks
of the home. The replay has a casebook of its own in the home's `run`, removed at the end, under a
key that is never written, or a backup's: it holds unredacted letters, also those erased since.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from sqlalchemy import Connection, select

from connectors.bus.home import Home, Settings, home_at
from connectors.bus.scratch import scratch_in
from schemas.errors import Broken, UserError
from schemas.parts import Flow
from schemas.topics import JOURNAL, ORIGINALS
from services.casebook.case_keys import CaseKeys
from services.casebook.key_file import key_in_force
from services.casebook.progress import Place, progress_now
from services.casebook.tables import OUTBOX
from services.cli.casebook_view import reading
from services.cli.exit_codes import NO
from services.cli.flow_reader import FlowReader
from services.cli.log_reader import Logged, LogReader, open_log
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, say, table
from services.cli.replay_begin import begun, gaps_of, passed_in
from services.exchange.audit import ENTRIES_MAX, Audit, Counts, Difference
from services.exchange.gap import LostBefore, by_place
from services.exchange.kept_keys import opened_record
from services.exchange.log_order import NONE_LOST, in_log_order, lost_from, whole
from services.exchange.opening import open_again
from services.exchange.originals import Kept, lay_at
from services.exchange.told_lines import Told, as_told

CONNECT_SECONDS_MAX: Final = 30.0
READ_SECONDS_MAX: Final = 24 * 3600.0  # of a partition: its reader waits while others are decided
ORIGINALS_PAGE_MAX: Final = 500  # opened at one time
_COLUMNS: Final = ("records", "ticks", "dead", "refused_by_gate", "erased", "decisions")
_HEADS: Final = (
    "流程 记录 时钟 死信 保密拒收 已销毁 决定",
    "flow records ticks dead gate erased decisions",
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What has been decided at one moment, and what the journal says of it."""

    decided_to: Mapping[Place, int]
    journal: tuple[Told, ...]
    lost: Mapping[Place, LostBefore]  # gaps that were passed, in the journal and in the casebook


def replay(
    begin_from: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="begin with a backup: flows keep 30 days / 从备份起（主题只留 30 天）",
            show_default=False,
        ),
    ] = None,
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Decide every record of the flows anew and compare with the journal, to the byte.

    Raises UserError replay.differs with the first difference; replay.too_old when neither the flows
    nor the originals have what the first records were; what `begun` raises.
    """
    place = home_at(home).there()
    settings = place.settings()
    shelf = open_again(place, settings)
    with ExitStack() as open_readers:
        folder = open_readers.enter_context(scratch_in(place.run))
        begin = open_readers.enter_context(begun(folder, begin_from))
        look = open_readers.enter_context(open_log(place, settings, CONNECT_SECONDS_MAX))
        with reading(place) as connection:
            snapshot = _snapshot(look, connection, begin.journal)
        note(
            f"日志 {len(snapshot.journal)} 条，逐条重新判定…",
            f"{len(snapshot.journal)} lines of the journal; deciding anew…",
        )
        flows = open_readers.enter_context(FlowReader(place, settings))
        originals = partial(_opened, open_readers, place, settings)
        turns = {
            one: (begin.offsets.get(one, 0), end)
            for one, end in sorted(snapshot.decided_to.items())
            if end > 0
        }
        streams = [
            _partition(place, originals, flows, look, one, turn, snapshot.lost.get(one, NONE_LOST))
            for one, turn in turns.items()
        ]
        audit = Audit(begin.casebook, shelf, snapshot.journal, begin.offsets)
        found = audit.replay(in_log_order(streams), settings.exchange.batch_max)
    if found is not None:
        raise differs(found)
    _tell(audit.counts, as_json=as_json)


def differs(found: Difference) -> UserError:
    """Return the error that tells the first difference: places, ids and a path, no content."""
    where = f"{found.topic}/{found.partition}/{found.offset}"
    detail = " ".join(part for part in (found.message, found.field) if part)
    return UserError("replay.differs", where=where, detail=detail, exit_code=NO)


def document(counts: Counts) -> dict[str, Any]:
    """Return what was replayed, keys stable."""
    return {
        "same": True,
        "decisions": counts.decisions.total(),
        "flows": {
            flow.value: {name: getattr(counts, name)[flow.value] for name in _COLUMNS}
            for flow in Flow
        },
        "rulebooks": sorted(counts.rulebooks),
        "defects": counts.defects,
        "lost": counts.lost.total(),
    }


def _snapshot(look: LogReader, connection: Connection, known: int) -> Snapshot:
    """Read the journal around one moment of the casebook, from where it is not `known`.

    A line that was there before that moment is of a decision before it. One that came in between,
    or waits in the outbox, may be.
    """
    before = {place: end for place, (_, end) in look.spans(JOURNAL).items()}
    decided_to = {place: each.next_offset for place, each in progress_now(connection).items()}
    waiting = select(OUTBOX.c.value).where(OUTBOX.c.topic == JOURNAL).order_by(OUTBOX.c.seq)
    unsent = [as_told(value.decode(), -1, is_due=False) for value in connection.scalars(waiting)]
    gaps = gaps_of(connection)
    connection.rollback()  # a server ends a transaction in which nothing is asked for seconds
    spans = {place: (max(begin, known), end) for place, (begin, end) in look.spans(JOURNAL).items()}
    lines = sum(end - begin for begin, end in spans.values())
    if lines > ENTRIES_MAX:
        raise UserError("replay.too_long", detail=f"{lines} > {ENTRIES_MAX}", exit_code=3)
    begins = {place: begin for place, (begin, _) in spans.items()}
    ends = {place: end for place, (_, end) in spans.items()}
    found = [
        as_told(
            (each.value or b"").decode(errors="replace"),
            each.offset,
            is_due=each.offset < before[each.place],
        )
        for each in look.read(begins, ends, READ_SECONDS_MAX)
    ]
    journal = (*found, *unsent)
    lost = by_place(passed_in(gaps, (each.line for each in journal)))
    return Snapshot(decided_to, journal, lost)


def _partition(
    home: Home,
    open_originals: Callable[[], LogReader],
    flows: FlowReader,
    look: LogReader,
    place: Place,
    turn: tuple[int, int],
    lost: LostBefore,
) -> Iterator[Kept]:
    """Yield a flow's partition: from the originals what the log no longer has, then the log.

    `turn`: its begin and end; `lost`: what nobody has any more, and somebody answered for. Raises
    UserError replay.too_old, Broken log.gap.
    """
    (topic, partition), (start, end) = place, turn
    begin = max(start, look.spans(topic)[place][0])
    for gone in lost_from(start, lost) if begin > start else ():
        yield gone
        start = gone.incoming.position.offset + 1
    if begin > start:
        of_originals = (ORIGINALS, partition)
        span = look.spans(ORIGINALS)[of_originals]
        records = _read(open_originals(), of_originals, *span)
        own = (each for each in records if _flow_of(each) == topic)
        try:
            yield from whole(_unlocked(home, own), place, start, min(begin, end), lost)
        except Broken as error:
            if error.code != "log.gap":
                raise
            where = f"{topic}/{partition}"
            raise UserError("replay.too_old", where, error.detail, exit_code=3) from None
    there = (Kept(each, None) for each in flows.read(place, begin, end))
    yield from whole(there, place, min(begin, end), end)


def _unlocked(home: Home, records: Iterator[Logged]) -> Iterator[Kept]:
    """Open what the originals keep locked, a page at a time: no transaction stays open meanwhile.

    Raises Broken casebook.key_missing, casebook.unreadable.
    """
    while page := list(islice(records, ORIGINALS_PAGE_MAX)):
        with reading(home) as connection:
            keys = CaseKeys(connection, key_in_force(connection, home.casebook_key))
            found = [
                opened_record(keys, each.key, each.value, list(each.headers.items()))
                for each in page
            ]
        yield from found


def _opened(readers: ExitStack, home: Home, settings: Settings) -> LogReader:
    """Open a reader of its own for a partition: they are read side by side."""
    return readers.enter_context(open_log(home, settings, CONNECT_SECONDS_MAX))


def _read(reader: LogReader, place: Place, begin: int, end: int) -> Iterator[Logged]:
    return reader.read({place: begin}, {place: end}, READ_SECONDS_MAX)


def _flow_of(record: Logged) -> str:
    return lay_at(list(record.headers.items())).position.topic


def _tell(counts: Counts, *, as_json: bool) -> None:
    told = document(counts)
    if as_json:
        emit_json(told)
        return
    rows = [(flow, *(str(each[name]) for name in _COLUMNS)) for flow, each in told["flows"].items()]
    table(in_language(*_HEADS).split(), rows)
    say(
        f"一致：{told['decisions']} 项决定逐字节相同，规则库 {len(told['rulebooks'])} 个",
        f"the same: {told['decisions']} decisions to the byte, under {len(told['rulebooks'])} "
        "rulebooks",
    )
    if lost := counts.lost.total():
        say(
            f"另有 {lost} 条在处理之前已从日志失去，由人负责跳过（yichuan dead list）",
            f"{lost} more were lost by the log undecided, and somebody answered for going on",
        )
    if counts.defects:
        say(
            f"其中 {counts.defects} 项当时因程序缺陷冻结，依日志记载",
            f"{counts.defects} of them froze by a defect then: taken as the journal has them",
        )
