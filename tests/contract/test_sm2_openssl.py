"""schemas/sm2.py against the openssl command, both ways."""

import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import utils

from schemas import sm2

DATA = "违法线索移送函".encode()
_SECONDS_MAX = 30
_SM3 = ["dgst", "-sm3", "-sigopt", "distid:1234567812345678"]


def _openssl(*arguments: str, ok: bool = True) -> bytes:
    command = shutil.which("openssl")
    assert command is not None, "the openssl command is missing: SM2 is proved against it"
    done = subprocess.run(
        [command, *arguments], capture_output=True, check=False, timeout=_SECONDS_MAX
    )
    assert (done.returncode == 0) is ok, done.stderr.decode()
    return done.stdout


@pytest.fixture
def data(tmp_path: Path) -> Path:
    file = tmp_path / "data"
    file.write_bytes(DATA)
    return file


def test_openssl_verifies_what_we_sign_and_not_other_data(tmp_path: Path, data: Path) -> None:
    key = sm2.generated()
    (tmp_path / "key.pem").write_bytes(key.to_pem(None))
    signature = key.sign(DATA)
    r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
    (tmp_path / "signature").write_bytes(utils.encode_dss_signature(r, s))
    public = _openssl("pkey", "-in", str(tmp_path / "key.pem"), "-pubout")
    (tmp_path / "public.pem").write_bytes(public)
    by = ["-verify", str(tmp_path / "public.pem"), "-signature", str(tmp_path / "signature")]
    assert b"Verified OK" in _openssl(*_SM3, *by, str(data))
    data.write_bytes(DATA + b"!")
    _openssl(*_SM3, *by, str(data), ok=False)


def test_we_verify_what_openssl_signs_by_a_key_that_it_made(tmp_path: Path, data: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(_openssl("genpkey", "-algorithm", "SM2"))
    der = _openssl(*_SM3, "-sign", str(pem), str(data))
    r, s = utils.decode_dss_signature(der)
    signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    private = sm2.private_from_pem(pem.read_bytes(), None)
    assert private is not None
    public = sm2.public_from_point(private.point())
    assert public is not None
    assert public.verifies(signature, DATA)
    assert not public.verifies(signature, DATA + b"!")


def test_a_key_with_a_passphrase_is_read_by_openssl(tmp_path: Path) -> None:
    pem = tmp_path / "key.pem"
    pem.write_bytes(sm2.generated().to_pem(b"secret"))
    assert b"PUBLIC" in _openssl("pkey", "-in", str(pem), "-passin", "pass:secret", "-pubout")
    _openssl("pkey", "-in", str(pem), "-passin", "pass:wrong", "-pubout", ok=False)
