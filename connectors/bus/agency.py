"""Who a connector speaks for: its configuration file, and what the home holds of that organ.

organ = "yanjiao"            # the organ's alias: its login, its inbox
kind = "folder"              # or "database"
home = "/srv/yichuan"        # optional; default: --home, YICHUAN_HOME
credentials = "login.toml"   # optional; default: the home's. Relative to this file
key = "seal.pem"             # optional; likewise
key_passphrase = "seal.pass" # optional: the file with the key's passphrase
metrics_port = 19031         # /metrics and /healthz; 0: any free one
letters_per_second = 100     # published at most; what is over it waits in the spool
[source]                     # connectors/<kind>/app.py
[map]                        # names of the agency's own for our records
"""

import csv
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from connectors.bus import clock
from connectors.bus.allowance import LETTERS_PER_SECOND
from connectors.bus.gate import load_gate
from connectors.bus.home import Credentials, Home, Settings, home_at, read_login
from connectors.bus.key_faults import first_fault
from connectors.bus.keyring import Keyring
from connectors.bus.keys import load_signer, read_passphrase
from connectors.bus.openers import FreshOpeners
from connectors.bus.stores import StorePlace, store_place
from connectors.bus.toml_table import not_ours
from schemas.errors import UserError
from schemas.file_key import Openers
from schemas.ids import Alias, OrganCode
from schemas.jwk import Signer
from schemas.secrecy import Gate
from schemas.topics import BY_SNAKE, Author

CONFIG_BYTES_MAX: Final = 64 * 1024
HEAD: Final = "rulebook.toml"
_DIRECTORY: Final = "organs.csv"


