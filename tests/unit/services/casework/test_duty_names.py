"""Every kind of duty has its name in words."""

from services.casework.duty_names import DUTY_NAMES
from services.casework.spans import DUTIES


def test_each_kind_of_duty_has_a_name_of_its_own_in_both_languages() -> None:
    assert DUTY_NAMES.keys() == DUTIES.keys()
    for names in zip(*DUTY_NAMES.values(), strict=True):
        assert len(set(names)) == len(DUTIES)
        assert all(names)
