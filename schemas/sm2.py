"""SM2 signatures with SM3 (GB/T 32918.2, GB/T 32905), by OpenSSL's library (schemas/SEAL.md, 9).

The package `cryptography` has SM3 but no SM2, and SM2 in pure Python takes 17 ms a signature.
libcrypto is there wherever Python's own ssl module is. Nothing here reads a file.
"""

import ctypes
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import utils

from schemas.errors import Broken

SM2_SM3: Final = "SM2-SM3"
IDENTIFIER: Final = b"1234567812345678"  # GM/T 0009, where the parties agreed on no other

_LIBRARIES: Final = ("libcrypto.so.3", "libcrypto.so.4", "libcrypto.3.dylib")
_KEYS_CACHED: Final = 1_024
_PART_BYTES: Final = 32
_SIGNATURE_MAX_BYTES: Final = 80  # DER
_POINT_BYTES: Final = 65
_PEM_MAX_BYTES: Final = 8_192
# SubjectPublicKeyInfo of id-ecPublicKey and 1.2.156.10197.1.301, up to the point (RFC 5480).
_DER_HEAD: Final = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004")


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """A key in the library's memory; private where it was read as one. It is never freed."""

    handle: int

    def public_key(self) -> "Sm2Key":
        """Return the public half: this key, of which only the point is told."""
        return self

    def point(self) -> bytes:
        """Return the public point: x and y, 32 bytes each."""
        out, size = ctypes.create_string_buffer(_POINT_BYTES), ctypes.c_size_t()
        _must(
            _lib().EVP_PKEY_get_octet_string_param(
                ctypes.c_void_p(self.handle), b"pub", out, _POINT_BYTES, ctypes.byref(size)
            )
        )
        return out.raw[1:]

    def sign(self, data: bytes) -> bytes:
        """Return r and s, 32 bytes each."""
        out, size = ctypes.create_string_buffer(_SIGNATURE_MAX_BYTES), ctypes.c_size_t()
        size.value = _SIGNATURE_MAX_BYTES
        with _Context(self, signs=True) as context:
            _must(_lib().EVP_DigestSign(context, out, ctypes.byref(size), data, len(data)))
        r, s = utils.decode_dss_signature(out.raw[: size.value])
        return r.to_bytes(_PART_BYTES, "big") + s.to_bytes(_PART_BYTES, "big")

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether r and s are this key's over the data."""
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        der = utils.encode_dss_signature(r, s)
        with _Context(self, signs=False) as context:
            good: int = _lib().EVP_DigestVerify(context, der, len(der), data, len(data))
        _lib().ERR_clear_error()
        return good == 1

    def to_pem(self, passphrase: bytes | None) -> bytes:
        """Return the private key as PKCS 8 PEM, encrypted where there is a passphrase."""
        lib = _lib()
        with _Memory() as memory:
            cipher = ctypes.c_void_p(lib.EVP_aes_256_cbc()) if passphrase else None
            _must(
                lib.PEM_write_bio_PKCS8PrivateKey(
                    memory,
                    ctypes.c_void_p(self.handle),
                    cipher,
                    passphrase,
                    len(passphrase or b""),
                    None,
                    None,
                )
            )
            out = ctypes.create_string_buffer(_PEM_MAX_BYTES)
            size = lib.BIO_read(memory, out, _PEM_MAX_BYTES)
            return out.raw[:size]


def generated() -> Sm2Key:
    """Make a key pair, by the library's own chance."""
    return Sm2Key(_must(_lib().EVP_PKEY_Q_keygen(None, None, b"SM2")))


def private_from_pem(pem: bytes, passphrase: bytes | None) -> Sm2Key | None:
    """Return the key of a PEM; None where it is no SM2 key, or the passphrase is not its own."""
    lib = _lib()
    with _Memory(pem) as memory:
        # Without a passphrase the library would ask at the terminal: an empty one is a wrong one.
        handle = lib.PEM_read_bio_PrivateKey(memory, None, None, passphrase or b"")
    lib.ERR_clear_error()
    if not handle or lib.EVP_PKEY_is_a(ctypes.c_void_p(handle), b"SM2") != 1:
        return None
    return Sm2Key(handle)


