"""The figures of a run as a picture: what a message costs each contestant, in an SVG."""

from collections.abc import Sequence
from typing import Any, Final
from xml.sax.saxutils import escape

_WIDTH: Final = 720
_LEFT: Final = 190
_BAR: Final = 20
_ROW: Final = 28
_TOP: Final = 40
_OURS, _OTHERS = "#1f5fa8", "#a9b4c0"
_FONT: Final = 'font-family="sans-serif" font-size="13"'


def drawn(figures: Sequence[dict[str, Any]]) -> str:
    """Return the picture: processor time for one message, median, with least and greatest."""
    most = max((each["cpu_us"]["greatest"] for each in figures), default=1.0)
    scale = (_WIDTH - _LEFT - 90) / most
    parts = [
        (
            f'<text x="10" y="22" {_FONT}>processor time for one message, µs: median (least to'
            " greatest); shorter is better</text>"
        )
    ]
    for row, each in enumerate(figures):
        cost, y = each["cpu_us"], _TOP + row * _ROW
        label = escape(f"{each['name']}, {each['on']}")
        colour = _OURS if each["name"] == "exchange" else _OTHERS
        least, greatest = (_LEFT + cost[end] * scale for end in ("least", "greatest"))
        middle = y + _BAR / 2
        parts += [
            f'<text x="10" y="{middle + 4:.0f}" {_FONT}>{label}</text>',
            (
                f'<rect x="{_LEFT}" y="{y}" width="{cost["median"] * scale:.1f}" height="{_BAR}"'
                f' fill="{colour}"/>'
            ),
            (
                f'<line x1="{least:.1f}" x2="{greatest:.1f}" y1="{middle}" y2="{middle}"'
                ' stroke="black"/>'
            ),
            (
                f'<text x="{greatest + 6:.1f}" y="{middle + 4:.0f}" {_FONT}>'
                f"{cost['median']:.0f}</text>"
            ),
        ]
    height = _TOP + len(figures) * _ROW + 10
    size = f'width="{_WIDTH}" height="{height}" viewBox="0 0 {_WIDTH} {height}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>'
    back = '<rect width="100%" height="100%" fill="white"/>'
    return "\n".join((head, back, *parts, "</svg>\n"))
