"""Where an installation keeps things, and what it is configured to be.

One folder, `--home` (YICHUAN_HOME), holds the configuration, the rulebook's copy, keys, logins,
data, pids and logs. `yichuan.toml` in it is read first; `YICHUAN_<SECTION>__<KEY>` wins over it.
"""

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import SecretStr
from pydantic_settings import BaseSettings

from connectors.bus.sections import (
    AttachmentsSection,
    BusSection,
    CasebookSection,
    ExchangeSection,
    KafkaSection,
    KeysSection,
    PortsSection,
    RegistrySection,
)
from connectors.bus.settings_read import SETTINGS_CONFIG, read_settings
from connectors.bus.tls import TlsFiles
from connectors.bus.toml_table import config_invalid, toml_table
from schemas.errors import UserError

HOME: Final = "~/.local/share/yichuan"
# A relative one is seen from the home: else each folder that a command runs in has its own.
_SQLITE: Final = re.compile(r"(sqlite(?:\+\w+)?:///)((?!:memory:)[^/?].*)")


class Settings(BaseSettings):
    """The whole configuration. Every key has a default: an empty home works."""

    model_config = SETTINGS_CONFIG

    bus: BusSection = BusSection()
    ports: PortsSection = PortsSection()
    kafka: KafkaSection = KafkaSection()
    registry: RegistrySection = RegistrySection()
    casebook: CasebookSection = CasebookSection()
    exchange: ExchangeSection = ExchangeSection()
    keys: KeysSection = KeysSection()
    attachments: AttachmentsSection = AttachmentsSection()

    @property
    def bootstrap(self) -> str:
        """Where clients reach Kafka."""
        return self.kafka.bootstrap or f"127.0.0.1:{self.ports.base}"

    @property
    def registry_url(self) -> str:
        """The registry's Confluent-compatible API."""
        return self.registry.url or f"https://127.0.0.1:{self.ports.base + 10}/apis/ccompat/v7"

    @property
    def stack_is_local(self) -> bool:
        """Whether `yichuan up` runs the broker and the registry."""
        return not self.kafka.bootstrap


@dataclass(frozen=True, slots=True)
class Credentials:
    """A login: credentials/<login>.toml, mode 0600."""

    username: str
    password: SecretStr


@dataclass(frozen=True, slots=True)
class Home:
    """The folder and what lies where in it. Makes no folder by itself."""

    path: Path

    @property
    def config(self) -> Path:
        """yichuan.toml."""
        return self.path / "yichuan.toml"

    @property
    def rulebook(self) -> Path:
        """The rulebook's copy in force, keys.csv included."""
        return self.path / "rulebook"

    @property
    def rulebooks(self) -> Path:
        """Every rulebook that was ever in force here, each in a folder named by its hash."""
        return self.path / "rulebooks"

    @property
    def schema_ids(self) -> Path:
        """schema_ids.json: registry id → fingerprint, written by `schemas apply`."""
        return self.path / "schema_ids.json"

    @property
    def casebook(self) -> Path:
        """The SQLite casebook."""
        return self.path / "casebook.sqlite"

    @property
    def casebook_key(self) -> Path:
        """The key that the cases' keys are locked with: beside the casebook, never in it."""
        return self.path / "keys" / "casebook.key"

    @property
    def data(self) -> Path:
        """Kafka's log and the registry's store."""
        return self.path / "data"

    @property
    def run(self) -> Path:
        """Pids of what runs."""
        return self.path / "run"

    @property
    def ports(self) -> Path:
        """The port base of the local stack that runs: written by `up`, removed by `down`."""
        return self.run / "ports"

    @property
    def logs(self) -> Path:
        """Logs of the processes."""
        return self.path / "logs"

    @property
    def tls(self) -> TlsFiles:
        """The local stack's CA and certificate."""
        return TlsFiles(self.path / "tls")

    def key(self, login: str) -> Path:
        """The private key of an alias, or of `bus` (PKCS 8 PEM, 0600)."""
        return self.path / "keys" / f"{login}.pem"

    def opener(self, login: str) -> Path:
        """The private key by which it opens what is wrapped to it; older ones lie beside it."""
        return self.path / "keys" / f"{login}.encryption.pem"

    @property
    def attachments(self) -> Path:
        """The local store of encrypted attachments."""
        return self.path / "attachments"

    def credentials_file(self, login: str) -> Path:
        """The login file of an alias, `admin`, `exchange`, `registry-admin`, `registry-reader`."""
        return self.path / "credentials" / f"{login}.toml"

    def named(self, path: str) -> str:
        """Return a path of the configuration, from the home where it is a relative one."""
        return str(self.path / Path(path).expanduser())

    def there(self) -> "Home":
        """Return it when there is such a folder. Raises UserError home.missing."""
        if not self.path.is_dir():
            raise UserError("home.missing", where=str(self.path), exit_code=3)
        return self

    def checked(self) -> "Home":
        """Return it with a rulebook. Raises UserError home.missing, connector.rulebook_missing."""
        if not self.there().rulebook.is_dir():
            raise UserError("connector.rulebook_missing", where=str(self.rulebook), exit_code=3)
        return self

    def credentials(self, login: str) -> Credentials:
        """Read a login. Raises UserError home.login_missing, home.config_invalid."""
        return read_login(self.credentials_file(login))

    def settings(self) -> Settings:
        """Read the configuration. Raises UserError home.config_invalid, home.missing."""
        return _from_home(self, read_settings(Settings, self.config, self.ports))


