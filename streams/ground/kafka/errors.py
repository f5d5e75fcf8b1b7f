"""What a user can do something about, when the broker does not do what is asked."""

from streams.ground.mistakes import Mistake


class BrokerError(Mistake):
    """The broker cannot be used; the message is one sentence that says what to do."""

    @classmethod
    def nobody_answers(cls, bootstrap: str) -> "BrokerError":
        """Return the error for an address where no broker is."""
        return cls(
            f"no Kafka broker answers at {bootstrap}: start one with `deploy/kafka/broker start`,"
            " or name another with --bootstrap."
        )
