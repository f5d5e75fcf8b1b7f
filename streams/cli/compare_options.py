"""The options of a comparison: ranges, periods, processes."""

from typing import Annotated

import typer

WORKERS_MAX = 256

Ranges = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="FIELD=VALUE|LOW:HIGH:COUNT",
        help="Override a policy field, or run every policy with each of COUNT values; "
        "may be repeated.",
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Begin here: an ISO date or time, UTC."),
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="End before this time; a date: its midnight.")
]
Split = Annotated[
    str | None,
    typer.Option(
        metavar="TIME", help="Run each policy before this time (fit) and afresh from it (unseen)."
    ),
]
Workers = Annotated[
    int,
    typer.Option(
        min=1, max=WORKERS_MAX, help="Processes that share the runs; the results are the same."
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="Apply each quote by itself: slower, the same results.")
]
