"""What a user can do something about, when the paper venue cannot run or go on."""

from streams.ground.mistakes import Mistake


class PaperError(Mistake):
    """The paper venue cannot run; the message is one sentence that says what to do."""
