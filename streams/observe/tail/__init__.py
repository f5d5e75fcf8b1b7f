"""Looks at what is on the topics, as it comes: one sight for each message, event or dead letter."""

from streams.observe.errors import TailError

from .follow import follow
from .sight import Sight
from .start import Start, parse_start
from .viewers import TOPICS, Viewer, viewer_for

__all__ = ["TOPICS", "Sight", "Start", "TailError", "Viewer", "follow", "parse_start", "viewer_for"]
