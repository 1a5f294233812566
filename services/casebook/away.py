"""Why a database does not answer, in words for the person who has to mend it.

Never the driver's own text: it may tell the address, the login, or a row. SQLSTATE and SQLite's
names stay beside the words, for they can be looked up.
"""

import sqlite3
from typing import Final

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnection

_OTHER: Final = ("数据库没有应答", "the database gave no answer")
_NONE_FREE: Final = ("没有空闲的数据库连接", "no connection to the database became free")
_NOT_REACHED: Final = (
    "连不上数据库：地址、库名、登录或网络",
    "no connection to the database: its address, its name, the login or the network",
)
# By the beginning of SQLSTATE, the longest first (PostgreSQL, Appendix A), or SQLite's name.
_WORDS: Final = (
    ("57014", "语句执行过久", "a statement took too long"),
    ("57P0", "数据库正在停止或启动", "the database is stopping or starting"),
    ("53100", "数据库的磁盘已满", "the database's disk is full"),
    ("53300", "数据库的连接数已满", "the database takes no more connections"),
    ("55P03", "等锁过久", "a lock was not given in time"),
    ("25006", "数据库只读（备库）", "the database is read-only, as a standby is"),
    ("3D000", "没有这个数据库", "there is no such database"),
    ("28", "数据库拒绝该登录", "the database refuses the login"),
    ("40", "一再与其他事务冲突", "it lost to other transactions again and again"),
    ("08", "与数据库的连接中断", "the connection to the database was lost"),
    ("SQLITE_FULL", "磁盘已满", "the disk is full"),
    ("SQLITE_BUSY", "账本被其他进程占用", "another process holds the casebook"),
    ("SQLITE_LOCKED", "账本被其他进程占用", "another process holds the casebook"),
    ("SQLITE_READONLY", "账本文件只读", "the casebook's file is read-only"),
    ("SQLITE_CANTOPEN", "账本文件打不开", "the casebook's file cannot be opened"),
    ("SQLITE_IOERR", "磁盘读写出错", "the disk fails to read or write"),
)


def why_away(error: BaseException) -> str:
    """Return why in Chinese and English: of SQLAlchemy's error, or of the driver's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, NoConnection):
        return _said(*_NONE_FREE)
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorname", "")
    elif isinstance(cause, psycopg.Error):
        code = cause.sqlstate or ""
        if not code:  # who refuses a login or a database is not told apart by the driver
            return _said(*_NOT_REACHED)
    else:
        code = ""
    found = ((zh, en) for begin, zh, en in _WORDS if code.startswith(begin))
    return _said(*next(found, _OTHER), code)


def _said(zh: str, en: str, code: str = "") -> str:
    return f"{zh}（{code}） | {en} ({code})" if code else f"{zh} | {en}"
