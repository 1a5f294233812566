"""The schema registry, over the Confluent-compatible API that Apicurio and others offer (D1, D7).

Own and thin: the official client drags an HTTP stack of its own along. What decoding needs lies
in `SchemaIds`, a file, so that messages flow while the registry is down.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Self
from urllib.parse import quote

from aiohttp import (
    ClientConnectorCertificateError,
    ClientError,
    ClientSession,
    ClientTimeout,
    TCPConnector,
    encode_basic_auth,
)
from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_attempt,
    wait_random_exponential,
)

from connectors.bus.away import why_away
from connectors.bus.home import Credentials, Settings
from connectors.bus.private import write_private
from connectors.bus.registry_answers import bounded, parsed, refusal_of
from connectors.bus.tls import trusting, why_refused
from schemas.errors import Broken, Unavailable, UserError

REQUESTS_AT_ONCE: Final = 8  # of a command that asks about every subject
_ATTEMPTS_MAX: Final = 5
_REQUEST_SECONDS_MAX: Final = 10.0
_CONNECT_SECONDS_MAX: Final = 3.0
_MEDIA_TYPE: Final = "application/vnd.schemaregistry.v1+json"


@dataclass(frozen=True, slots=True)
class Schema:
    """One version of a subject: the registry's id, and the schema's JSON text."""

    id: int
    text: str


class Registry:
    """A registry to talk to, as an async context manager. `url` ends before `/subjects`.

    `ca_file`: whom to trust for https; empty: the system's.

    Every method raises Unavailable registry.unreachable, tls.certificate_refused (after bounded
    retries) or registry.login_refused, and UserError registry.forbidden or registry.refused.
    """

    def __init__(self, url: str, credentials: Credentials, ca_file: str = "") -> None:
        self._url, self._ca_file = url.rstrip("/"), ca_file
        password = credentials.password.get_secret_value()
        self._headers = {
            "Accept": _MEDIA_TYPE,
            "Content-Type": _MEDIA_TYPE,
            "Authorization": encode_basic_auth(credentials.username, password),
        }
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        limit = ClientTimeout(total=_REQUEST_SECONDS_MAX, connect=_CONNECT_SECONDS_MAX)
        context = trusting(self._ca_file, "registry.unreachable")
        connector = TCPConnector(ssl=context)
        self._session = ClientSession(timeout=limit, headers=self._headers, connector=connector)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def subjects(self) -> tuple[str, ...]:
        """Return every subject, sorted."""
        return tuple(sorted(await self._call("GET", "/subjects")))

    async def versions(self, subject: str) -> tuple[int, ...]:
        """Return the version numbers of a subject; none where there is no such subject."""
        found = await self._call(
            "GET", f"/subjects/{quote(subject, safe='')}/versions", missing_ok=True
        )
        return tuple(found or ())

    async def version(self, subject: str, number: int) -> Schema:
        """Return one version. Raises UserError registry.not_found."""
        found = await self._call("GET", f"/subjects/{quote(subject, safe='')}/versions/{number}")
        return Schema(found["id"], found["schema"])

    async def register(self, subject: str, schema: str) -> int:
        """Register a schema's JSON text and return its id; the same text again: the same id.

        Raises UserError registry.incompatible with the registry's reason.
        """
        found = await self._call(
            "POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": schema}
        )
        return int(found["id"])

    async def would_take(self, subject: str, schema: str) -> bool:
        """Whether the registry itself would register the schema now; it changes nothing.

        By the subject's own level, beside every version; a subject that is new takes any.
        """
        path = f"/compatibility/subjects/{quote(subject, safe='')}/versions"
        found = await self._call("POST", path, {"schema": schema}, missing_ok=True)
        return found is None or bool(found["is_compatible"])

    async def compatibility(self, subject: str) -> str | None:
        """Return the subject's own compatibility level; None where it has none."""
        found = await self._call("GET", f"/config/{quote(subject, safe='')}", missing_ok=True)
        return found["compatibilityLevel"] if found else None

    async def set_compatibility(self, subject: str, level: str) -> None:
        """Set a subject's level, FULL_TRANSITIVE for ours; the subject need not exist yet."""
        await self._call("PUT", f"/config/{quote(subject, safe='')}", {"compatibility": level})

    async def _call(
        self,
        method: str,
        path: str,
        body: Mapping[str, str] | None = None,
        *,
        missing_ok: bool = False,
    ) -> Any:  # noqa: ANN401 - JSON
        """Call with bounded retries; with `missing_ok`, None for what is not there.

        Repeating a POST is harmless: the same schema again has the same id.
        """
        attempts = AsyncRetrying(
            retry=retry_if_exception_type(Unavailable),
            stop=stop_after_attempt(_ATTEMPTS_MAX),
            wait=wait_random_exponential(multiplier=0.1, max=2.0),
            reraise=True,
        )
        reply: tuple[int, Any] = await attempts(self._once, method, path, body)
        status, answer = reply
        if status == HTTPStatus.NOT_FOUND and missing_ok:
            return None
        if status != HTTPStatus.OK:
            raise refusal_of(status, answer, self._url + path)
        return answer

    async def _once(
        self, method: str, path: str, body: Mapping[str, str] | None
    ) -> tuple[int, Any]:
        if self._session is None:
            raise Broken("registry.unreachable", where=self._url, detail="outside its `async with`")
        try:
            async with self._session.request(
                method, self._url + path, json=body, allow_redirects=False
            ) as response:
                text = await bounded(response)
        except ClientConnectorCertificateError as error:
            why = why_refused(error.certificate_error)
            raise Unavailable("tls.certificate_refused", where=self._url, detail=why) from error
        except (ClientError, TimeoutError, OSError) as error:
            raise self._unreachable(why_away(error)) from error
        answer = parsed(text)
        is_ours = answer is not None or response.status != HTTPStatus.OK
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or not is_ours:
            raise self._unreachable(str(response.status))
        return response.status, answer

    def _unreachable(self, detail: str) -> Unavailable:
        return Unavailable("registry.unreachable", where=self._url, detail=detail)


