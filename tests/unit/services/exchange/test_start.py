"""How an exchange that cannot start ends: by its status the supervisor knows what to do."""

from collections.abc import Callable
from pathlib import Path

import pytest

from connectors.bus.home import Home
from schemas.errors import Broken, Unavailable, UserError, YichuanError
from services.cli import exchange_cmd
from services.cli import main as cli
from services.exchange import __main__ as module

_ENDS: list[tuple[YichuanError, int]] = [
    (Unavailable("kafka.unreachable"), 75),
    (Unavailable("casebook.unavailable"), 75),
    (Broken("log.gap"), 70),
    (UserError("casebook.in_use", exit_code=3), 3),
]


def failing(error: YichuanError) -> Callable[[Home, int], None]:
    def run(_home: Home, _worker: int) -> None:
        raise error

    return run


@pytest.mark.parametrize(("error", "status"), _ENDS, ids=str)
@pytest.mark.parametrize("by", ["yichuan exchange run", "python -m services.exchange"])
def test_what_passes_is_started_again_and_the_rest_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    error: YichuanError,
    status: int,
    by: str,
) -> None:
    (tmp_path / "rulebook").mkdir()
    for place in (exchange_cmd, module):
        monkeypatch.setattr(place, "run", failing(error))
    if by.startswith("yichuan"):
        ended = cli.main(["exchange", "run", "--home", str(tmp_path)])
    else:
        monkeypatch.setattr("sys.argv", ["services.exchange", "--home", str(tmp_path)])
        with pytest.raises(SystemExit) as exit_:
            module.main()
        ended = exit_.value.code if isinstance(exit_.value.code, int) else -1
    assert ended == status
    assert error.code in capsys.readouterr().err
