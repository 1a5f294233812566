"""`yichuan trace ID-OR-文号`: the whole journey of a case, from the casebook."""

from typing import Annotated

import typer
from sqlalchemy import Connection

from connectors.bus.home import Home, home_at
from schemas.errors import UserError
from schemas.ids import CaseId
from services.casebook.progress import progress_now
from services.cli.casebook_view import (
    case_of,
    cases_named,
    decision_count,
    decisions_of,
    reading,
)
from services.cli.exit_codes import NO
from services.cli.options import AsJson, HomeFolder
from services.cli.output import emit_json, in_language, note, table
from services.cli.recipients import waiting_copies
from services.cli.trace_story import Document, story, summary
from services.cli.trace_text import lines, one_line
from services.rulebook.load import load
from services.rulebook.model import Directory


def trace(
    named: Annotated[
        str, typer.Argument(metavar="ID-OR-文号", help="case id, message id or 文号 / 标识或文号")
    ],
    home: HomeFolder = None,
    as_json: AsJson = False,
) -> None:
    """Tell a case: messages, decisions, rules, duties, and who holds the clock."""
    place = home_at(home).checked()
    directory = load(place.rulebook).directory
    with reading(place) as connection:
        found = cases_named(connection, named)
        if not found:
            raise UserError("trace.unknown", where=named, exit_code=NO)
        if len(found) > 1:
            told = [told_case(connection, case_id, directory, place) for case_id in found]
            _print_several([summary(one) for one in told], as_json=as_json)
            return
        whole = told_case(connection, found[0], directory, place)
    if as_json:
        emit_json(whole)
    else:
        print("\n".join(lines(whole)))


def told_case(
    connection: Connection, case_id: CaseId, directory: Directory, home: Home
) -> Document:
    """Return the journey of one case as a document."""
    case = case_of(connection, case_id)
    waiting = waiting_copies(connection, case_id, home)
    decisions = decisions_of(connection, case_id)
    left_out = decision_count(connection, case_id) - len(decisions)
    place = decisions[-1].position.place
    decided = progress_now(connection).get(place)
    return story(case, decisions, directory, waiting, left_out, decided.clock if decided else None)


def _print_several(cases: list[Document], *, as_json: bool) -> None:
    if as_json:
        for case in cases:
            emit_json(case)
        return
    heads = in_language(
        "案件 文号 移送机关 承办机关 状态 时间", "case number sender handler state opened"
    )
    table(heads.split(), [one_line(case) for case in cases])
    note("多个案件匹配；请用案件标识再查", "several cases match; ask again with a case id")
