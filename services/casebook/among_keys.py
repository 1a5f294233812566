"""Whether a column is one of many keys, given as one value where the database has lists."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    Integer,
    Text,
    bindparam,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class AmongKeys(FunctionElement[bool]):
    """`column IN (…)`, on PostgreSQL `column = ANY(…)`.

    There a statement keeps its text however many keys are asked for, so that the server plans it
    once; and a batch of few letters asks as many questions as one of many.
    """

    inherit_cache = True  # and no type: of a Boolean SQLite is asked whether it is 1, by no index


def among(column: ColumnElement[Any], name: str) -> AmongKeys:
    """Return whether a column is one of the keys that are given by this name."""
    return AmongKeys(column, bindparam(name, expanding=True))


@compiles(AmongKeys)
def _in(element: AmongKeys, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    column, keys = element.clauses
    return compiler.process(column.in_(keys), **more)


@compiles(AmongKeys, "postgresql")
def _any(element: AmongKeys, compiler: SQLCompiler, **more: Any) -> str:  # noqa: ANN401 - SQLAlchemy's
    column, keys = element.clauses
    kind: Any = ARRAY(BigInteger if isinstance(column.type, Integer) else Text)
    listed: BindParameter[Any] = bindparam(keys.key, type_=kind)
    return f"{compiler.process(column, **more)} = ANY ({compiler.process(listed, **more)})"
