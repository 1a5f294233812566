"""The bus chapter: every promise of it has its check here, from the modules by subject."""

from typing import Final

from tests.prove import bus_clone

CHECKS: Final = (*bus_clone.CHECKS,)
