"""The smallest whole venue adapter; docs/how-to/connect-a-venue.md says what each part is for.

python examples/venue-adapter/adapter.py BOOKS [CASH [REST_S]]      (WORKSTEAL_BOOTSTRAP=…)
"""

import asyncio
import signal
import sys

from aiokafka import AIOKafkaProducer
from exchange import Exchange

from topics import events
from topics.catalogue import TOPIC_OF
from topics.client import ClientSettings, subscribe  # elsewhere: from worksteal_client.client
from topics.codec import encode
from topics.commands import AnyCommand, Cancel, Reduce

ACCOUNT, LOOK_S = "demo", 0.5


def answers(exchange: Exchange, do: AnyCommand) -> list[events.AnyEvent]:
    """Do what a command says; a repeat of it finds the order there and is answered the same."""
    if isinstance(do, Reduce):  # its own id is the order's; the trade is told by `look`
        name, order = do.id, exchange.market(do.id, do.symbol, do.side, do.qty)
    elif isinstance(do, Cancel):
        name, order = do.order, exchange.cancel(do.order)
    else:
        name, order = do.order, exchange.place(do.order, do.symbol, do.side, do.limit, do.qty)
    about = {"ts_us": exchange.now_us(), "account": do.account, "order": name}
    match order["state"] if order else "unknown":
        case "cancelled":
            return [events.OrderCancelled(**about)]
        case "open":
            about |= {key: order[key] for key in ("symbol", "side", "limit", "qty")}
            return [events.OrderAccepted(**about)]
        case "insufficient_funds" | "invalid" as reason:
            return [events.OrderRejected(**about, reason=reason)]
        case state:  # filled: nothing to cancel, and no other answer than its trade
            return [events.OrderCancelRejected(**about, text=state)] * isinstance(do, Cancel)


def look(exchange: Exchange, told: int) -> list[events.AnyEvent]:
    """Return the trades after the first `told`, then the account, which contains all of them."""
    fills = [events.Fill(account=ACCOUNT, **trade) for trade in exchange.match()[told:]]
    held = exchange.books["held"].items()
    positions = [events.Position(symbol=name, qty=qty, price=price) for name, (qty, price) in held]
    equity = exchange.books["cash"] + sum(one.qty * one.price for one in positions)
    whole = {"equity": equity, "positions": positions, "orders": [*exchange.open()]}
    return [*fills, events.AccountSnapshot(ts_us=exchange.now_us(), account=ACCOUNT, **whole)]


async def main(books: str, cash: float = 10_000, rest_s: float = 5) -> None:
    settings, exchange = ClientSettings.from_environment(), Exchange(books, cash, rest_s)
    producer = AIOKafkaProducer(**settings.options(), acks="all", enable_idempotence=True)

    async def tell(answered: list[events.AnyEvent]) -> None:  # returns when the broker has them
        for one in answered:
            topic = settings.topic(TOPIC_OF[type(one)].name)
            await producer.send_and_wait(topic, encode(one), key=ACCOUNT.encode())

    async def keep_looking() -> None:
        told = 0  # after a start all trades once more: repeated under their own ids they do no harm
        while True:
            found = look(exchange, told)
            await tell(found)
            told += len(found) - 1
            await asyncio.sleep(LOOK_S)

    wanted = {"topic": "execution", "accounts": ACCOUNT, "group": "venue", "start": "earliest"}
    async with producer, subscribe(settings, **wanted) as commands, asyncio.TaskGroup() as tasks:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, commands.stop)
        looking = tasks.create_task(keep_looking())
        async for command in commands:
            await tell(answers(exchange, command))
            await commands.ack()  # only now: a crash before this brings the command again
        looking.cancel()


asyncio.run(main(sys.argv[1], *map(float, sys.argv[2:])))