@lru_cache(maxsize=_KEYS_CACHED)
def public_from_point(point: bytes) -> Sm2Key | None:
    """Return the key of x and y; None where they are no point of the curve."""
    der = _DER_HEAD + point
    start = ctypes.c_char_p(der)
    handle = _lib().d2i_PUBKEY(None, ctypes.byref(start), len(der))
    _lib().ERR_clear_error()
    return Sm2Key(handle) if handle else None


class _Context:
    """A signing or verifying context with SM3 and the identifier."""

    def __init__(self, key: Sm2Key, *, signs: bool) -> None:
        self._key, self._signs = key, signs

    def __enter__(self) -> Any:  # noqa: ANN401 - a pointer
        lib, key = _lib(), ctypes.c_void_p(self._key.handle)
        self._digest = ctypes.c_void_p(_must(lib.EVP_MD_CTX_new()))
        self._of_key = ctypes.c_void_p(_must(lib.EVP_PKEY_CTX_new(key, None)))
        _must(lib.EVP_PKEY_CTX_set1_id(self._of_key, IDENTIFIER, len(IDENTIFIER)))
        lib.EVP_MD_CTX_set_pkey_ctx(self._digest, self._of_key)
        begin = lib.EVP_DigestSignInit if self._signs else lib.EVP_DigestVerifyInit
        _must(begin(self._digest, None, ctypes.c_void_p(lib.EVP_sm3()), None, key))
        return self._digest

    def __exit__(self, *_: object) -> None:
        _lib().EVP_MD_CTX_free(self._digest)
        _lib().EVP_PKEY_CTX_free(self._of_key)


class _Memory:
    """A BIO in memory."""

    def __init__(self, content: bytes | None = None) -> None:
        self._content = content

    def __enter__(self) -> Any:  # noqa: ANN401 - a pointer
        lib = _lib()
        made = (
            lib.BIO_new(ctypes.c_void_p(lib.BIO_s_mem()))
            if self._content is None
            else lib.BIO_new_mem_buf(self._content, len(self._content))
        )
        self._bio = ctypes.c_void_p(_must(made))
        return self._bio

    def __exit__(self, *_: object) -> None:
        _lib().BIO_free(self._bio)


def _must(result: Any) -> Any:  # noqa: ANN401 - 1, a pointer, or 0
    if not result or result < 0:
        raise Broken("key.invalid", detail="SM2")
    return result


@cache
def _lib() -> ctypes.CDLL:
    """Return OpenSSL's library, version 3 or newer. Raises Broken key.sm2_unavailable."""
    for name in _LIBRARIES:
        try:
            lib = ctypes.CDLL(name)
        except OSError:
            continue
        for returns_pointer in (
            "EVP_PKEY_Q_keygen",
            "EVP_MD_CTX_new",
            "EVP_PKEY_CTX_new",
            "EVP_sm3",
            "EVP_aes_256_cbc",
            "BIO_new",
            "BIO_s_mem",
            "BIO_new_mem_buf",
            "PEM_read_bio_PrivateKey",
            "d2i_PUBKEY",
        ):
            getattr(lib, returns_pointer).restype = ctypes.c_void_p
        for sized in ("EVP_DigestSign", "EVP_DigestVerify"):
            pointer, size = ctypes.c_void_p, ctypes.c_size_t
            sizes = ctypes.c_void_p if sized == "EVP_DigestSign" else size
            getattr(lib, sized).argtypes = [pointer, ctypes.c_char_p, sizes, ctypes.c_char_p, size]
        lib.d2i_PUBKEY.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_long]
        return lib
    raise Broken("key.sm2_unavailable", detail=", ".join(_LIBRARIES))
