"""The shapes that drawings are made of, as SVG text."""

from html import escape
from typing import NamedTuple

WIDTH = 760

STYLE = """\
text { font: 13px sans-serif; fill: #24292f; }
.small { font-size: 11px; }
.box { fill: #f6f8fa; stroke: #57606a; }
.log { fill: #ddf4ff; stroke: #0969da; }
.line { stroke: #57606a; fill: none; }
.BTCUSD { fill: #f2a65a; } .ETHUSD { fill: #7aa6e0; } .LTCUSD { fill: #8fc98f; }
.late { fill-opacity: 0.35; }
.mark { stroke: #cf222e; stroke-dasharray: 3 3; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .box { fill: #21262d; stroke: #8b949e; } .line { stroke: #8b949e; }
  .log { fill: #0c2d6b; } .BTCUSD, .ETHUSD, .LTCUSD { fill-opacity: 0.75; } .late { fill-opacity: 0.3; }
}"""


class Shape(NamedTuple):
    """Where a shape stands, in pixels from the upper left corner."""

    x: int
    y: int
    w: int
    h: int


def box(x: int, y: int, w: int, h: int, name: str, kind: str = "box", **lines: str) -> str:
    middle = x + w / 2
    told = [name, *lines.values()]
    first = y + h / 2 + 5 - 7 * (len(told) - 1)
    words = "".join(
        f'<text x="{middle:.0f}" y="{first + 15 * i:.0f}" text-anchor="middle"'
        f"{' class=' + chr(34) + 'small' + chr(34) if i else ''}>{escape(word)}</text>"
        for i, word in enumerate(told)
    )
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{w}" height="{h}" rx="4"/>{words}'


def rect(x: float, y: float, w: float, h: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}"/>'


def arrow(x1: int, y1: int, x2: int, y2: int) -> str:
    return f'<path class="line" marker-end="url(#head)" d="M{x1} {y1} L{x2} {y2}"/>'


def arrowhead() -> str:
    return (
        '<defs><marker id="head" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"'
        ' markerHeight="8" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#57606a"/></marker></defs>'
    )


def text(x: float, y: float, words: str, small: int = 0) -> str:
    kind = ' class="small"' if small else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{kind}>{escape(words)}</text>'


def svg(height: float, title: str, drawn: list[str]) -> str:
    """Return the whole drawing; `title` says in words what it shows."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"'
        f' width="{WIDTH}" height="{height:.0f}" role="img" aria-label="{escape(title)}">'
    )
    lines = [head, f"<title>{escape(title)}</title>", f"<style>{STYLE}</style>", *drawn, "</svg>"]
    return "\n".join(lines) + "\n"
