"""Organs end in a period, or behind it: what each did, or did not do, stays its own."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from schemas.parts import Flow
from services.casebook.store import Casebook
from services.casework.case import State
from services.cli.casebook_view import case_of
from services.cli.statistics import _is_led
from services.cli.statistics_items import Item, Period
from services.cli.statistics_read import items_in
from services.rulebook.calendar import ZONE
from services.rulebook.model import Rulebook
from tests.empty_casebook import empty_casebook
from tests.history import HANDLER, MONDAY, SENDER, SHANGHAI, History, organ
from tests.office import PARTITIONS, Log, office, run, sent
from tests.unit.services.casework.test_succession import HEIR, merged

TOWNSHIP_S_HEIR = "mugang"
LEADER, LEADER_S_HEIR = "lps-scjg", "lps-swj"  # of the line of liuzhi-scjg
OCTOBER = datetime(2026, 10, 1, tzinfo=ZONE)
SEPTEMBER = Period(date(2026, 9, 1), date(2026, 9, 30), OCTOBER)
OF_THE_DAY = Period(date(2026, 9, 22), date(2026, 9, 22), datetime(2026, 9, 23, tzinfo=ZONE))
MIDNIGHT = datetime(2026, 9, 23, 0, 0, 4, tzinfo=SHANGHAI)  # both end on 22 September
HEIRS = frozenset({organ(HEIR), organ(TOWNSHIP_S_HEIR)})


def ending() -> Rulebook:
    return merged(merged(office().rulebook, HANDLER), SENDER, TOWNSHIP_S_HEIR)


@pytest.fixture
def casebook(tmp_path: Path) -> Iterator[Casebook]:
    opened = empty_casebook(tmp_path / "casebook.sqlite")
    yield opened
    opened.close()


def items(casebook: Casebook, period: Period) -> list[Item]:
    with casebook.engine.connect() as connection:
        return list(items_in(connection, period, HEIRS))


def test_the_line_of_a_leader_that_has_ended_is_its_successor_s() -> None:
    directory = merged(office().rulebook, LEADER, LEADER_S_HEIR).directory
    days = (date(2026, 9, 22), date(2026, 9, 23))
    led = [
        [_is_led(directory, organ("liuzhi-scjg"), organ(leader), day) for day in days]
        for leader in (LEADER, LEADER_S_HEIR)
    ]
    assert led == [[True, False], [False, True]]


def told(casebook: Casebook, period: Period, figure: str) -> Counter[tuple[str, str]]:
    found = (each for each in items(casebook, period) if each.figure == figure)
    return Counter((each.organ, each.detail) for each in found)


def test_who_was_late_is_who_owed_it_on_the_day_and_not_its_heir(casebook: Casebook) -> None:
    history, log = History(), Log()
    lead = sent(history, "lead_transfer", SENDER)
    by = replace(office(), rulebook=ending())
    run(casebook, [log.put(lead, MONDAY)], by=by)
    ticks = [log.tick(MIDNIGHT, each) for each in range(PARTITIONS)]
    run(casebook, ticks, by=by)
    signed = history.next("signed_for", HEIR)
    run(casebook, [log.put(signed, MIDNIGHT + timedelta(days=1))], by=by)
    late, heir = (organ(HANDLER), "sign_for"), (organ(HEIR), "sign_for")
    assert told(casebook, SEPTEMBER, "breached")[late] == 1
    assert heir not in told(casebook, SEPTEMBER, "breached")
    assert told(casebook, SEPTEMBER, "time_to_sign") == {heir: 1}
    assert told(casebook, SEPTEMBER, "open")[organ(HEIR), "decide_filing"] == 1
    for figure in ("open", "overdue"):  # as that day ended
        assert told(casebook, OF_THE_DAY, figure)[late] == 1
        assert heir not in told(casebook, OF_THE_DAY, figure)


def test_a_notice_s_delay_and_a_closed_case_stay_with_who_sent_and_who_ended_them(
    casebook: Casebook,
) -> None:
    notices, transfers, log = History(), History(), Log()
    found_at = (MONDAY - timedelta(hours=5)).isoformat()
    notice = sent(notices, "violation_notice", SENDER, found_at=found_at)
    said = [
        sent(transfers, "lead_transfer", SENDER),
        sent(transfers, "signed_for", HANDLER),
        sent(transfers, "filing_reply", HANDLER),
        sent(transfers, "outcome_feedback", HANDLER),
    ]
    assert transfers.opened.state is State.CLOSED
    by = replace(office(), rulebook=ending())
    run(casebook, [log.put(each, MONDAY) for each in (notice, *said)], by=by)
    flows = (Flow.LEADS, Flow.NOTIFICATIONS)
    ticks = [log.tick(MIDNIGHT, each, flow) for flow in flows for each in range(PARTITIONS)]
    run(casebook, ticks, by=by)
    supplement = transfers.next("outcome_feedback", HEIR)
    run(casebook, [log.put(supplement, MIDNIGHT + timedelta(days=1))], by=by)
    assert told(casebook, SEPTEMBER, "notify_delay") == {(organ(SENDER), ""): 1}
    assert told(casebook, SEPTEMBER, "time_to_close") == {(organ(HANDLER), ""): 1}
    with casebook.engine.connect() as connection:
        for ended, stands in ((notices, TOWNSHIP_S_HEIR), (transfers, HEIR)):
            case = case_of(connection, ended.opened.id)
            assert case is not None
            assert organ(stands) in (case.sender, case.handler)  # in its place by now
