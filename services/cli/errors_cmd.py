"""`yichuan errors`: every code with its texts."""

from schemas.errors import texts
from services.cli.options import AsJson
from services.cli.output import emit_json, error_object, language, table


def errors(as_json: AsJson = False) -> None:
    """List every code of errors.toml, what it means and what to do."""
    listed = sorted(texts().values(), key=lambda words: words.code)
    if as_json:
        for words in listed:
            entry = error_object(words)
            emit_json({key: entry[key] for key in ("code", "zh", "en", "remedy_zh", "remedy_en")})
        return
    chosen = language()
    heads = ("code", "meaning", "what to do") if chosen == "en" else ("代码", "含义", "处理办法")
    table(heads, ((words.code, *words.in_language(chosen)) for words in listed))