def registry_of(settings: Settings, credentials: Credentials) -> Registry:
    """Return the registry of these settings."""
    return Registry(settings.registry_url, credentials, settings.registry.ca_file)


@dataclass(frozen=True, slots=True)
class SchemaIds:
    """What a registry's ids mean: they differ per registry, fingerprints do not (design D7).

    Written by `schemas apply`, read by whatever encodes or decodes. `texts` has every version that
    the registry held then, so that a program reads what a newer or older one wrote.
    """

    by_id: Mapping[int, str]  # registry id → fingerprint
    by_subject: Mapping[str, int]  # subject → the id to write with
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)  # fingerprint → schema

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read the file. Raises UserError registry.ids_missing or registry.ids_invalid."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            by_id = {int(key): str(value) for key, value in document["by_id"].items()}
            by_subject = {str(key): int(value) for key, value in document["by_subject"].items()}
            texts = {str(key): str(value) for key, value in document.get("schemas", {}).items()}
        except FileNotFoundError:
            raise UserError("registry.ids_missing", where=str(path), exit_code=3) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise UserError("registry.ids_invalid", where=str(path), exit_code=3) from None
        return cls(MappingProxyType(by_id), MappingProxyType(by_subject), MappingProxyType(texts))

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all; the same map always gives the same bytes."""
        document = {
            "by_id": {str(key): self.by_id[key] for key in sorted(self.by_id)},
            "by_subject": {key: self.by_subject[key] for key in sorted(self.by_subject)},
            "schemas": {key: self.texts[key] for key in sorted(self.texts)},
        }
        write_private(path, json.dumps(document, indent=2) + "\n")

    def fingerprint_of(self, schema_id: int) -> str | None:
        """Return the fingerprint of a registry id; None for an id that is not ours."""
        return self.by_id.get(schema_id)

    def id_for(self, fingerprint: str) -> int:
        """Return the id to write a schema with, the highest where there are several.

        Raises UserError registry.ids_missing: `schemas apply` has not registered it.
        """
        found = [number for number, known in self.by_id.items() if known == fingerprint]
        if not found:
            raise UserError("registry.ids_missing", where=fingerprint, exit_code=3)
        return max(found)
