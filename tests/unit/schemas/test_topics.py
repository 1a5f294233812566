"""Which record lives where, and on which partition: Kafka's own murmur2, with its own vectors."""

import pytest
from aiokafka.partitioner import murmur2
from hypothesis import given
from hypothesis import strategies as st

from schemas.parts import Flow
from schemas.topics import BY_SNAKE, RECORDS, Author, flow_partition, inbox_of

# org.apache.kafka.common.utils.UtilsTest.testMurmur2
VECTORS = [
    (b"21", -973932308),
    (b"foobar", -790332482),
    (b"a-little-bit-long-string", -985981536),
    (b"a-little-bit-longer-string", -1486304829),
    (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
    (b"abc", 479470107),
]


@pytest.mark.parametrize(("key", "signed_hash"), VECTORS)
def test_a_key_lies_where_kafka_itself_puts_it(key: bytes, signed_hash: int) -> None:
    assert flow_partition(key, 2**31) == signed_hash & 0x7FFFFFFF


@given(st.binary(max_size=80), st.integers(min_value=1, max_value=64))
def test_the_partitioner_agrees_with_another_client(key: bytes, partitions: int) -> None:
    assert flow_partition(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


def test_an_opening_record_lies_on_its_own_flow_only() -> None:
    assert RECORDS["LeadTransfer"].flows == (Flow.LEADS,)
    assert RECORDS["LeadTransfer"].subjects == ("leads-yichuan.LeadTransfer",)


def test_a_record_of_the_case_may_lie_on_every_flow() -> None:
    assert RECORDS["FilingReply"].flows == tuple(Flow)
    assert RECORDS["FilingReply"].subjects == tuple(f"{flow}-yichuan.FilingReply" for flow in Flow)


def test_a_copy_and_a_letter_open_a_case_or_go_on_in_one_and_no_other_does() -> None:
    assert RECORDS["Copy"].begins(None)
    assert not RECORDS["Copy"].begins("7c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11")
    assert RECORDS["Circular"].begins("7c0f8a52-3f1e-5a4b-9c55-2b6d4d9e5a11")
    assert not RECORDS["FilingReply"].begins(None)
    answering = {record.name for record in RECORDS.values() if record.answers}
    assert answering == {"Copy", "LeadTransfer", "CaseTransfer", "ComplaintForward"}


def test_a_case_transfer_may_go_on_within_the_case_of_a_lead_but_opens_none_there() -> None:
    assert RECORDS["CaseTransfer"].flows == (Flow.TRANSFERS, Flow.LEADS)
    assert RECORDS["CaseTransfer"].opens is Flow.TRANSFERS


def test_what_the_bus_says_to_one_organ_lies_in_inboxes_only() -> None:
    assert RECORDS["Accepted"].flows == ()
    assert RECORDS["Accepted"].subjects == ("inbox-yichuan.Accepted",)
    assert all(record.author is Author.BUS for record in RECORDS.values() if not record.on_flows)


def test_a_record_is_found_by_its_name_on_the_command_line() -> None:
    assert BY_SNAKE["filing_reply"] is RECORDS["FilingReply"]


def test_an_inbox_is_named_after_its_organ() -> None:
    assert inbox_of("langdai") == "inbox.langdai"
