"""TLS as this bus uses it: which CA is trusted, and the files of the local stack's own."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from schemas.errors import Unavailable, UserError


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The local stack's CA and certificate; `up` makes them (deploy/local/tls.py)."""

    folder: Path

    @property
    def ca(self) -> Path:
        """The CA, which clients trust."""
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        """The CA's key, which signs the stack's certificate and nothing else."""
        return self.folder / "ca.key"

    @property
    def server(self) -> Path:
        """The stack's certificate and its CA."""
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        """The certificate's key."""
        return self.folder / "server.key"

    @property
    def server_store(self) -> Path:
        """Key and certificate in one file, as Kafka takes them."""
        return self.folder / "server.store.pem"


def why_refused(error: Exception) -> str:
    """Return what OpenSSL says of a certificate: another CA, another name, or out of date."""
    return str(getattr(error, "verify_message", "")) or type(error).__name__


def trusting(ca_file: str, code: str) -> ssl.SSLContext:
    """Return the context that trusts this CA (PEM); empty: the system's.

    Raises Unavailable `code` where there is no such file: a local stack that was never up.
    UserError tls.ca_unreadable for one that may not be read, or is no certificate in PEM.
    """
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except FileNotFoundError:
        raise Unavailable(
            code, where=ca_file, detail="没有这个 CA 文件 | no such CA file"
        ) from None
    except OSError as error:
        detail = "PEM" if isinstance(error, ssl.SSLError) else error.strerror
        raise UserError("tls.ca_unreadable", where=ca_file, detail=detail, exit_code=3) from None
