"""Reading and writing Kafka, for everything that is not the worker's own hot path."""

from streams.ground.records import LogRecord, Span

from .errors import BrokerError
from .read import log_spans, read_log, reader

__all__ = ["BrokerError", "LogRecord", "Span", "log_spans", "read_log", "reader"]
