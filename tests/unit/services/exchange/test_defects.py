"""What is told of a defect: the line of ours, never what the exception says."""

import json

from schemas.load import default_example
from services.exchange.defects import where_of

SECRET = "岩脚镇示例街1号"


def raised(work: object) -> BaseException:
    """Return what a call raises."""
    assert callable(work)
    try:
        work()
    except (OSError, ValueError) as error:
        return error
    raise AssertionError(work)


def test_the_innermost_line_of_ours_is_told_whatever_library_raised_below_it() -> None:
    told = where_of(raised(lambda: default_example(SECRET)))
    assert told.startswith("load.py:")
    assert SECRET not in told


def test_of_an_exception_that_came_through_no_line_of_ours_the_line_that_raised_it_is_told() -> (
    None
):
    assert where_of(raised(lambda: json.loads("{"))).startswith("decoder.py:")


def test_of_one_that_nobody_raised_nothing_is_told() -> None:
    assert where_of(ValueError(SECRET)) == ""
