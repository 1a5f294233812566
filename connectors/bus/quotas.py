"""Client quotas: how much each organ's login may ask of the broker (KIP-546).

No Python client has them whole: the two requests are Kafka's own (API keys 48 and 49, version 0),
sent over aiokafka's connection. Works on any cluster.
"""

import asyncio
from typing import Any, Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.admin import DescribeClientQuotasRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Float64, Int16, Int32, Schema, String

from connectors.bus.home import Credentials, Settings
from connectors.bus.kafka import client_options, explain
from connectors.bus.layout import Quotas

_SECONDS_MAX: Final = 30.0
_USER: Final = "user"
_ANY_NAMED: Final = 2  # match type: every user that has a quota

_ENTITY: Final = Array(("entity_type", String("utf-8")), ("entity_name", String("utf-8")))


def read_quotas(settings: Settings, login: Credentials) -> Quotas:
    """Return what is set for logins. Raises Unavailable kafka.unreachable, UserError."""
    return asyncio.run(_asked(settings, login, None))


def set_quotas(settings: Settings, login: Credentials, wanted: Quotas) -> None:
    """Set limits, each anew; others of a login stay. Raises Unavailable, UserError."""
    asyncio.run(_asked(settings, login, wanted))


async def _asked(settings: Settings, login: Credentials, wanted: Quotas | None) -> Quotas:
    admin = AIOKafkaAdminClient(**client_options(settings, login, "quotas"))
    try:
        async with asyncio.timeout(_SECONDS_MAX):
            await admin.start()
            request: Any = _Alter(wanted) if wanted else _described()
            answer = await admin._send_request(request)  # noqa: SLF001 - it has no method for them
    except (KafkaError, OSError, TimeoutError) as error:
        raise explain(error, where="quotas") from error
    finally:
        await admin.close()
    if wanted:
        for code, _, _ in answer.entries:
            _refuse(code)
        return wanted
    _refuse(answer.error_code)
    return {
        name: dict(values)
        for entity, values in answer.entries or ()
        for kind, name in entity
        if len(entity) == 1 and kind == _USER and name is not None
    }


def _described() -> DescribeClientQuotasRequest:
    return DescribeClientQuotasRequest([(_USER, _ANY_NAMED, None)], strict=True)


def _refuse(code: int) -> None:
    if code:
        raise explain(for_code(code)(), where="quotas")


class _AlteredV0(Response):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = 49
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "entries",
            Array(
                ("error_code", Int16),
                ("error_message", String("utf-8")),
                ("entity", _ENTITY),
            ),
        ),
    )


class _AlterV0(RequestStruct):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = 49
    API_VERSION = 0
    RESPONSE_TYPE = _AlteredV0
    SCHEMA = Schema(
        (
            "entries",
            Array(
                ("entity", _ENTITY),
                ("ops", Array(("key", String("utf-8")), ("value", Float64), ("remove", Boolean))),
            ),
        ),
        ("validate_only", Boolean),
    )


class _Alter(Request[_AlterV0]):  # type: ignore[misc] # aiokafka ships no types
    API_KEY = 49

    def __init__(self, wanted: Quotas) -> None:
        self._wanted = wanted

    def build(self, request_struct_class: type[_AlterV0]) -> _AlterV0:
        """Return the request in the version that the broker knows."""
        entries = [
            ([(_USER, name)], [(key, value, False) for key, value in sorted(values.items())])
            for name, values in sorted(self._wanted.items())
        ]
        return request_struct_class(entries, False)  # noqa: FBT003 - positions are the protocol's
