import asyncio
import json
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from connectors.bus.health import Health, _app

ILL = Health(("log.gap leads/2",))


def ask(path: str, *, live: Health, ready: Health, started: Health) -> tuple[int, Any]:
    async def answer() -> web.Response:
        app = _app({"startup": lambda: started, "live": lambda: live, "ready": lambda: ready})
        request = make_mocked_request("GET", path)
        found = await app.router.resolve(request)
        response = await found.handler(request)
        assert isinstance(response, web.Response)
        return response

    response = asyncio.run(answer())
    text = response.body.decode() if isinstance(response.body, bytes) else ""
    return response.status, json.loads(text) if text.startswith("{") else text


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/startupz"])
def test_a_healthy_process_answers_200_on_every_page(path: str) -> None:
    status, body = ask(path, live=Health(), ready=Health(), started=Health())
    assert status == 200
    assert body["ok"] is True


def test_what_is_wrong_is_named_with_its_reason() -> None:
    status, body = ask("/healthz", live=Health(), ready=ILL, started=Health())
    assert status == 503
    assert body == {
        "ok": False,
        "startup": {"ok": True, "reasons": []},
        "live": {"ok": True, "reasons": []},
        "ready": {"ok": False, "reasons": ["log.gap leads/2"]},
    }


@pytest.mark.parametrize(
    ("path", "status"), [("/livez", 200), ("/startupz", 200), ("/readyz", 503), ("/healthz", 503)]
)
def test_a_process_that_is_not_ready_still_lives(path: str, status: int) -> None:
    assert ask(path, live=Health(), ready=ILL, started=Health())[0] == status


def test_metrics_are_served_as_prometheus_text() -> None:
    status, body = ask("/metrics", live=Health(), ready=Health(), started=Health())
    assert status == 200
    assert "# TYPE yichuan_lag_seconds gauge" in body


def test_what_is_wrong_stands_in_the_metrics_too_by_its_first_word_and_no_longer_than_it_is() -> (
    None
):
    ill = Health(("publish.failing inbox.a", "publish.failing inbox.b", "quarantine: 3"))
    _, body = ask("/metrics", live=Health(), ready=ill, started=Health())
    assert 'yichuan_unready_reasons{probe="ready",reason="publish.failing"} 2.0' in body
    assert 'yichuan_unready_reasons{probe="ready",reason="quarantine"} 1.0' in body
    _, body = ask("/metrics", live=Health(), ready=Health(), started=Health())
    assert "yichuan_unready_reasons{" not in body


@pytest.mark.parametrize("path", ["/healthz", "/metrics"])
def test_no_answer_is_kept_by_whoever_passes_it_on(path: str) -> None:
    async def headers() -> str | None:
        app = _app(dict.fromkeys(("startup", "live", "ready"), Health))
        request = make_mocked_request("GET", path)
        found = await app.router.resolve(request)
        response = await found.handler(request)
        return response.headers.get("Cache-Control")

    assert asyncio.run(headers()) == "no-store"
