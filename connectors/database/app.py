"""The database connector: configuration, and exchange tables as an agency's system.

[source]
url = "sqlite:///exchange.db"    # SQLAlchemy; YICHUAN_<ALIAS>_DATABASE_URL wins, for passwords
poll_seconds = 0.5
create_tables = true             # make EX_OUT, EX_IN, EX_LEDGER where they are missing
out = "EX_OUT"                   # names of the tables
[map]
records = {"XSYS" = "lead_transfer"}   # optional: names of records in biz_type
out = {payload = "CONTENT"}            # optional: the agency's own names of columns
"""

import os
from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from connectors.bus.agency import Agency, ConnectorConfig, MapSection, Section, read_config
from connectors.bus.home import Home
from connectors.bus.process import run
from connectors.database.engine import open_engine
from connectors.database.exchange import Exchange
from connectors.database.tables import IN, LEDGER, OUT, tables

_NAME = r"^[A-Za-z_][A-Za-z0-9_]{0,62}$"


class DatabaseSource(Section):
    """[source]."""

    url: SecretStr
    poll_seconds: float = Field(0.5, gt=0, le=3600)
    create_tables: bool = True
    out: str = Field(OUT, pattern=_NAME)
    into: str = Field(IN, pattern=_NAME, alias="in")
    ledger: str = Field(LEDGER, pattern=_NAME)


class DatabaseMap(MapSection):
    """[map], with the agency's own names of columns: ours → theirs."""

    out: dict[str, str] = Field(default_factory=dict)
    into: dict[str, str] = Field(default_factory=dict, alias="in")


class DatabaseConfig(ConnectorConfig):
    """The configuration of a database connector."""

    kind: Literal["database"]
    source: DatabaseSource
    map: DatabaseMap = DatabaseMap()


def run_file(path: Path, home: Home | None = None) -> None:
    """Run the connector of a configuration file until it is told to stop. Raises YichuanError."""
    config = read_config(path, DatabaseConfig)
    source = config.source
    variable = f"YICHUAN_{config.organ.upper().replace('-', '_')}_DATABASE_URL"
    url = os.environ.get(variable) or source.url.get_secret_value()

    def system_of(_agency: Agency) -> Exchange:
        return Exchange(
            open_engine(url, path.resolve().parent),
            tables((source.out, source.into, source.ledger), config.map.out, config.map.into),
            dict(config.map.records),
            create=source.create_tables,
        )

    run(config, home, system_of, source.poll_seconds)
