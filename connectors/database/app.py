"""The database connector: configuration, and exchange tables as an agency's system.

[source]
url = "sqlite:///exchange.db"    # SQLAlchemy; YICHUAN_<ALIAS>_DATABASE_URL wins, for passwords
poll_seconds = 0.5
create_tables = true             # make EX_OUT, EX_IN, EX_FILE, EX_LEDGER where they are missing
files = "files"                  # attachments that arrive; EX_FILE says where each lies. Default:
                                 #   connectors/<organ>/files of the home
out = "EX_OUT"                   # names of the tables; also "schema.table"
layout = "debezium"              # `out` (default "outbox") is a table of Debezium's outbox event
answers = "EX_ANSWER"            #   router; what becomes of its rows stands here, see debezium.py
aggregate_types = ["case"]       #   only rows of these; none named: every row
[map]
records = {"XSYS" = "lead_transfer"}   # optional: names of records in biz_type
out = {payload = "CONTENT"}            # optional: the agency's own names of columns; debezium:
                                       # timestamp = "created_at" orders by it, not as written
"""

import os
from pathlib import Path
from typing import Final, Literal

from pydantic import Field, SecretStr
from sqlalchemy import Engine

from connectors.bus.agency import Agency, ConnectorConfig, MapSection, Section, read_config
from connectors.bus.home import Home
from connectors.bus.process import run
from connectors.bus.system import System
from connectors.database.debezium import Debezium
from connectors.database.engine import open_engine
from connectors.database.exchange import Exchange
from connectors.database.tables import ANSWERS, IN, LEDGER, OUT, OUTBOX, outbox_tables, tables

AGGREGATE_TYPES_MAX: Final = 100
_WORD = "[A-Za-z_][A-Za-z0-9_]{0,62}"
_NAME = f"^{_WORD}$"


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


class DatabaseMap(MapSection):
    """[map], with the agency's own names of columns: ours → theirs."""

    out: dict[str, str] = Field(default_factory=dict)
    into: dict[str, str] = Field(default_factory=dict, alias="in")


class DatabaseConfig(ConnectorConfig):
    """The configuration of a database connector."""

    kind: Literal["database"]
    source: DatabaseSource
    map: DatabaseMap = DatabaseMap()


def database_url(config: DatabaseConfig) -> str:
    """Return where the database is: the environment's word, else the file's."""
    variable = f"YICHUAN_{config.organ.upper().replace('-', '_')}_DATABASE_URL"
    return os.environ.get(variable) or config.source.url.get_secret_value()


def run_file(path: Path, home: Home | None = None) -> None:
    """Run the connector of a configuration file until it is told to stop. Raises YichuanError."""
    config = read_config(path, DatabaseConfig)
    source = config.source
    url = database_url(config)

    def system_of(agency: Agency) -> System:
        base = path.resolve().parent
        files = agency.folder / "files" if source.files is None else base / source.files
        return _system(config, open_engine(url, base), files)

    run(config, home, system_of, source.poll_seconds)


def _system(config: DatabaseConfig, engine: Engine, files: Path) -> Exchange | Debezium:
    source, columns = config.source, config.map
    records = dict(columns.records)
    if source.layout == "debezium":
        names = (source.out or OUTBOX, source.answers, source.into, source.ledger)
        return Debezium(
            engine,
            outbox_tables(names, columns.out, columns.into),
            records,
            files,
            create=source.create_tables,
            aggregate_types=source.aggregate_types,
        )
    found = tables((source.out or OUT, source.into, source.ledger), columns.out, columns.into)
    return Exchange(engine, found, records, files, create=source.create_tables)
