"""Looks at a deployment before and while it runs: what is well, and what to do about the rest.

Reads only: it joins no group, claims nothing, publishes nothing, and takes no lock away.
"""

from .run import Examiner, examine
from .said import FAIL, OK, WARN, Line

__all__ = ["FAIL", "OK", "WARN", "Examiner", "Line", "examine"]
