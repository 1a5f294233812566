"""Kafka headers as the outbox keeps them: JSON, [[name, base64], …]. Pure."""

import base64
import json


def headers_to_text(headers: tuple[tuple[str, bytes], ...]) -> str | None:
    """Return Kafka headers as text."""
    if not headers:
        return None
    return json.dumps([[name, base64.b64encode(value).decode()] for name, value in headers])


def headers_from_text(text: str | None) -> tuple[tuple[str, bytes], ...]:
    """Return Kafka headers from text."""
    pairs = json.loads(text) if text else []
    return tuple((name, base64.b64decode(value)) for name, value in pairs)
