"""Reading and writing Kafka, for everything that is not the worker's own hot path."""

from .errors import BrokerError
from .read import LogRecord, Span, log_spans, read_log, reader

__all__ = ["BrokerError", "LogRecord", "Span", "log_spans", "read_log", "reader"]
