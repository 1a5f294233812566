"""The logins that an installation makes, once, each in a file that only its owner reads."""

import secrets
from typing import Final

from pydantic import SecretStr

from connectors.bus.home import Credentials, Home
from connectors.bus.private import write_private
from connectors.bus.toml_table import toml_line

ADMIN: Final = "admin"  # the login of the home that may change the cluster
REGISTRY_ADMIN: Final = "registry-admin"  # the one that may write schemas
REGISTRY_READER: Final = "registry-reader"
PASSWORD_BYTES: Final = 32
SCRAM_ITERATIONS: Final = 8192  # Kafka takes 4,096 to 16,384


def made_login(home: Home, login: str, username: str) -> Credentials:
    """Return the login of credentials/<login>.toml, with a new random password the first time."""
    path = home.credentials_file(login)
    if not path.exists():
        made = Credentials(username, SecretStr(secrets.token_urlsafe(PASSWORD_BYTES)))
        write_private(path, login_text(made))
    return home.credentials(login)


def login_text(login: Credentials) -> str:
    """Return the file of a login, as `read_login` reads it (home.py)."""
    password = login.password.get_secret_value()
    return f"{toml_line('username', login.username)}\n{toml_line('password', password)}\n"
