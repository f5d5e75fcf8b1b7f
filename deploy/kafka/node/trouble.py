"""How the command speaks to a person: what went wrong, in one sentence, and the exit status it has."""

import sys

EXIT_FAILED, EXIT_MISTAKE, EXIT_NOT_RUNNING = 1, 2, 3


class Trouble(Exception):
    """What went wrong, in one sentence, and the exit status it has."""

    def __init__(self, sentence: str, status: int = EXIT_FAILED):
        super().__init__(sentence)
        self.status = status


def say(text: str) -> None:
    """Tell the person; the standard output belongs to the address."""
    sys.stderr.write(f"{text}\n")
