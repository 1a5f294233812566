"""What a process leaves behind when it crashes: kind and place, no value of a message."""

import io
import logging
import resource
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from connectors.bus import crash
from schemas.errors import Broken

SECRET = "慕容5001"


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)
    cores, allowed = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (allowed, allowed))  # a shell's default is often none
    crash.leave_no_message()
    yield
    resource.setrlimit(resource.RLIMIT_CORE, (cores, allowed))


def _failed(error: BaseException) -> BaseException:
    def fail() -> None:
        raise error

    with pytest.raises(type(error)) as caught:
        fail()
    return caught.value


def _logged(message: object, *args: object, error: BaseException | None = None) -> str:
    out, log = io.StringIO(), logging.getLogger("test.crash")
    handler = logging.StreamHandler(out)
    log.addHandler(handler)
    log.error(message, *args, exc_info=error)
    log.removeHandler(handler)
    return out.getvalue()


@pytest.mark.usefixtures("quiet")
def test_a_process_of_the_bus_writes_no_core_file() -> None:
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0


@pytest.mark.usefixtures("quiet")
def test_an_exception_that_nobody_caught_tells_where_and_of_what_kind_but_no_value(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = _failed(KeyError(SECRET))
    sys.excepthook(KeyError, error, error.__traceback__)
    sys.unraisablehook(SimpleNamespace(exc_value=error))
    threading.excepthook(SimpleNamespace(exc_value=error))  # type: ignore[arg-type] # a stand-in
    told = capsys.readouterr().err
    assert told.count("builtins.KeyError") == 3
    assert "test_crash.py" in told
    assert SECRET not in told


@pytest.mark.usefixtures("quiet")
def test_somebody_who_stops_a_command_sees_what_python_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = _failed(KeyboardInterrupt())
    sys.excepthook(KeyboardInterrupt, error, error.__traceback__)
    assert capsys.readouterr().err.endswith("KeyboardInterrupt\n")


@pytest.mark.usefixtures("quiet")
def test_a_log_line_of_any_library_has_no_text_of_an_exception() -> None:
    error = _failed(ValueError(SECRET))
    for told in (
        _logged("crashed", error=error),
        _logged("crashed: %r", error),
        _logged("crashed: %(reason)r", {"reason": error}),
        _logged(error),
    ):
        assert "builtins.ValueError" in told
        assert SECRET not in told


@pytest.mark.usefixtures("quiet")
def test_a_log_line_without_an_exception_is_as_it_was() -> None:
    assert _logged("%d of %s", 2, "leads") == "2 of leads\n"
    assert _logged("nothing") == "nothing\n"


def test_what_caused_it_is_told_too_and_what_was_left_aside_is_not() -> None:
    inner = _failed(ValueError(SECRET))
    outer = KeyError(SECRET)
    outer.__cause__ = inner
    assert crash.described(outer).splitlines()[-1] == "builtins.ValueError"
    beside = KeyError()
    beside.__context__ = inner
    assert "builtins.ValueError" in crash.described(beside)
    beside.__suppress_context__ = True
    assert crash.described(beside) == "builtins.KeyError"
    assert crash.described(None) == ""


def test_our_own_exceptions_keep_their_words_which_are_codes_and_places() -> None:
    assert crash.named(Broken("casebook.refuses", where="leads/0")).startswith(
        "schemas.errors.Broken: casebook.refuses"
    )


def test_a_circle_of_causes_ends() -> None:
    one, other = ValueError(), KeyError()
    one.__cause__, other.__cause__ = other, one
    assert crash.described(one).count("which came of") == crash.CHAIN_MAX - 1
