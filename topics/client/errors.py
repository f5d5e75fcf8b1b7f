"""What a subscriber can be told; each message is one sentence that says what to do."""


class ClientError(Exception):
    """Base of all errors of this client."""


class ClientSettingsError(ClientError):
    """Settings, or words of `subscribe`, that cannot be used."""


class BrokerUnreachable(ClientError):
    """No broker answers at the address, or it refuses what is asked."""


class UnreadableMessage(ClientError):
    """A record that this version of the client cannot read.

    It is never passed over in silence, for it may be a steal: upgrade the client, or name an
    `on_unreadable` that takes such records.  Until then the subscription stands before it.
    """


class MessagesGone(ClientError):
    """The broker no longer has what comes next: retention was faster, or the topic was made anew."""
