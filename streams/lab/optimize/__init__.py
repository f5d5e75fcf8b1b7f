"""Searches for a policy: fitted on one period, judged on a later one that it never saw.

`optimize` carries out a `Plan`; `folds` says what is fitted and judged, `space` what is searched,
`search` how, `verdict` what it means.
"""

from .document import optimize_document
from .folds import FOLDS_MAX, folds_of, periods_of
from .journal import Journal
from .objective import OBJECTIVES
from .optimize import EVALUATIONS_MIN, Plan, optimize
from .page import judged_table, write_page
from .policy_file import policy_yaml
from .result import Optimized
from .space import OPTIMIZED, space_of
from .verdict import ineffective, verdict

__all__ = [
    "EVALUATIONS_MIN",
    "FOLDS_MAX",
    "OBJECTIVES",
    "OPTIMIZED",
    "Journal",
    "Optimized",
    "Plan",
    "folds_of",
    "ineffective",
    "judged_table",
    "optimize",
    "optimize_document",
    "periods_of",
    "policy_yaml",
    "space_of",
    "verdict",
    "write_page",
]
