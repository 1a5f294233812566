"""Exchange tables are one organ's, and the last connector's that opened them."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from connectors.database import app
from connectors.database.app import run_file
from connectors.database.engine import open_engine
from schemas.errors import UserError
from tests.outbox_side import OutboxSide
from tests.owned_tables import CASES, Shared, refused

OUTBOX = {"layout": "debezium", "out": "outbox"}


@pytest.fixture
def shared(tmp_path: Path) -> Shared:
    return Shared(lambda: open_engine("sqlite:///exchange.db", tmp_path), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_exchange_tables(shared: Shared, case: Callable[[Shared], None]) -> None:
    case(shared)


def test_a_name_in_other_letters_is_the_same_table_to_sqlite(shared: Shared) -> None:
    ours = shared.connector("mugang")
    ours.open()
    ours.close()
    others = {"in": "B_IN", "ledger": "B_LEDGER", "files_table": "B_FILE"}
    refused(shared.connector("langdai", out="ex_out", **others), r"database\.of_another")
    refused(shared.connector("langdai", out="main.EX_OUT", **others), r"database\.of_another")


def test_two_organs_may_have_an_outbox_together_when_each_takes_its_own_rows(
    shared: Shared,
) -> None:
    OutboxSide(shared.new_engine).engine.dispose()
    ours = shared.connector("mugang", **OUTBOX, aggregate_types=["case", "lead"])
    ours.open()
    ours.close()
    own = {"answers": "B_A", "in": "B_IN", "ledger": "B_LEDGER", "files_table": "B_FILE"}
    refused(shared.connector("langdai", **OUTBOX, **own, aggregate_types=["lead"]), r"outbox lead")
    refused(shared.connector("langdai", **OUTBOX, aggregate_types=["fine"]), r"ex_answer mugang")
    theirs = shared.connector("langdai", **OUTBOX, **own, aggregate_types=["fine"])
    theirs.open()
    theirs.close()


def test_a_folder_of_attachments_is_one_organs_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "run", lambda *_: None)
    for organ in ("mugang", "langdai"):
        (tmp_path / f"{organ}.toml").write_text(
            f'organ = "{organ}"\nkind = "database"\n[source]\nurl = "sqlite:///x.db"\n'
            'files = "files"\n'
        )
    run_file(tmp_path / "mugang.toml")
    with pytest.raises(UserError, match=r"folder\.of_another .*files.*mugang"):
        run_file(tmp_path / "langdai.toml")


def test_who_may_not_make_the_table_of_owners_is_told(shared: Shared) -> None:
    engine = shared.new_engine()
    with engine.begin() as connection:
        connection.execute(text("CREATE VIEW owners AS SELECT 1"))
        connection.execute(text('CREATE TABLE taken ("x")'))
        connection.execute(text('CREATE INDEX "EX_OWNER" ON taken ("x")'))
    engine.dispose()
    refused(shared.connector("mugang"), r"database\.unusable EX_OWNER OperationalError")
