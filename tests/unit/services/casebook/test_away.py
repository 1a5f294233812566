"""Why a database does not answer: for who mends it, and without the driver's own text."""

import sqlite3
from pathlib import Path

import psycopg
import pytest
from psycopg.errors import AdminShutdown, DiskFull, InvalidPassword, TooManyConnections
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection

from services.casebook.away import why_away


def refused_by_sqlite(path: Path) -> sqlite3.Error:
    """What SQLite says of a casebook that is not there."""
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute("SELECT 1 FROM settings")
    return raised.value


@pytest.mark.parametrize(
    ("error", "zh", "en"),
    [
        (AdminShutdown("x"), "数据库正在停止或启动（57P01）", "stopping or starting (57P01)"),
        (DiskFull("x"), "数据库的磁盘已满（53100）", "disk is full (53100)"),
        (TooManyConnections("x"), "数据库的连接数已满（53300）", "no more connections (53300)"),
        (InvalidPassword("x"), "数据库拒绝该登录（28P01）", "refuses the login (28P01)"),
        (psycopg.OperationalError("x at db.example"), "连不上数据库", "no connection"),
        (NoConnection(), "没有空闲的数据库连接", "became free"),
        (sqlite3.OperationalError("李四"), "数据库没有应答", "no answer"),
        (TimeoutError(), "数据库没有应答", "no answer"),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
)
def test_it_is_said_in_both_languages(error: Exception, zh: str, en: str) -> None:
    said = why_away(OperationalError("COMMIT", {}, error))
    assert said == why_away(error)
    told = said.split(" | ")
    assert (zh in told[0], en in told[1]) == (True, True)
    assert type(error).__name__ not in said
    assert "x" not in told[1].split()


def test_of_sqlite_the_name_that_can_be_looked_up_stays(tmp_path: Path) -> None:
    said = why_away(refused_by_sqlite(tmp_path / "none.sqlite"))
    assert said == (
        "账本文件打不开（SQLITE_CANTOPEN） | the casebook's file cannot be opened (SQLITE_CANTOPEN)"
    )
