"""Prints steals as they happen; needs the wheel worksteal-client, and WORKSTEAL_BOOTSTRAP."""

import asyncio

from worksteal_client.client import ClientSettings, subscribe


async def main() -> None:
    steals = subscribe(ClientSettings.from_environment(), kinds="steal.started", group="printer")
    async for one in steals:
        print(one.id, one.account, one.symbol, [v.order for v in one.victims], flush=True)
        await steals.ack()


asyncio.run(main())
