"""What the tests of a store that is away share: everything that can be asked of one, asked."""

import pytest

from connectors.bus.blobs import BlobStore
from schemas.errors import Unavailable
from tests.agency_home import US

BLOB = "ab" * 32


def codes_of_all_work(store: BlobStore) -> set[str]:
    """Ask a store for each of its works, each of which must fail; return with which codes."""
    codes = set()
    for work in (
        lambda: store.put(US, BLOB, 0, b"x"),
        lambda: store.get(US, BLOB, 0),
        lambda: store.size(US, BLOB, 0),
        lambda: store.delete(US, BLOB),
    ):
        with pytest.raises(Unavailable) as found:
            work()
        codes.add(found.value.code)
    return codes
