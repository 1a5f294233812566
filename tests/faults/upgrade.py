"""A rolling upgrade with a migration: the next release beside the present one, then alone."""

import shutil
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine, make_url, text

from connectors.bus.clock import monotonic
from services.casebook import migrate
from tests.faults.campaign import Campaign

NEXT: Final = "9999"
CASES: Final = 4
REFUSED: Final = "casebook.version"
SECONDS_MAX: Final = 120.0
REFUSED_SECONDS: Final = 15.0  # the present release is started again and again meanwhile
_STEP: Final = f'''"""A column that the present release does not know."""

import sqlalchemy as sa
from alembic import op

revision = "{NEXT}"
down_revision = "{{before}}"


def upgrade() -> None:
    """Add it."""
    op.add_column("cases", sa.Column("of_the_next_release", sa.BigInteger))
'''


def rolling_upgrade(campaign: Campaign) -> str:
    """Upgrade one exchange after the other; one left behind is refused, and the letters flow."""
    county = campaign.county
    folder = _next_release(campaign.home.path / "faults" / "migrations")
    first, *others = county.exchanges
    county.more[first] = ("--migrations", str(folder))
    county.terminate(first)
    campaign.work(CASES)
    for name in others:
        begin = len(county.whole_log(name))
        county.terminate(name)  # the present release once more: it is not to write here any more
        campaign.work_until(
            lambda name=name, begin=begin: REFUSED in county.whole_log(name)[begin:],  # type: ignore[misc]
            f"{name} is refused",
            SECONDS_MAX,
        )
        deadline = monotonic() + REFUSED_SECONDS
        while monotonic() < deadline:
            campaign.turn()
            campaign.supervise()
        campaign.work(CASES)
        county.more[name] = ("--migrations", str(folder))
        county.end(name)
        campaign.work(CASES)
    figure = campaign.judged()
    _taken_back(campaign)
    return f"{len(others)} left behind, refused with {REFUSED}, then upgraded, too; {figure}"


def _next_release(folder: Path) -> Path:
    """Return migrations with one step more than the present release has."""
    shutil.copytree(Path(migrate.__file__).with_name("migrations"), folder)
    step = folder / "versions" / f"v{NEXT}_of_the_next_release.py"
    step.write_text(_STEP.format(before=migrate.head()), encoding="utf-8")
    return folder


def _taken_back(campaign: Campaign) -> None:
    """Let the casebook be the present release's again: no release does that, the harness does."""
    county = campaign.county
    for name in county.exchanges:
        del county.more[name]
        county.end(name)
    engine = create_engine(
        make_url(campaign.settings.casebook.url.get_secret_value()).set(
            drivername="postgresql+psycopg"
        )
    )
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE cases DROP COLUMN of_the_next_release"))
        connection.execute(
            text("UPDATE alembic_version SET version_num = :head"), {"head": migrate.head()}
        )
    engine.dispose()
    campaign.supervise()
