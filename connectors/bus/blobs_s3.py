"""A bucket of an S3 as store of attachments: `prefix/sender/ab/abcd…/000000`, an object a part.

A part is one object, so an upload or a download that was cut off goes on at the first part that is
missing, and no multipart upload is left half done.
"""

from datetime import timedelta
from typing import Final

import obstore
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import S3Store

from connectors.bus.blobs import PART_BYTES, PART_DIGITS
from connectors.bus.stores import StorePlace
from schemas.errors import Broken, Unavailable
from schemas.ids import OrganCode

_SECONDS_MAX: Final = "60 seconds"  # one request
_CONNECT_SECONDS_MAX: Final = "10 seconds"
_RETRY_MAX: Final = timedelta(seconds=60)
_GONE: Final = (FileNotFoundError, NotFoundError)
_NO_SUCH_KEY: Final = "NoSuchKey"
_TRIES_MAX: Final = 3  # of one request; beyond it the connector's own pauses


class Bucket:
    """One bucket, opened: nothing is asked of it before it is used."""

    def __init__(self, place: StorePlace) -> None:
        if place.credentials is None:
            raise Broken("attachment.store_unavailable", detail="credentials")
        self._prefix = f"{place.prefix}/" if place.prefix else ""
        self._store = S3Store(
            place.bucket,
            endpoint=place.endpoint or None,
            region=place.region,
            access_key_id=place.credentials.username,
            secret_access_key=place.credentials.password.get_secret_value(),
            virtual_hosted_style_request=False,
            client_options={
                "allow_http": place.endpoint.startswith("http://"),
                "timeout": _SECONDS_MAX,
                "connect_timeout": _CONNECT_SECONDS_MAX,
            },
            retry_config={"max_retries": _TRIES_MAX, "retry_timeout": _RETRY_MAX},
        )

    def size(self, owner: OrganCode, blob: str, index: int) -> int | None:
        """Return how many bytes a part has; None: it is not there."""
        try:
            return int(obstore.head(self._store, self._part(owner, blob, index))["size"])
        except _GONE:
            return None
        except BaseError as error:
            raise _away(error) from None

    def put(self, owner: OrganCode, blob: str, index: int, data: bytes) -> None:
        """Store a part; the bucket shows it whole or not at all."""
        try:
            obstore.put(self._store, self._part(owner, blob, index), data, use_multipart=False)
        except (*_GONE, BaseError) as error:  # gone: the bucket itself
            raise _away(error) from None

    def get(self, owner: OrganCode, blob: str, index: int) -> bytes | None:
        """Return a part, of a longer one PART_BYTES + 1 bytes; None: it is not there."""
        path = self._part(owner, blob, index)
        try:
            found = obstore.get(self._store, path)
            if found.meta["size"] <= PART_BYTES:
                return bytes(found.bytes())
            return bytes(obstore.get_range(self._store, path, start=0, end=PART_BYTES + 1))
        except _GONE as error:
            if _NO_SUCH_KEY in str(error):
                return None
            raise _away(error) from None  # the bucket is gone, or the login: not this part
        except BaseError as error:
            raise _away(error) from None

    def delete(self, owner: OrganCode, blob: str) -> None:
        """Delete all parts of a file."""
        prefix = self._folder(owner, blob)
        try:
            for found in obstore.list(self._store, prefix):
                obstore.delete(self._store, [each["path"] for each in found])
        except _GONE:
            return
        except BaseError as error:
            raise _away(error) from None

    def _folder(self, owner: OrganCode, blob: str) -> str:
        return f"{self._prefix}{owner}/{blob[:2]}/{blob}/"

    def _part(self, owner: OrganCode, blob: str, index: int) -> str:
        return f"{self._folder(owner, blob)}{index:0{PART_DIGITS}d}"


def _away(error: Exception) -> Unavailable:
    return Unavailable("attachment.store_unavailable", detail=type(error).__name__)
