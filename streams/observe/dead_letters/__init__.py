"""Dead letters: what was refused, why, and putting it back."""

from streams.observe.errors import DeadLetterError

from .letter import REDRIVEN_REASON, Letter, Note, parse_place, place_text, read_record
from .reading import DeadLetters, LetterSurvey, dead_letters
from .redrive import Redriven, prepare, redrive

__all__ = [
    "REDRIVEN_REASON",
    "DeadLetterError",
    "DeadLetters",
    "Letter",
    "LetterSurvey",
    "Note",
    "Redriven",
    "dead_letters",
    "parse_place",
    "place_text",
    "prepare",
    "read_record",
    "redrive",
]
