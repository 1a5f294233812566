"""Every code has its texts, and every text has its code: errors.toml against the product."""

from schemas.errors import texts
from tests.house import rules
from tests.house.tree import PRODUCT, modules, read


def test_every_code_given_to_an_error_is_listed() -> None:
    known = texts()
    unknown = [
        f"{path}:{line}: {code} is not in schemas/errors.toml"
        for path in modules(*PRODUCT)
        for line, code in rules.codes_given(read(path))
        if code not in known
    ]
    assert unknown == []


def test_every_listed_code_is_used() -> None:
    used = {code for path in modules(*PRODUCT) for code in rules.literals(read(path))}
    assert sorted(set(texts()) - used) == []


def test_every_code_says_what_is_wrong_and_how_to_mend_it_in_both_languages() -> None:
    for code, text in texts().items():
        for language in ("zh", "en"):
            assert all(part.strip() for part in text.in_language(language)), code
        assert any("一" <= letter <= "鿿" for letter in text.zh + text.remedy_zh), code
