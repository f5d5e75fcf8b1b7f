"""The two pictures of the page, as SVG: how sure the differences are, and fit against unseen."""

from collections.abc import Sequence

from examples.study.figures import FIT, NO_STEALING, UNSEEN, Line, Stretch, Study
from examples.study.words import money

WIDTH, LEFT, RIGHT, TOP, ROW = 720, 190, 30, 46, 26
INK, GRID_INK, POINT, OTHER = "#24292f", "#d0d7de", "#0969da", "#bc4c00"

Scale = tuple[float, float, float, float]
"""Lowest and highest value, and the places that they are drawn at."""


def intervals(study: Study, name: str) -> str:
    """Draw each policy's difference to stealing off on the unseen period, and its 90 %."""
    data = study.of(name)
    lines = [one for one in data.stretch(UNSEEN).lines if one.none is not None]
    ends = [end for one in lines for end in _ends(one)]
    scale = _scale([*ends, 0.0], LEFT, WIDTH - RIGHT)
    height = TOP + ROW * len(lines) + 30
    drawn = [_text(12, 22, f"{data.title}: unseen P&L against stealing off, 90 % of resamples, $")]
    drawn += _axis(scale, TOP - 8, height - 26)
    for place, one in enumerate(lines):
        y = TOP + ROW * place + 10
        low, high = _ends(one)
        middle = one.none.difference if one.none is not None else 0.0
        drawn.append(_text(12, y + 4, one.policy))
        drawn.append(_line(_at(scale, low), y, _at(scale, high), y, POINT, 3))
        drawn.append(_dot(_at(scale, middle), y, POINT))
    return _svg(height, drawn)


def agreement(study: Study, names: Sequence[str]) -> str:
    """Draw each policy's difference to stealing off: on the fit across, on the unseen up."""
    height = 460
    sets = [(study.of(name), colour) for name, colour in zip(names, (POINT, OTHER), strict=True)]
    places = [
        (*_differences(data.stretch(FIT), data.stretch(UNSEEN), line.policy), colour)
        for data, colour in sets
        for line in data.stretch(FIT).lines
        if line.policy != NO_STEALING
    ]
    across = _scale([0.0, *(x for x, _, _ in places)], 70, WIDTH - RIGHT)
    up = _scale([0.0, *(y for _, y, _ in places)], height - 60, 60)
    drawn = [
        _text(
            12,
            22,
            "P&L against stealing off, $: fit (across) and unseen (up), a point for each policy",
        )
    ]
    drawn += _axis(across, 50, height - 40)
    for value in _ticks(up):
        y = _at(up, value)
        drawn.append(_line(70, y, WIDTH - RIGHT, y, INK if value == 0 else GRID_INK, 1))
        drawn.append(_text(12, y + 4, money(value)))
    drawn += [_dot(_at(across, x), _at(up, y), colour) for x, y, colour in places]
    for place, (data, colour) in enumerate(sets):
        drawn.append(_dot(82 + 240 * place, 40, colour))
        drawn.append(_text(92 + 240 * place, 44, data.title))
    return _svg(height, drawn)


def _differences(fit: Stretch, unseen: Stretch, policy: str) -> tuple[float, float]:
    found = [stretch.line(policy).none for stretch in (fit, unseen)]
    x, y = (0.0 if one is None else one.difference for one in found)
    return x, y


def _ends(one: Line) -> tuple[float, float]:
    """Return the interval, or the difference alone where there is none."""
    against = one.none
    if against is None:
        return 0.0, 0.0
    if against.low is None or against.high is None:
        return against.difference, against.difference
    return against.low, against.high


def _scale(values: Sequence[float], first: float, last: float) -> Scale:
    low, high = min(values), max(values)
    room = 0.05 * (high - low) or 1.0
    return low - room, high + room, first, last


def _at(scale: Scale, value: float) -> float:
    low, high, first, last = scale
    return first + (value - low) / (high - low) * (last - first)


def _ticks(scale: Scale) -> list[int]:
    low, high, _, _ = scale
    step = next(
        step for step in (50, 100, 250, 500, 1_000, 2_500, 10**6) if (high - low) / step < 9
    )
    return [value for value in range(-20 * step, 20 * step + 1, step) if low <= value <= high]


def _axis(scale: Scale, top: float, bottom: float) -> list[str]:
    drawn = []
    for value in _ticks(scale):
        x = _at(scale, value)
        drawn.append(_line(x, top, x, bottom, INK if value == 0 else GRID_INK, 1))
        drawn.append(_text(x, bottom + 16, money(value), "middle"))
    return drawn


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: int) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"'
        f' stroke="{colour}" stroke-width="{width}"/>'
    )


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}" fill-opacity="0.8"/>'


def _text(x: float, y: float, said: str, anchor: str = "start") -> str:
    safe = said.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" text-anchor="{anchor}">{safe}</text>'


def _svg(height: int, drawn: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
        f' width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13">'
    )
    ground = f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, ground, *drawn, "</svg>", ""])
