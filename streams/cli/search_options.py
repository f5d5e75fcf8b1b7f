"""The options of `worksteal optimize`."""

from pathlib import Path
from typing import Annotated

import typer

from streams.lab.optimize import EVALUATIONS_MIN, FOLDS_MAX, OBJECTIVES

REPORT = Path("worksteal-optimize.html")
POLICY = Path("worksteal-policy.yaml")
WORKERS_MAX = 256

ObjectiveChoice = Annotated[
    str, typer.Option(metavar="|".join(OBJECTIVES), help="What to make the best of.")
]
SearchRanges = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="FIELD=LOW:HIGH",
        help="Search this field too, or in this range; may be repeated.",
    ),
]
Fixed = Annotated[
    list[str] | None,
    typer.Option("--fix", metavar="FIELD", help="Leave this field as it is; may be repeated."),
]
BeginWith = Annotated[str, typer.Option(metavar="FILE|NAME", help="The policy to begin with.")]
Evaluations = Annotated[
    int, typer.Option(min=EVALUATIONS_MIN, max=1_000_000, help="Runs of each fold's search.")
]
Split = Annotated[
    str | None,
    typer.Option(
        metavar="TIME",
        help="Fit before this time, judge from it on. [default: the last third is judged on]",
    ),
]
Folds = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=FOLDS_MAX,
        help="So many fits, each judged on what follows it. [default: 1, from 60 days on 3]",
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="TIME", help="Begin here: an ISO date or time, UTC."),
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="End before this time; a date: its midnight.")
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=WORKERS_MAX,
        help="Processes that share the runs; the results are the same. [default: one a core]",
    ),
]
Seed = Annotated[int, typer.Option(min=0, help="Another seed, another search.")]
State = Annotated[
    Path | None,
    typer.Option(
        help="Journal of what was evaluated: start again with it and the search goes on. "
        "[default: a file here that is removed at the end]"
    ),
]
PolicyOut = Annotated[Path, typer.Option(help="Where the policy that is found goes.")]
Report = Annotated[
    Path | None, typer.Option(help=f"Where the HTML report goes. [default: {REPORT}]")
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help="One JSON document on standard output; no report unless --report."),
]
