"""The logins that an installation makes, once, each in a file that only its owner reads."""

import secrets
from typing import Final

from connectors.bus.home import Credentials, Home
from connectors.bus.private import write_private

ADMIN: Final = "admin"  # the login of the home that may change the cluster
PASSWORD_BYTES: Final = 32
SCRAM_ITERATIONS: Final = 8192  # Kafka takes 4,096 to 16,384


def made_login(home: Home, login: str, username: str) -> Credentials:
    """Return the login of credentials/<login>.toml, with a new random password the first time."""
    path = home.credentials_file(login)
    if not path.exists():
        password = secrets.token_urlsafe(PASSWORD_BYTES)  # nothing in it needs quoting in TOML
        write_private(path, f'username = "{username}"\npassword = "{password}"\n')
    return home.credentials(login)