class Section(BaseModel):
    """A section of the configuration: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class MapSection(Section):
    """[map]."""

    records: Mapping[str, str] = Field(
        default_factory=dict, description="the agency's own name of a record → ours (snake_case)"
    )

    @field_validator("records")
    @classmethod
    def _are_records(cls, records: Mapping[str, str]) -> Mapping[str, str]:
        for name in records.values():
            if name not in BY_SNAKE or BY_SNAKE[name].author is not Author.ORGAN:
                raise ValueError(f"no record of an organ: {name}")  # noqa: TRY003 - pydantic's way
        return records


class ConnectorConfig(Section):
    """What every kind of connector is configured by."""

    organ: str = Field(pattern=r"^[a-z0-9-]{2,24}$")
    home: Path | None = None
    credentials: Path | None = None
    key: Path | None = None
    key_passphrase: Path | None = None
    metrics_port: int = Field(0, ge=0, le=65535)
    letters_per_second: float = Field(LETTERS_PER_SECOND, ge=0.1, le=10_000)
    map: MapSection = MapSection()


Config = TypeVar("Config", bound=ConnectorConfig)


@dataclass(frozen=True, slots=True)
class Agency:
    """One organ, ready to seal, send and receive."""

    alias: Alias
    organ: OrganCode
    bus: str
    settings: Settings
    credentials: Credentials
    signer: Signer
    keyring: Keyring
    gate: Gate
    openers: Openers  # by which it opens the keys of files
    folder: Path  # what the connector keeps: connectors/<alias> of the home
    store: StorePlace  # where attachments are stored
    letters_per_second: float  # that it may publish

    def may_send(self) -> bool:
        """Whether what is sealed by its key is believed now. Raises UserError file.unreadable."""
        return self.keyring.is_believed(self.signer.kid, clock.now())


def read_toml(path: Path) -> dict[str, Any]:
    """Return the table of a configuration file.

    Raises UserError connector.config_invalid, host.refuses.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(CONFIG_BYTES_MAX + 1)
        if len(raw) > CONFIG_BYTES_MAX:
            raise _invalid(path, f"> {CONFIG_BYTES_MAX} bytes")
        return tomllib.loads(raw.decode("utf-8-sig"))  # editors on Windows put a BOM before it
    except PermissionError as error:
        raise not_ours(path, error) from None
    except OSError as error:
        raise _invalid(path, error.strerror or type(error).__name__) from None
    except UnicodeDecodeError:
        raise _invalid(path, "not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _invalid(path, str(error)) from None


def kind_of(path: Path) -> str:
    """Return `kind` of a configuration file. Raises UserError connector.config_invalid."""
    kind = read_toml(path).get("kind")
    if not isinstance(kind, str):
        raise _invalid(path, "kind: folder | database")
    return kind


def read_config(path: Path, model: type[Config]) -> Config:
    """Return the configuration, its paths taken from where the file lies.

    Raises UserError connector.config_invalid with the key at fault, without its value: it may
    hold a password.
    """
    try:
        config = model.model_validate(read_toml(path))
    except ValidationError as error:
        key, why = first_fault(error)
        raise _invalid(path, f"{'.'.join(key)}: {why}") from None
    base = path.resolve().parent
    found = {
        name: base / value.expanduser()
        for name in ("home", "credentials", "key", "key_passphrase")
        if isinstance(value := getattr(config, name), Path)
    }
    return config.model_copy(update=found)


def load_agency(config: ConnectorConfig, home: Home | None = None) -> Agency:
    """Return the organ of a configuration.

    A home that is given wins over the configuration's. The organ's code is that of its key in
    keys.csv. Raises UserError for whatever is missing, key.of_another_organ where the directory, or
    the key by which it opens files, is of another than the key that seals, rules.invalid for a
    no-sharing list that cannot be read.
    """
    place = home or (Home(config.home) if config.home else home_at())
    bus = _bus_of(place.rulebook / HEAD)
    keyring = Keyring(place.rulebook, place.schema_ids, bus)
    secret = config.key_passphrase or place.settings().keys.passphrase_file
    passphrase = read_passphrase(secret)
    signer = load_signer(config.key or place.key(config.organ), passphrase)
    organ = keyring.organ_of(signer.kid)
    if organ is None:
        raise UserError("connector.key_unlisted", where=config.organ, exit_code=3)
    openers = FreshOpeners(place, config.organ, passphrase)
    others = {keyring.organ_of(kid) for kid in openers} | {_code_of(config.organ, place.rulebook)}
    if not others <= {organ, None}:  # it would write, and be answered, in another's name
        where = config.key or place.key(config.organ)
        raise UserError("key.of_another_organ", where=str(where), detail=organ, exit_code=3)
    return Agency(
        alias=Alias(config.organ),
        organ=organ,
        bus=bus,
        settings=place.settings(),
        credentials=read_login(config.credentials or place.credentials_file(config.organ)),
        signer=signer,
        keyring=keyring,
        gate=load_gate(place.rulebook),
        openers=openers,
        folder=place.path / "connectors" / config.organ,
        store=store_place(place),
        letters_per_second=config.letters_per_second,
    )


def _bus_of(path: Path) -> str:
    try:
        bus = tomllib.loads(path.read_text(encoding="utf-8-sig"))["bus"]
    except (OSError, ValueError, KeyError):
        raise UserError("connector.rulebook_missing", where=str(path), exit_code=3) from None
    return str(bus)


def _code_of(alias: str, rulebook: Path) -> OrganCode | None:
    """Return the code that the directory has for an alias; an agency's home may have none."""
    try:
        with (rulebook / _DIRECTORY).open(encoding="utf-8-sig", newline="") as file:
            # A spreadsheet puts a remark that has a comma between quotes.
            rows = csv.DictReader(line for line in file if not line.lstrip('"').startswith("#"))
            found = (row.get("code") for row in rows if row.get("alias") == alias)
            return OrganCode(code) if (code := next(found, None)) else None
    except (OSError, UnicodeDecodeError, csv.Error):  # the county's lint looks at it
        return None


def _invalid(path: Path, detail: str) -> UserError:
    return UserError("connector.config_invalid", where=str(path), detail=detail)
