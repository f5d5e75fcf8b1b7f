"""Policies beside each other on the same data: many runs, one answer.

`compare` runs them, in worker processes if asked to; ranges of fields become policies in
`ranges`; what a steal was worth and how sure a difference is are `counterfactual` and `confidence`.
"""

from streams.lab.errors import CompareError

from .compare import Hearing, Setup, compare
from .compared import Compared, Part
from .confidence import Confidence, Days, confidences
from .counterfactual import StealWorth
from .periods import WHOLE, Period, periods
from .ranges import RUNS_MAX, Range, Swept, is_range, read_range, sweep

__all__ = [
    "RUNS_MAX",
    "WHOLE",
    "CompareError",
    "Compared",
    "Confidence",
    "Days",
    "Hearing",
    "Part",
    "Period",
    "Range",
    "Setup",
    "StealWorth",
    "Swept",
    "compare",
    "confidences",
    "is_range",
    "periods",
    "read_range",
    "sweep",
]
