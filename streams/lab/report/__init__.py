"""What a backtest came to, for people (HTML, console) and for programs (`--json`).

All three forms are functions of a `Comparison` and nothing else: equal input, equal bytes.
"""

from streams.lab.errors import ReportError

from .document import comparison_document
from .html import write_report
from .table import comparison_table

__all__ = ["ReportError", "comparison_document", "comparison_table", "write_report"]
