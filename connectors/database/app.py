"""The database connector: configuration, and exchange tables as an agency's system.

[source]
url = "sqlite:///exchange.db"    # SQLAlchemy; YICHUAN_<ALIAS>_DATABASE_URL wins, for passwords
poll_seconds = 0.5
create_tables = true             # make EX_OUT, EX_IN, EX_FILE, EX_LEDGER, EX_OWNER where missing
files = "files"                  # attachments that arrive; EX_FILE says where each lies. Default:
                                 #   connectors/<organ>/files of the home
out = "EX_OUT"                   # names of the tables; also "schema.table"
files_table = "EX_FILE"          # another one for each organ, where several share a database
layout = "debezium"              # `out` (default "outbox") is a table of Debezium's outbox event
answers = "EX_ANSWER"            #   router; what becomes of its rows stands here, see debezium.py
aggregate_types = ["case"]       #   only rows of these; none named: every row
[map]
records = {"XSYS" = "lead_transfer"}   # optional: names of records in biz_type
out = {payload = "CONTENT"}            # optional: the agency's own names of columns; debezium:
                                       # timestamp = "created_at" orders by it, not as written
"""

import os
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, SecretStr, model_validator
from sqlalchemy import Engine, Table

from connectors.bus.agency import Agency, ConnectorConfig, MapSection, Section, read_config
from connectors.bus.alone import owning
from connectors.bus.home import Home
from connectors.bus.process import run
from connectors.bus.system import System
from connectors.database.debezium import Debezium
from connectors.database.engine import open_engine
from connectors.database.exchange import ExchangeTables
from connectors.database.owner import OWNER, Owned
from connectors.database.tables import (
    ANSWERS,
    FILES,
    IN,
    LEDGER,
    OUT,
    OUTBOX,
    OutboxTables,
    Tables,
    outbox_tables,
    tables,
)

AGGREGATE_TYPES_MAX: Final = 100
_WORD = "[A-Za-z_][A-Za-z0-9_]{0,62}"
_NAME = f"^{_WORD}$"
ColumnName = Annotated[str, Field(pattern=r"^[\w$#-]([\w$# -]{0,61}[\w$#-])?$")]  # also Chinese


class DatabaseSource(Section):
    """[source]."""

    url: SecretStr
    poll_seconds: float = Field(0.5, gt=0, le=3600)
    create_tables: bool = True
    layout: Literal["exchange", "debezium"] = "exchange"
    out: str | None = Field(None, pattern=rf"^({_WORD}\.)?{_WORD}$")
    answers: str = Field(ANSWERS, pattern=_NAME)
    aggregate_types: tuple[str, ...] = Field((), max_length=AGGREGATE_TYPES_MAX)
    into: str = Field(IN, pattern=_NAME, alias="in")
    ledger: str = Field(LEDGER, pattern=_NAME)
    files: Path | None = None
    files_table: str = Field(FILES, pattern=_NAME)

    @property
    def table(self) -> str:
        """The agency's table that we read: `out`, else that of the layout."""
        return self.out or (OUTBOX if self.layout == "debezium" else OUT)


class DatabaseMap(MapSection):
    """[map], with the agency's own names of columns: ours → theirs."""

    out: dict[str, ColumnName] = Field(default_factory=dict)
    into: dict[str, ColumnName] = Field(default_factory=dict, alias="in")


class DatabaseConfig(ConnectorConfig):
    """The configuration of a database connector."""

    kind: Literal["database"]
    source: DatabaseSource
    map: DatabaseMap = DatabaseMap()

    @model_validator(mode="after")
    def _names_tell_apart(self) -> Self:
        """A name that stands twice, or is none of ours, would be found out in the database."""
        source = self.source
        names = [source.table, source.into, source.ledger, source.files_table, OWNER]
        if source.layout == "debezium":
            names.append(source.answers)
        _distinct("source", names)
        plain = outbox_tables(out_columns={"timestamp": "timestamp"}).outbox
        out = plain if source.layout == "debezium" else tables().out
        for section, table, renamed in (
            ("map.out", out, self.map.out),
            ("map.in", tables().into, self.map.into),
        ):
            ours = [column.key for column in table.c]
            for name in renamed.keys() - set(ours):
                raise ValueError(f"{section}: no column: {name}")  # noqa: TRY003 - pydantic's way
            _distinct(section, [renamed.get(name, name) for name in ours])
        return self


def _distinct(section: str, names: Sequence[str]) -> None:
    """Databases differ in whether case tells names apart; who reads them does not."""
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ValueError(f"{section}: twice: {name}")  # noqa: TRY003 - pydantic's way
        seen.add(name.lower())


def database_url(config: DatabaseConfig) -> str:
    """Return where the database is: the environment's word, else the file's."""
    variable = f"YICHUAN_{config.organ.upper().replace('-', '_')}_DATABASE_URL"
    return os.environ.get(variable) or config.source.url.get_secret_value()


def run_file(path: Path, home: Home | None = None) -> None:
    """Run the connector of a configuration file until it is told to stop. Raises YichuanError."""
    config = read_config(path, DatabaseConfig)
    source = config.source
    url = database_url(config)

    base = path.resolve().parent
    files = None if source.files is None else base / source.files.expanduser()

    def system_of(agency: Agency) -> System:
        return _system(config, open_engine(url, base), files or agency.folder / "files")

    with owning(files, config.organ) if files else nullcontext():
        run(config, home, system_of, source.poll_seconds)


def tables_of(config: DatabaseConfig) -> Tables | OutboxTables:
    """Return the tables of a configuration."""
    source, columns = config.source, config.map
    if source.layout == "debezium":
        names = (source.table, source.answers, source.into, source.ledger)
        return outbox_tables(names, columns.out, columns.into, source.files_table)
    ours = (source.table, source.into, source.ledger)
    return tables(ours, columns.out, columns.into, source.files_table)


def owned_by(config: DatabaseConfig) -> list[tuple[Table, str]]:
    """Return which tables are the organ's alone; of an outbox those rows that it takes."""
    found = tables_of(config)
    inbox = [(table, "") for table in (found.into, found.ledger, found.files)]
    if isinstance(found, Tables):
        return [(found.out, ""), *inbox]
    parts = [(found.outbox, part) for part in config.source.aggregate_types or ("",)]
    return [*parts, (found.answers, ""), *inbox]


def _system(config: DatabaseConfig, engine: Engine, files: Path) -> Owned:
    source, found = config.source, tables_of(config)
    records, create = dict(config.map.records), source.create_tables
    system = (
        ExchangeTables(engine, found, records, files, create=create)
        if isinstance(found, Tables)
        else Debezium(
            engine, found, records, files, create=create, aggregate_types=source.aggregate_types
        )
    )
    return Owned(system, engine, owned_by(config), config.organ, create=create)
