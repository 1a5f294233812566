"""Our registry client on the real registry: what each login may do there, and how it fails."""

import json
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from aiohttp import web
from confluent_kafka.schema_registry import SchemaRegistryClient
from pydantic import SecretStr

from connectors.bus.home import Credentials, Home, Settings
from connectors.bus.registry import Registry
from schemas.errors import Unavailable, UserError
from tests.integration.loops import within

ADMIN, READER = "registry-admin", "registry-reader"
Anything = TypeVar("Anything")


def schema(*fields: str, **more: str) -> str:
    listed = [
        {"name": name, "type": ["null", "string"], "default": None, **more} for name in fields
    ]
    return json.dumps({"type": "record", "name": "Made", "namespace": "test", "fields": listed})


def needed(name: str) -> str:
    fields = [{"name": name, "type": "string"}]
    return json.dumps({"type": "record", "name": "Made", "namespace": "test", "fields": fields})


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> str:
    """Return a subject of the test's own, with what must be quoted in a path."""
    return f"leads-test/{request.node.name} 函"


def ask(
    stack: tuple[Home, Settings],
    login: str | Credentials,
    work: Callable[[Registry], Awaitable[Anything]],
    url: str | None = None,
) -> Anything:
    home, settings = stack
    credentials = home.credentials(login) if isinstance(login, str) else login

    async def run() -> Anything:
        async with Registry(
            url or settings.registry_url, credentials, settings.registry.ca_file
        ) as registry:
            return await work(registry)

    return within(run())


def test_it_says_beforehand_what_it_would_take(stack: tuple[Home, Settings], subject: str) -> None:
    async def asked(registry: Registry) -> list[bool]:
        new = await registry.would_take(subject, needed("a"))
        await registry.set_compatibility(subject, "FULL_TRANSITIVE")
        await registry.register(subject, schema("a"))
        await registry.register(subject, schema("a", "b"))
        candidates = (schema("a", "b", "c"), needed("d"), schema("a"))
        return [new, *[await registry.would_take(subject, each) for each in candidates]]

    assert ask(stack, ADMIN, asked) == [True, True, False, True]
    assert len(ask(stack, ADMIN, lambda registry: registry.versions(subject))) == 2


def test_what_is_registered_is_found_again_by_every_path(
    stack: tuple[Home, Settings], subject: str
) -> None:
    async def work(registry: Registry) -> None:
        assert await registry.versions(subject) == ()
        assert await registry.compatibility(subject) is None
        first = await registry.register(subject, schema("a"))
        second = await registry.register(subject, schema("a", "b"))
        assert first != second
        assert await registry.register(subject, schema("a")) == first  # again: the same
        assert subject in await registry.subjects()
        assert await registry.versions(subject) == (1, 2)
        found = await registry.version(subject, 2)
        assert (found.id, json.loads(found.text)) == (second, json.loads(schema("a", "b")))

    ask(stack, ADMIN, work)


def test_one_schema_under_two_subjects_has_one_id(
    stack: tuple[Home, Settings], subject: str
) -> None:
    async def work(registry: Registry) -> None:
        text = schema("inbox", doc=subject)
        assert await registry.register(f"inbox-{subject}", text) == await registry.register(
            subject, text
        )

    ask(stack, ADMIN, work)


def test_an_incompatible_schema_is_refused_with_the_field(
    stack: tuple[Home, Settings], subject: str
) -> None:
    async def work(registry: Registry) -> None:
        await registry.set_compatibility(subject, "FULL_TRANSITIVE")
        await registry.register(subject, needed("phone"))
        assert await registry.compatibility(subject) == "FULL_TRANSITIVE"
        await registry.register(subject, needed("name"))

    with pytest.raises(UserError, match=r"registry\.incompatible") as caught:
        ask(stack, ADMIN, work)
    assert caught.value.detail is not None
    assert "name at /fields/0" in caught.value.detail
    assert "io.apicurio" not in caught.value.detail


