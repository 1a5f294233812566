"""Whose the tables are: EX_OWNER has a row for each, with its organ and whose turn it is.

Two organs on the same tables would send each other's letters in their own names; two homes of one
organ would take each other's. So the first start marks each table with the organ's alias, for good,
and every start takes the next turn; who sees that another came after it stops, as the older member
of the inbox's group does. There is no lock to be left by a crash, or lost with a connection or by a
pool of them: a killed connector, a moved home and a restarted database just go on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    inspect,
    select,
    update,
)
from sqlalchemy.exc import OperationalError, ProgrammingError

from connectors.bus.system import Arrival, Arrived, Landed, Mark, Source, System, Unfit
from connectors.database.engine import transaction
from connectors.database.incoming import instant
from schemas.errors import UserError

NAME_MAX: Final = 255  # characters; every database can make it a key
OWNER: Final = "EX_OWNER"
_OWNER: Final = Table(
    OWNER,
    MetaData(),
    Column("table_name", String(NAME_MAX), primary_key=True),
    Column("organ", String(24), nullable=False, comment="its alias"),
    Column("turn", BigInteger, nullable=False, comment="of the connector that opened it last"),
    Column("since", String(40), nullable=False, comment="when that was"),
)


class Owner(NamedTuple):
    """What a row says."""

    organ: str
    turn: int


class Owned:
    """An agency's system in tables that are its organ's, and in this process's turn."""

    def __init__(
        self,
        system: System,
        engine: Engine,
        tables: Sequence[tuple[Table, str]],
        organ: str,
        *,
        create: bool,
    ) -> None:
        """`tables`: each with the part of it that is meant; empty: all of it."""
        self._system, self._engine, self._tables = system, engine, tables
        self._organ, self._create = organ, create
        self._turns: Mapping[str, int] = {}

    def open(self) -> None:
        """Take the next turn, and open. Raises UserError database.of_another, too."""
        self._take()
        self._system.open()

    def collect(self, sources_max: int) -> tuple[Source | Unfit, ...]:
        """Take what is to be sent, as long as nobody came after us.

        Raises UserError database.of_another, connector.already_running.
        """
        with transaction(self._engine) as connection:
            found = owners(connection, self._turns, self._organ)
        if any(found[name].turn > turn for name, turn in self._turns.items() if name in found):
            raise UserError("connector.already_running", where=OWNER, exit_code=3)
        if any(name not in found or found[name].turn < self._turns[name] for name in self._turns):
            self._take()  # rows that somebody took away, or a database put back from a backup
        return self._system.collect(sources_max)

    def mark(self, marks: Sequence[Mark]) -> None:
        """Show states."""
        self._system.mark(marks)

    def deliver(self, arrivals: Sequence[Arrival]) -> Arrived:
        """Put messages into the tables."""
        return self._system.deliver(arrivals)

    @property
    def landing(self) -> Path | None:
        """Where attachments are put down first."""
        return self._system.landing

    def attach(self, landed: Landed) -> None:
        """Put an attachment to its message."""
        self._system.attach(landed)

    def close(self) -> None:
        """Close the connections."""
        self._system.close()

    def _take(self) -> None:
        with transaction(self._engine) as connection:
            if not inspect(connection).has_table(OWNER):
                self._make(connection)
            names = [name_of(connection, *each) for each in self._tables]
            owners(connection, names, self._organ)
            for name in names:
                _next_turn(connection, name, self._organ)
            turns = owners(connection, names, self._organ)
        self._turns = {name: owner.turn for name, owner in turns.items()}

    def _make(self, connection: Connection) -> None:
        if not self._create:
            detail = ", ".join(column.name for column in _OWNER.c)
            raise UserError("database.table_missing", OWNER, detail, exit_code=3)
        try:
            _OWNER.create(connection)
        except (OperationalError, ProgrammingError) as error:
            detail = type(error).__name__
            raise UserError("database.unusable", OWNER, detail, exit_code=3) from None


def name_of(connection: Connection, table: Table, part: str = "") -> str:
    """Return by what name a table is marked; `part`: only these rows of it."""
    dialect = connection.dialect
    schema = table.schema or dialect.default_schema_name
    name = f"{schema}.{table.name}" if schema else table.name
    name = name if dialect.name == "postgresql" else name.lower()  # elsewhere one for both
    return (f"{name} {part}" if part else name)[:NAME_MAX]


def marked(connection: Connection, tables: Sequence[tuple[Table, str]], organ: str) -> None:
    """See that no table is another's; nothing is written. Raises UserError database.of_another."""
    if inspect(connection).has_table(OWNER):
        owners(connection, [name_of(connection, *each) for each in tables], organ)


def owners(
    connection: Connection, names: Sequence[str] | Mapping[str, int], organ: str
) -> dict[str, Owner]:
    """Return what is said of these tables. Raises UserError database.of_another."""
    columns = (_OWNER.c.table_name, _OWNER.c.organ, _OWNER.c.turn)
    rows = connection.execute(select(*columns).where(_OWNER.c.table_name.in_(list(names))))
    found = {name: Owner(whose, turn) for name, whose, turn in rows}
    for name, owner in found.items():
        if owner.organ != organ:
            raise UserError("database.of_another", where=name, detail=owner.organ, exit_code=3)
    return found


def _next_turn(connection: Connection, name: str, organ: str) -> None:
    """Take a turn. A row that another puts there at this moment fails, and is seen next time."""
    values = {"turn": _OWNER.c.turn + 1, "since": instant()}
    ours = (_OWNER.c.table_name == name, _OWNER.c.organ == organ)
    if connection.execute(update(_OWNER).where(*ours).values(values)).rowcount == 0:
        row = {"table_name": name, "organ": organ, "turn": 1, "since": instant()}
        connection.execute(_OWNER.insert().values(row))
