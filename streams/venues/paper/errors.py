"""What a user can do something about, when the paper venue cannot run or go on."""


class PaperError(Exception):
    """The paper venue cannot run; the message is one sentence that says what to do."""