def test_a_lowered_class_is_no_concern_of_the_registry(
    stack: tuple[Home, Settings], subject: str
) -> None:
    """Which is why `schemas apply` compares classes itself (design D7)."""

    async def work(registry: Registry) -> None:
        await registry.set_compatibility(subject, "FULL_TRANSITIVE")
        await registry.register(subject, schema("a", confidentiality="personal"))
        await registry.register(subject, schema("a", confidentiality="public"))
        assert await registry.versions(subject) == (1, 2)

    ask(stack, ADMIN, work)


def test_what_is_no_schema_and_what_is_not_there_have_their_codes(
    stack: tuple[Home, Settings], subject: str
) -> None:
    with pytest.raises(UserError, match=r"registry\.refused"):
        ask(stack, ADMIN, lambda registry: registry.register(subject, "{no schema"))
    with pytest.raises(UserError, match=r"registry\.not_found"):
        ask(stack, ADMIN, lambda registry: registry.version(subject, 1))


def test_the_reader_reads_and_changes_nothing(stack: tuple[Home, Settings], subject: str) -> None:
    number = ask(stack, ADMIN, lambda registry: registry.register(subject, schema("a")))
    assert ask(stack, READER, lambda registry: registry.versions(subject)) == (1,)
    assert ask(stack, READER, lambda registry: registry.version(subject, 1)).id == number
    for change in (
        lambda registry: registry.register(subject, schema("a", "b")),
        lambda registry: registry.set_compatibility(subject, "NONE"),
    ):
        with pytest.raises(UserError, match=r"registry\.forbidden"):
            ask(stack, READER, change)


@pytest.mark.parametrize("name", ["admin", "nobody", ""])
def test_a_wrong_password_or_none_is_refused(stack: tuple[Home, Settings], name: str) -> None:
    wrong = Credentials(name, SecretStr("not the password" if name else ""))
    with pytest.raises(Unavailable, match=r"registry\.login_refused"):
        ask(stack, wrong, lambda registry: registry.subjects())


def test_confluents_own_client_sees_what_ours_registered(
    stack: tuple[Home, Settings], subject: str
) -> None:
    home, settings = stack
    number = ask(stack, ADMIN, lambda registry: registry.register(subject, schema("a")))
    reader = home.credentials(READER)
    login = f"{reader.username}:{reader.password.get_secret_value()}"
    with SchemaRegistryClient(
        {
            "url": settings.registry_url,
            "basic.auth.user.info": login,
            "ssl.ca.location": settings.registry.ca_file,
        }
    ) as client:
        assert json.loads(client.get_schema(number).schema_str) == json.loads(schema("a"))
        assert client.get_latest_version(subject).schema_id == number


def test_nobody_listening_is_said_after_a_few_attempts(stack: tuple[Home, Settings]) -> None:
    nowhere = "http://127.0.0.1:1"
    with pytest.raises(Unavailable, match=r"^registry\.unreachable .* nobody listens") as raised:
        ask(stack, READER, lambda registry: registry.subjects(), nowhere)
    assert raised.value.where == nowhere


@pytest.mark.parametrize("trouble", ["503", "a page"])
def test_a_stumble_is_tried_again_and_a_lasting_one_is_said(
    stack: tuple[Home, Settings], trouble: str
) -> None:
    asked: list[str] = []

    async def stumble(request: web.Request) -> web.Response:
        asked.append(request.path)
        if len(asked) <= failures:
            if trouble == "503":
                return web.json_response({"message": "later"}, status=503)
            return web.Response(text="<html>maintenance</html>", content_type="text/html")
        return web.json_response(["leads-x"])

    async def run() -> tuple[str, ...]:
        app = web.Application()
        app.router.add_get("/subjects", stumble)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            async with Registry(url, stack[0].credentials(READER)) as registry:
                return await registry.subjects()
        finally:
            await runner.cleanup()

    failures = 2
    assert within(run()) == ("leads-x",)
    failures, asked = 99, []
    with pytest.raises(Unavailable, match=r"registry\.unreachable"):
        within(run())
    assert len(asked) == 5
