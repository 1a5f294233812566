"""The bus chapter: every promise of it has its check here, from the modules by subject."""

from typing import Final

from tests.prove import (
    bus_clients,
    bus_clone,
    bus_defect,
    bus_doors,
    bus_flows,
    bus_intake,
    bus_kills,
    bus_schemas,
    bus_tools,
)

CHECKS: Final = (
    *bus_clone.CHECKS,
    *bus_doors.CHECKS,
    *bus_clients.CHECKS,
    *bus_schemas.CHECKS,
    *bus_intake.CHECKS,
    *bus_flows.CHECKS,
    *bus_kills.CHECKS,
    *bus_defect.CHECKS,
    *bus_tools.CHECKS,
)
