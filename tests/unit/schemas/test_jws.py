from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from schemas.errors import Refusal
from schemas.file_key import jwk_of_opener, new_opener
from schemas.ids import OrganCode
from schemas.jwk import Jwk, signer_of
from schemas.jws import VerifiedKey, signed, verified

AT = datetime(2026, 9, 21, tzinfo=UTC)
ORGAN = OrganCode("A" * 18)


@dataclass(frozen=True)
class Listed:
    """A row of keys.csv."""

    jwk: Jwk
    organ: OrganCode = ORGAN
    valid_from: datetime = AT
    valid_to: datetime | None = None
    compromised_since: datetime | None = None

    @property
    def kid(self) -> str:
        """As listed."""
        return self.jwk.kid

    @property
    def algorithm(self) -> str:
        """As listed."""
        return self.jwk.algorithm

    @property
    def x(self) -> str:
        """As listed."""
        return self.jwk.x

    @property
    def y(self) -> str:
        """As listed."""
        return self.jwk.y


class Pretending:
    """Signs, and says that its key is another."""

    algorithm = "X25519"

    def __init__(self, kid: str) -> None:
        self.kid = kid
        self._signer = signer_of(Ed25519PrivateKey.generate())

    def sign(self, data: bytes) -> bytes:
        """Sign by a key of its own."""
        return self._signer.sign(data)

    def seed(self, data: bytes) -> bytes:
        """As a signer."""
        return self._signer.seed(data)


def test_a_signature_of_a_listed_key_is_its_organ_s() -> None:
    signer = signer_of(Ed25519PrivateKey.generate())
    jws = signed(b"{}", signer, "yichuan-seal-2")
    found = verified(jws, b"{}", {signer.kid: Listed(signer.jwk)}.get, AT, type_="yichuan-seal-2")
    assert found == VerifiedKey(signer.kid, ORGAN)


def test_a_key_that_files_are_encrypted_to_seals_nothing() -> None:
    jwk = jwk_of_opener(new_opener())
    jws = signed(b"{}", Pretending(jwk.kid), "yichuan-seal-2")
    found = verified(jws, b"{}", {jwk.kid: Listed(jwk)}.get, AT, type_="yichuan-seal-2")
    assert found == Refusal("seal.key_unknown", where="envelope.seal")