def _from_home(home: Home, settings: Settings) -> Settings:
    """Return the settings with files seen from the home; the local stack's: TLS, by its own CA."""
    kafka, registry = settings.kafka, settings.registry
    by_own = {"ca_file": str(home.tls.ca)}
    if settings.stack_is_local:
        kafka = kafka.model_copy(update={**by_own, "security": "SASL_SSL"})
    elif kafka.ca_file:
        kafka = kafka.model_copy(update={"ca_file": home.named(kafka.ca_file)})
    if settings.stack_is_local and not registry.url:
        registry = registry.model_copy(update=by_own)
    elif registry.ca_file:
        registry = registry.model_copy(update={"ca_file": home.named(registry.ca_file)})
    url = _casebook_from(home, settings.casebook.url.get_secret_value())
    casebook = settings.casebook.model_copy(update={"url": SecretStr(url)})
    return settings.model_copy(update={"kafka": kafka, "registry": registry, "casebook": casebook})


def _casebook_from(home: Home, url: str) -> str:
    """Return where the casebook is. Raises UserError home.config_invalid.

    A release before looked from where the command ran: a casebook that lies there is in use.
    """
    found = _SQLITE.fullmatch(url)
    if found is None:
        return url
    name = found[2].partition("?")[0]
    before, now = Path(name).expanduser(), Path(home.named(name))
    if before.exists() and not now.exists():
        zh = f"账本在 {before.resolve()}：请写全路径，或全部停止后移到 {now}"
        en = "it lies where this command runs: write its whole path, or stop all and move it"
        raise config_invalid(home.config, f"casebook.url: {zh} | {en}")
    return found[1] + home.named(found[2])


def read_login(path: Path) -> Credentials:
    """Read the file of a login. Raises UserError home.login_missing, home.config_invalid."""
    try:
        table = toml_table(path)
    except (FileNotFoundError, NotADirectoryError):
        raise UserError("home.login_missing", where=str(path), exit_code=3) from None
    except tomllib.TOMLDecodeError:  # whose own text may quote the password
        table = {}
    match table:
        case {"username": str(username), "password": str(password)}:
            return Credentials(username, SecretStr(password))
    raise config_invalid(path, 'username = "…", password = "…"')


def home_at(path: Path | None = None) -> Home:
    """Return the home given, or YICHUAN_HOME's, or the default one."""
    chosen = path or Path(os.environ.get("YICHUAN_HOME") or HOME)
    return Home(chosen.expanduser().resolve())


def cache_dir() -> Path:
    """Where downloads are kept, outside the repository and the home (YICHUAN_CACHE)."""
    return Path(os.environ.get("YICHUAN_CACHE") or "~/.cache/yichuan").expanduser().resolve()
