"""The judge of attachments: each beside the document of its lead, once, as it was sent. Pure."""

from collections.abc import Iterator, Mapping

Files = Mapping[str, Mapping[str, str]]  # 文号 → name → SHA-256


def wrong_files(wanted: Files, owner: str, held: Mapping[str, Files]) -> Iterator[str]:
    """Say what is wrong. `held`: alias → what it found beside the documents of its inbox."""
    for number, files in wanted.items():
        found = held[owner].get(number, {})
        for name, digest in files.items():
            if name not in found:
                yield f"{owner}: no {name} of {number}"
            elif found[name] != digest:
                yield f"{owner}: another {name} of {number}"
    for alias, beside in held.items():
        for number, found in beside.items():
            for name in found:
                if alias != owner or name not in wanted.get(number, {}):
                    yield f"{alias}: {name} of {number}, which is not to be there"
