"""The local store on the real RocksDB, restored from a changelog on a real broker."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from faust.types import TP

from state.desk import Desk
from streams.agents.stealing import stealing
from streams.journal.faust.application import FaustOutside
from streams.journal.faust.store import RowStore
from streams.journal.standing.claims import FencedError
from streams.journal.standing.ports import Rows
from streams.journal.standing.staging import batches
from streams.observe.metrics.counts import AgentCounts
from tests.state.world import times

from .stored import Place, Table, desk_rows, play

pytestmark = pytest.mark.broker


def test_a_new_store_holds_what_the_changelog_holds(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await at.claim(b"A")
        await at.append({"cursor": b"1", "account/A": b"a", "account/B": b"b"})
        await at.append({"cursor": b"2", "account/A": None, "price/X": b"x"})
        await at.append({"cursor": b"of another partition"}, partition=1)
        async with at.opened(0, 1) as store:
            assert desk_rows(store) == {"cursor": b"2", "account/B": b"b", "price/X": b"x"}
            assert desk_rows(store, 1) == {"cursor": b"of another partition"}
            assert store.restored(0) == (7, ())
            assert store.restored(1) == (1, ())

    play(broker, tmp_path, scenario)


def test_what_is_written_locally_is_there_after_a_clean_stop(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await at.append({"cursor": b"1", "account/A": b"a", "account/B": b"b"})
        async with at.opened() as store:
            store.write(0, {"cursor": b"2", "account/A": None, "account/C": b"c"}, 5)
            assert store.restored(0) == (6, ())
        at.ends[0] = 3
        await at.append({"cursor": b"2", "account/A": None, "account/C": b"c"})
        async with at.opened() as store:
            assert store.restored(0) == (6, ())
            assert desk_rows(store) == {"cursor": b"2", "account/B": b"b", "account/C": b"c"}

    play(broker, tmp_path, scenario)


def test_an_empty_changelog_gives_an_empty_store(broker, tmp_path):
    async def scenario(at: Place) -> None:
        async with at.opened() as store:
            assert store.rows(0) == {}
            assert store.restored(0) == (0, ())

    play(broker, tmp_path, scenario)


def test_a_strangers_rows_are_not_in_the_store_and_are_named(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await at.claim(b"A")
        await at.append({"cursor": b"1", "account/A": b"a"})
        await at.append({"cursor": b"0", "account/Z": b"z"}, name=b"Z")
        async with at.opened() as store:
            assert desk_rows(store) == {"cursor": b"1", "account/A": b"a"}
            assert store.restored(0) == (5, ("cursor", "account/Z"))

    play(broker, tmp_path, scenario)


async def filled(at: Place) -> Table:
    """Fill changelog and store, and leave a mark in the store that only a refill takes away."""
    await at.claim(b"A")
    rows: Rows = {f"account/{n}": b"%d" % n * 40 for n in range(3000)}
    await at.append({**rows, "cursor": b"1"})
    async with at.opened() as store:
        store._database(0).put(b"mark", b"local")
        store._database(0).flush()
        return desk_rows(store)


async def refilled(at: Place) -> bool:
    """Open the store again, compare it with the log, and tell whether it was filled anew."""
    async with at.opened() as store:
        rows = desk_rows(store)
        kept = rows.pop("mark", None)
        assert store.restored(0) == (at.ends[0], ())
        assert rows.pop("cursor") in {b"1", b"2"}
        assert rows == {f"account/{n}": b"%d" % n * 40 for n in range(3000)}
        return kept is None


def test_a_store_at_the_changelogs_end_is_not_read_again(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await filled(at)
        assert not await refilled(at)

    play(broker, tmp_path, scenario)


def test_a_store_behind_the_changelog_is_filled_anew(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await filled(at)
        await at.append({"cursor": b"2"})
        assert await refilled(at)
        assert not (at.settings.data_dir / "running").exists()

    play(broker, tmp_path, scenario)


def test_a_store_ahead_of_the_changelog_is_filled_anew(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await filled(at)
        async with at.opened() as store:
            store.write(0, {"account/7": b"never acknowledged", "account/new": b""}, at.ends[0])
        assert await refilled(at)

    play(broker, tmp_path, scenario)


def damage(path: Path, where: float) -> None:
    """Turn around some bytes of a file."""
    content = bytearray(path.read_bytes())
    at = int(len(content) * where)
    for n in range(at, min(at + 64, len(content))):
        content[n] ^= 0xFF
    path.write_bytes(content)


def torn(kind: str, where: float) -> Callable[[Path], None]:
    def tear(files: Path) -> None:
        for path in sorted(files.glob(kind)):
            damage(path, where)

    return tear


TEARS = {
    "a table near its beginning": torn("*.sst", 0.05),
    "a table in the middle": torn("*.sst", 0.5),
    "a table near its end": torn("*.sst", 0.97),
    "the manifest": torn("MANIFEST-*", 0.5),
    "the pointer": torn("CURRENT", 0.5),
    "no pointer": lambda files: (files / "CURRENT").unlink(),
    "no table": lambda files: [path.unlink() for path in files.glob("*.sst")],
    "no manifest": lambda files: [path.unlink() for path in files.glob("MANIFEST-*")],
}


async def filled_again_stays(at: Place) -> None:
    """Open what was filled anew once more: it can be trusted."""
    async with at.opened() as store:
        store._database(0).put(b"mark", b"local")
    assert not await refilled(at)


def test_torn_files_are_thrown_away_and_filled_anew(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await filled(at)
        for tear, how in TEARS.items():
            how(at.files())
            assert await refilled(at), tear
            await filled_again_stays(at)

    play(broker, tmp_path, scenario)


def test_a_partition_that_comes_back_is_brought_to_the_end_again(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await at.claim(b"A")
        await at.append({"cursor": b"1"})
        async with at.opened() as store:
            store.revoke_partitions(store.table, {TP(at.topic, 0)})
            await at.append({"cursor": b"2"})
            await at.assign(store)
            assert desk_rows(store) == {"cursor": b"2"}
            assert store.restored(0) == (3, ())

    play(broker, tmp_path, scenario)


def test_a_full_batch_of_the_smallest_rows_is_taken(broker, tmp_path):
    async def scenario(at: Place) -> None:
        rows: Rows = {f"{n:x}": None for n in range(20_000)}
        first, *_ = batches(rows)
        assert len(first) < len(rows)
        name = b"4194304-" + 32 * b"f"
        assert await at.append(rows, name) == len(rows)

    play(broker, tmp_path, scenario)


def test_a_row_of_many_megabytes_is_taken(broker, tmp_path):
    """An account with tens of thousands of entries is one row."""

    async def scenario(at: Place) -> None:
        rows: Rows = {"account/A": bytes(10 << 20), "cursor": b"1"}
        await at.append(rows)
        async with at.opened() as store:
            assert desk_rows(store) == rows

    play(broker, tmp_path, scenario)


def test_a_hundred_thousand_rows_are_restored(broker, tmp_path, capsys):
    async def scenario(at: Place) -> None:
        await at.claim(b"A")
        rows: Rows = {f"account/{n}": b"%06d" % n * 40 for n in range(100_000)}
        await at.append({**rows, "cursor": b"1"})
        began = time.perf_counter()
        async with at.opened() as store:
            read = time.perf_counter()
            assert desk_rows(store) == {**rows, "cursor": b"1"}
        with capsys.disabled():
            print(f"\n100,000 rows restored in {read - began:.1f} s")  # noqa: T201

    play(broker, tmp_path, scenario)


def outside(at: Place, store: RowStore) -> FaustOutside[Desk]:
    return FaustOutside(
        stealing(at.settings, times()),
        app=store.table.app,  # type: ignore[arg-type]
        table=store.table,  # type: ignore[arg-type]
        settings=at.settings,
        producer=at.producer,
        observer=AgentCounts(),
    )


def nothing(next_offset: int) -> None:
    """Release no record."""


def test_a_desk_can_be_founded_again_without_a_new_assignment(broker, tmp_path):
    """After one was dropped: its partition stayed, only its record was cancelled."""

    async def scenario(at: Place) -> None:
        async with at.opened() as store:
            way = outside(at, store)
            first = await way.restore(0, nothing)
            rows: Rows = {"account/A": b"a"}
            first.ports.store(rows, await first.ports.append(rows))
            await way.restore(0, nothing)
            assert store.restored(0) == (3, ())
            assert desk_rows(store) == rows

    play(broker, tmp_path, scenario)


def test_what_strangers_wrote_is_put_right_by_the_claim_and_once(broker, tmp_path):
    async def scenario(at: Place) -> None:
        await at.claim(b"A")
        await at.append({"account/A": b"a"})
        await at.append({"account/A": b"old", "account/Z": b"z"}, name=b"Z")
        async with at.opened() as store:
            await outside(at, store).restore(0, nothing)
            assert store.restored(0) == (7, ())
        async with at.opened() as store:
            assert desk_rows(store) == {"account/A": b"a"}
            assert store.restored(0) == (7, ())

    play(broker, tmp_path, scenario)


def test_the_desk_before_can_write_no_more_after_another_was_founded(broker, tmp_path):
    async def scenario(at: Place) -> None:
        async with at.opened() as store:
            way = outside(at, store)
            first = await way.restore(0, nothing)
            await way.restore(0, nothing)
            with pytest.raises(FencedError):
                await first.ports.append({"account/A": b"late"})
        async with at.opened() as store:
            assert desk_rows(store) == {}

    play(broker, tmp_path, scenario)
