"""The alternative that `bench/live.py` measures against: a stock Faust agent, one event at a time.

Per event it does what the desk does for it at the least: decode the JSON, keep the last price of a
symbol or the last state and count of an account in a RocksDB table with its changelog, and send a
command for every fiftieth event (those are marked).  Started by the benchmark:

    python -m bench.plain_faust BOOTSTRAP PREFIX FOLDER PARTITIONS
"""

import sys

import faust


def make_app(bootstrap: str, prefix: str, folder: str, partitions: int) -> faust.App:
    """Return the application; settings as its documentation recommends, RocksDB included."""
    app = faust.App(
        f"{prefix}plain",
        broker=f"kafka://{bootstrap}",
        store="rocksdb://",
        datadir=folder,
        topic_partitions=partitions,
        broker_session_timeout=6.0,
        broker_heartbeat_interval=1.5,
        producer_max_batch_size=1 << 18,
        web_enabled=False,
        topic_disable_leader=True,
    )
    source = app.topic(f"{prefix}plain-in", partitions=partitions, value_serializer="json")
    commands = app.topic(f"{prefix}plain-out", partitions=partitions, value_serializer="json")
    options = {"driver": "rocksdict", "block_cache_size": 64 << 20}
    table = app.Table("state", partitions=partitions, options=options)

    @app.agent(source)
    async def per_event(stream):  # type: ignore[no-untyped-def]
        async for event in stream:
            key = event["key"]
            row = table.get(key) or {"count": 0, "last": None}
            row["count"] += 1
            row["last"] = event["body"]
            table[key] = row
            if event["commands"]:
                await commands.send(
                    key=key, value={"cause": event["number"], "count": row["count"]}
                )

    return app


if __name__ == "__main__":
    told = sys.argv[1:]
    faust.Worker(make_app(*told[:3], int(told[3])), loglevel="ERROR").execute_from_commandline()
