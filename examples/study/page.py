"""Renders the page from the figures; every number on it comes from there."""

from collections.abc import Iterable, Sequence

from examples.study import decision, doubts, fields, findings
from examples.study.data import FREE, MIXED
from examples.study.figures import (
    DEFAULT,
    NO_STEALING,
    Against,
    Data,
    Line,
    Moved,
    Point,
    Stretch,
    Study,
)
from examples.study.pictures import agreement, intervals
from examples.study.prose import ABOUT, BEGIN, LIMITS, READ, RULE
from examples.study.words import cents, days, money, percent

PAGE, INTERVALS, AGREEMENT = "README.md", "unseen.svg", "fit-unseen.svg"


def files(study: Study) -> dict[str, str]:
    """Return the page and its pictures, by file name."""
    return {
        PAGE: page(study),
        INTERVALS: intervals(study, MIXED),
        AGREEMENT: agreement(study, (MIXED, "hourly-crypto")),
    }


def page(study: Study) -> str:
    """Return the page in Markdown."""
    parts = [
        BEGIN.format(capital=study.capital, position=study.position, fee=100 * study.fee_rate),
        "## The answer",
        _bullets([*findings.off_or_on(study), *decision.verdict(study)]),
        "## What was run",
        ABOUT.format(split=study.split),
        _sources(study),
        _policies(study),
        "## The figures",
        READ,
        *(part for data in study.data if data.name != FREE for part in _data(data)),
        f"![Unseen differences with their intervals]({INTERVALS})",
        "## What follows",
        _bullets(_follows(study)),
        f"![Fit against unseen]({AGREEMENT})",
        "### Protection",
        _protection(study),
        _bullets(findings.protection(study)),
        "### Without fees",
        *_data(study.of(FREE))[1:],
        "### One field at a time",
        _moved_intro(study),
        _moved(study.moved),
        _bullets([*fields.ineffective(study), *fields.agreement(study)]),
        "## Should `default` change?",
        RULE.format(error=decision.ERROR),
        _judged(study),
        _bullets(decision.verdict(study)),
        "## What the data does not support",
        _bullets([*doubts.doubts(study), *LIMITS]),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def tables(data: Data) -> str:
    """Return the tables of one set of data."""
    return "\n\n".join(_data(data))


def _follows(study: Study) -> list[str]:
    return [
        findings.losing(study),
        findings.orders(study),
        findings.fees(study),
        *findings.agreement(study),
        findings.claims(study),
        findings.capacity(study),
    ]


def _sources(study: Study) -> str:
    rows = [
        [
            data.title,
            ", ".join(data.symbols),
            data.strategy,
            " · ".join(
                f"{one.name}: {one.first} to {one.last}, {days(one.days)}" for one in data.stretches
            ),
        ]
        for data in study.data
        if data.name != FREE
    ]
    return _table(["data", "symbols", "strategy", "periods"], rows, right_from=9)


def _policies(study: Study) -> str:
    rows = []
    for one in study.policies:
        told = ", ".join(f"`{text}`" for text in one.differs) or "the preset"
        rows.append([" = ".join(f"`{name}`" for name in one.names), told])
    return _table(["policy", "how it differs from `default`"], rows, right_from=9)


def _data(data: Data) -> list[str]:
    """Return a heading, and a table for each period."""
    parts = [f"### {data.title}"]
    for stretch in data.stretches:
        parts.append(
            f"*{stretch.name}, {stretch.first} to {stretch.last}, {stretch.quotes:,} quotes,"
            f" {days(stretch.days)}*"
        )
        parts.append(_lines(stretch))
    return parts


def _lines(stretch: Stretch) -> str:
    head = [
        "policy",
        "P&L",
        "against none",
        "90 % from, to",
        "fees",
        "fills",
        "steals settled",
        "thief − victim",
        "idle",
        "max drawdown",
    ]
    return _table(head, [_cells(line) for line in stretch.lines])


def _cells(line: Line) -> list[str]:
    return [
        f"`{line.policy}`",
        money(line.pnl),
        "" if line.none is None else money(line.none.difference),
        _interval(line.none),
        f"{line.fees:,.0f}",
        f"{line.fills:,}",
        f"{line.settled:,}",
        "–" if line.gain is None else cents(line.gain),
        f"{100 * line.idle:.1f} %",
        f"{line.max_drawdown:,.0f}",
    ]


def _interval(found: Against | None) -> str:
    if found is None:
        return ""
    if found.low is None or found.high is None:
        return "too few days"
    return f"{money(found.low)}, {money(found.high)}"


def _protection(study: Study) -> str:
    """Return P&L against stealing off for the four protections, the best of each period in bold."""
    names = findings.protections(study)
    rows = []
    for data, stretch in findings.priced(study):
        pnls = {name: stretch.line(name).pnl for name in names}
        off = stretch.line(NO_STEALING).pnl
        cells = [
            f"**{money(pnl - off)}**" if pnl == max(pnls.values()) else money(pnl - off)
            for pnl in pnls.values()
        ]
        rows.append([f"{data.title}, {stretch.name}", *cells])
    head = [percent(value) for value in names.values()]
    return _table(["P&L against `none`", *head], rows)


def _moved_intro(study: Study) -> str:
    return (
        "`default` on mixed hours with one field moved at a time over the range that the original"
        f" tuned it in. P&L, dollars, fit and unseen; stealing off stands at"
        f" {' and '.join(money(one.line(NO_STEALING).pnl) for one in study.of(MIXED).stretches)},"
        f" `default` at"
        f" {' and '.join(money(one.line(DEFAULT).pnl) for one in study.of(MIXED).stretches)}."
    )


def _moved(moved: Sequence[Moved]) -> str:
    rows = [_point(one, point) for one in moved for point in one.points]
    head = ["field", "value", "fit", "unseen", "steals, fit", "steals, unseen", "orders sent"]
    return _table(head, rows)


def _point(one: Moved, point: Point) -> list[str]:
    return [
        f"`{one.field}`" if point is one.points[0] else "",
        f"{point.value:g}",
        *(money(pnl) for pnl in point.pnl),
        *(f"{settled:,}" for settled in point.settled),
        "as `default`" if point.told == one.own_told else "",
    ]


def _judged(study: Study) -> str:
    rows = [
        [
            f"`{one.policy}`",
            money(one.fit),
            money(one.unseen),
            "–" if one.above is None else f"{100 * one.above:.1f} % of {100 * one.needed:.1f} %",
            f"{one.ahead}, {one.behind}",
            "yes" if one.passes else "no",
        ]
        for one in decision.judged(study)
    ]
    head = [
        "against `default`",
        "fit",
        "unseen",
        "resamples above, of needed",
        "others: ahead, behind",
        "passes",
    ]
    return _table(head, rows)


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], right_from: int = 1) -> str:
    marks = ["---" if place < right_from else "--:" for place in range(len(head))]
    lines = [head, marks, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
