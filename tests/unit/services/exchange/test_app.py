"""The Faust worker, as the exchange starts it."""

import logging

import faust

from services.exchange.app import quiet_worker


def test_the_worker_makes_no_log_records_that_nobody_reads() -> None:
    """Aiokafka tells key and value of each record that it sends, to whom logs at DEBUG."""
    root = logging.getLogger("in the root's place")
    root.addHandler(logging.NullHandler())
    quiet_worker(faust.App("test")).on_setup_root_logger(root, logging.WARNING)
    assert not root.isEnabledFor(logging.INFO)
