"""What a backtest came to, for people (HTML) and for programs (`--json`).

Both forms are functions of a `Comparison` and nothing else: equal input, equal bytes.
"""

from .document import comparison_document
from .html import write_report

__all__ = ["comparison_document", "write_report"]
