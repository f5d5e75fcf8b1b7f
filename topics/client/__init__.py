"""The subscriber's client: typed messages of `steals` or `execution`, each once.

    async with subscribe(ClientSettings(), kinds=[StealStarted], group="mine") as steals:
        async for steal in steals:
            print(steal.symbol)
            await steals.ack()

It is the one part of this package that does input and output, so nothing else in the package, and no
part of the desk, may import it.  In the wheel `worksteal-client` the package `topics` is called
`worksteal_client`.  `fake.py` has a broker in memory for a subscriber's own tests.
"""

from .errors import (
    BrokerUnreachable,
    ClientError,
    ClientSettingsError,
    MessagesGone,
    UnreadableMessage,
)
from .log import Record
from .settings import ClientSettings
from .start import Start
from .subscribe import Options, subscribe
from .subscription import Subscription

__all__ = [
    "BrokerUnreachable",
    "ClientError",
    "ClientSettings",
    "ClientSettingsError",
    "MessagesGone",
    "Options",
    "Record",
    "Start",
    "Subscription",
    "UnreadableMessage",
    "subscribe",
]
