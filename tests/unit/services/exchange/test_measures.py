"""What the exchange says of itself when it is asked whether it is ready."""

from connectors.bus.home import Settings
from services.casebook.store import Casebook
from services.exchange.measures import Measures
from services.exchange.shelf import Shelf
from tests.office import office


def reasons(measures: Measures) -> list[str]:
    return [reason for reason in measures._ready().reasons if reason.startswith("secret")]


def test_a_partition_in_which_a_secret_can_be_read_is_named_until_it_cannot(
    casebook: Casebook,
) -> None:
    measures = Measures(Settings(), Shelf(office()), casebook, 0)
    measures.erasing([("leads", 0), ("leads", 1)], [("leads", 1)])
    measures.erasing([("leads", 2)], [("leads", 2)])
    assert reasons(measures) == ["secret.readable leads/1", "secret.readable leads/2"]
    measures.erasing([("leads", 1)], [])
    assert reasons(measures) == ["secret.readable leads/2"]
    measures.ticked({("leads", 2): 1}, sent=True)
    measures.ticked({("leads", 1): 1}, sent=True)  # another worker has it now
    assert reasons(measures) == []
