"""The one failure of this package, worded for the person who asked for the report."""


class ReportError(Exception):
    """The report could not be made; the message is one sentence that says what to do."""
