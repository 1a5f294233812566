"""What a registry answers, read within limits."""

import json
import re
from http import HTTPStatus
from typing import Any, Final

from aiohttp import ClientPayloadError, ClientResponse

from schemas.errors import Unavailable, UserError, YichuanError

_BODY_BYTES_MAX: Final = 8 * 1024 * 1024
_REASON_CHARACTERS_MAX: Final = 2_000


async def bounded(response: ClientResponse) -> bytes:
    """Read a body that is no longer than a schema can be."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _BODY_BYTES_MAX:
            raise ClientPayloadError
    return bytes(body)


def parsed(text: bytes) -> Any:  # noqa: ANN401 - JSON
    """Return the JSON; None for a proxy's page or an empty answer."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def refusal_of(status: int, answer: Any, where: str) -> YichuanError:  # noqa: ANN401 - JSON
    """Return our error for the registry's refusal."""
    reason = _reason(answer)
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return Unavailable("registry.login_refused", where=where)
        case HTTPStatus.FORBIDDEN:
            return UserError("registry.forbidden", where=where, exit_code=1)
        case HTTPStatus.NOT_FOUND:
            return UserError("registry.not_found", where=where, exit_code=1)
        case HTTPStatus.CONFLICT:
            return UserError("registry.incompatible", where=where, detail=reason, exit_code=1)
    return UserError("registry.refused", where=where, detail=f"HTTP {status} {reason}", exit_code=1)


def _reason(answer: Any) -> str:  # noqa: ANN401 - JSON
    """Return the registry's words without the Java class that Apicurio puts before them."""
    text = str(answer.get("message", "")) if isinstance(answer, dict) else ""
    return re.sub(r"^(?:[a-z]\w*\.)+\w+: ", "", text)[:_REASON_CHARACTERS_MAX]
