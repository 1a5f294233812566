"""The docs' diagram of a case's lives is the table of steps, word for word."""

from services.casework.case import Life, State
from services.casework.diagram import LIVES, STATES, STEPS, lifecycle
from services.casework.transitions import TRANSITIONS, Step
from tests.house.lifecycle import PAGE


def test_the_page_is_what_the_table_prints() -> None:
    assert PAGE.read_text(encoding="utf-8") == lifecycle(), "run: make lifecycle"


def test_every_life_state_and_step_has_its_words() -> None:
    assert (set(LIVES), set(STATES), set(STEPS)) == (set(Life), set(State), set(Step))


def test_every_cell_of_the_table_is_on_the_page() -> None:
    page = lifecycle()
    for rows in TRANSITIONS.values():
        for state, row in rows.items():
            for step, target in row.items():
                cell = f"| {STATES[state]} `{state}` | {STEPS[step]} `{step}` | `{target}` |"
                assert cell in page
