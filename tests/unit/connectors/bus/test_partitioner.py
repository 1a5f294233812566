"""Our producers and aiokafka's agree on every partition."""

from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from connectors.bus.partitioner import partition


@given(st.binary(max_size=64), st.integers(min_value=1, max_value=64))
def test_a_key_has_the_partition_that_aiokafka_gives_it(key: bytes, partitions: int) -> None:
    every = list(range(partitions))
    assert partition(key, every, every) == DefaultPartitioner()(key, every, every)


def test_what_has_no_key_goes_where_somebody_takes_it() -> None:
    assert partition(None, [0, 1, 2], [2]) == 2
