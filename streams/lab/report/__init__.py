"""What a backtest came to, for people (HTML) and for programs (`--json`).

Both forms are functions of a `Comparison` and nothing else: equal input, equal bytes.
"""

from streams.lab.errors import ReportError

from .document import comparison_document
from .html import write_report

__all__ = ["ReportError", "comparison_document", "write_report"]
