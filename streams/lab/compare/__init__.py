"""Policies beside each other on the same data: many runs, one answer.

`compare` runs them, in worker processes if asked to; what a steal was worth and how sure a difference
is are `counterfactual` and `confidence`.
"""

from .compare import Hearing, Setup, compare
from .compared import Compared, ComparedPeriod
from .confidence import Confidence, confidences
from .counterfactual import StealWorth

__all__ = [
    "Compared",
    "ComparedPeriod",
    "Confidence",
    "Hearing",
    "Setup",
    "StealWorth",
    "compare",
    "confidences",
]
