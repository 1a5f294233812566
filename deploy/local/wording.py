"""Progress in the language of YICHUAN_LANG: Chinese unless it says `en`."""

import os


def say(zh: str, en: str) -> str:
    """Return the text of the language asked for."""
    return en if os.environ.get("YICHUAN_LANG", "").lower().startswith("en") else zh
