"""`worksteal dlq` on a real broker: refused, listed, shown, put back, and the desk has it."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from state.rules.policy import DEFAULT
from streams.audit.replay.drive import PartitionReplay
from streams.ground.kafka.client import partition_of
from streams.ground.settings import client_options
from tests.paths import ROOT
from tests.state.world import times
from tests.streams.cli.command import Done, worksteal_process
from tests.streams.journal.deployed import everything
from tests.streams.journal.sequenced import Deployment, play, quote, snapshot, until
from topics.catalogue import DEAD_LETTERS, JOURNAL
from topics.codec import encode
from topics.events import EntryRequested

pytestmark = pytest.mark.broker

ACCOUNTS = {partition_of(name.encode(), 2): name for name in (f"acct-{n}" for n in range(9))}
"""An account for each partition."""

TRACE = b"00-" + b"1" * 32 + b"-" + b"2" * 16 + b"-01"


def entry(name: str, account: str = ACCOUNTS[0]) -> bytes:
    told = EntryRequested(
        ts_us=1, account=account, entry=name, symbol="BTCUSD", side="buy", limit=1.0, qty=2.0
    )
    return encode(told)


def wrong(name: str, account: str = ACCOUNTS[0]) -> bytes:
    return entry(name, account).replace(b'"qty":2.0', b'"qty":-2.0')


class Commands:
    """Runs `worksteal dlq` at a deployment."""

    def __init__(self, at: Deployment, folder: Any) -> None:
        self.at, self.folder = at, folder

    def where(self, name: object) -> list[str]:
        """Return the words of a command, up to where it looks."""
        settings = self.at.settings
        at = ["--bootstrap", settings.bootstrap, "--topic-prefix", settings.topic_prefix]
        return ["dlq", str(name), *at]

    async def __call__(self, *words: object) -> Done:
        told = [*self.where(words[0]), *words[1:]]
        return await asyncio.to_thread(worksteal_process, *told, cwd=self.folder)

    async def listed(self, *words: object) -> dict[str, Any]:
        """Return the letters by their origin."""
        done = await self("list", "--json", *words)
        assert (done.status, done.err) == (0, "")
        return {letter["origin"]: letter for letter in json.loads(done.out)["letters"]}

    async def refused(self, *words: object) -> str:
        """Run what must be a mistake in one sentence, and return it."""
        done = await self(*words)
        assert (done.status, done.out, done.err.count("\n")) == (2, "", 1), done
        return done.err

    async def letters(self) -> int:
        topic = self.at.settings.topic(DEAD_LETTERS.name)
        return sum(map(len, (await everything(self.at.settings, topic)).values()))

    async def records(self, topic: str, partition: int) -> list[Any]:
        return (await everything(self.at.settings, self.at.settings.topic(topic)))[partition]


def answered(dlq: Commands, answer: str, reason: str, *words: str) -> int:
    """Say `redrive --all` at a terminal, answer its question, and return its exit status."""
    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    try:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "streams.cli", *dlq.where("redrive")),
                *("--all", "--reason", reason, *words),
            ],
            cwd=dlq.folder,
            env={"PYTHONPATH": str(ROOT)},
            stdin=theirs,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        os.close(ours)
        os.close(theirs)
    assert "letters back? [y/N]" in done.stderr
    assert "0 put back, 0 left" in done.stderr
    assert done.stdout == ""
    return done.returncode


async def refuse(at: Deployment, records: list[tuple[str, int, list[bytes | None]]]) -> None:
    """Let a sequencer refuse what is wrong, and stop it."""
    service = await at.start()
    before = service.sequencer.events
    for topic, partition, values in records:
        for value in values:
            await at.producer.send_and_wait(
                at.settings.topic(topic),
                value,
                key=b"k",
                partition=partition,
                headers=[("traceparent", TRACE)],
            )
    count = sum(len(values) for _, _, values in records)
    await until(lambda: service.sequencer.events == before + count)
    await at.stop(service)


async def entries_of(at: Deployment, partition: int) -> set[str]:
    """Let a sequencer frame what is there, and return the entries that the partition's desk knows."""
    service = await at.start()
    await at.framed()
    await at.stop(service)
    desk = PartitionReplay(partition, times(), DEFAULT)
    journal = await everything(at.settings, at.settings.topic(JOURNAL.name))
    for record in journal[partition]:
        desk.take(record)
    accounts = desk.desk.accounts.values()
    return {name for account in accounts for name in account.entries}


def test_a_bad_record_is_listed_shown_corrected_and_reaches_the_desk(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        dlq = Commands(at, tmp_path)
        await refuse(at, [("orders", 0, [wrong("e1")]), ("quotes", 1, [quote(1), b"{nonsense"])])

        letters = await dlq.listed()
        assert {origin: one["reason"] for origin, one in letters.items()} == {
            "orders:0:0": "negative_number",
            "quotes:1:1": "not_json",
        }
        assert letters["orders:0:0"]["redriven"] is None
        assert list(await dlq.listed("--reason", "not_json")) == ["quotes:1:1"]
        assert list(await dlq.listed("--topic", "orders")) == ["orders:0:0"]
        assert list(await dlq.listed("--since", "2099-01-01")) == []
        assert list(await dlq.listed("--since", "0s")) == []
        assert len(await dlq.listed("--since", "1d")) == 2
        assert len(await dlq.listed("--since", "2020-01-01", "--limit", 1)) == 1
        place = letters["orders:0:0"]["place"]
        lines = (await dlq("list")).out.splitlines()
        (line,) = [line for line in lines if line.startswith(f"{place} ")]
        assert "orders:0:0  negative_number in qty: a number is negative that cannot be" in line

        shown = await dlq("show", place)
        assert shown.status == 0
        assert wrong("e1").decode() in shown.out
        assert ": -2.0" in shown.out
        assert "redrive with --with" in shown.out
        raw = await dlq("show", "--raw", place)
        assert raw.out.encode() == wrong("e1")
        nonsense = await dlq("show", letters["quotes:1:1"]["place"], "--json")
        told = json.loads(nonsense.out)
        assert told["fault"].startswith("byte 1, line 1: ")
        assert (told["text"], bytes.fromhex(told["hex"])) == ("{nonsense", b"{nonsense")

        assert "would come straight back (negative_number in qty)" in await dlq.refused(
            "redrive", place
        )
        assert len(await dlq.records("orders", 0)) == 1
        (tmp_path / "right.json").write_bytes(entry("e1") + b"\n")
        planned = await dlq("redrive", place, "--with", "right.json", "--dry-run")
        assert f"would go to orders:0  key {ACCOUNTS[0]}, corrected" in planned.out
        assert len(await dlq.records("orders", 0)) == 1
        assert (await dlq.listed())["orders:0:0"]["redriven"] is None
        done = await dlq("redrive", place, "--with", "right.json")
        assert done.status == 0
        assert done.out.startswith(f"{place} -> orders:0:1  corrected")

        back = (await dlq.records("orders", 0))[-1]
        assert (back.key, back.value) == (ACCOUNTS[0].encode(), entry("e1"))
        assert dict(back.headers) == {
            "traceparent": TRACE,
            "redriven-from": f"dead-letters:{place}".encode(),
            "redriven-original": b"orders:0:0",
        }
        assert "e1" in await entries_of(at, 0)

        again = (await dlq.listed())["orders:0:0"]
        assert again["redriven"]["to"] == "orders:0:1"
        assert again["redriven"]["corrected"] is True
        assert "nothing: it was put back" in (await dlq("show", place)).out
        assert "already, to orders:0:1" in await dlq.refused(
            "redrive", place, "--with", "right.json"
        )
        forced = await dlq("redrive", place, "--with", "right.json", "--force")
        assert forced.status == 0
        assert len(await dlq.records("orders", 0)) == 3
        behind = await dlq.records("dead-letters", int(place.partition(":")[0]))
        noted = [one for one in behind if dict(one.headers)["reason"] == b"redriven"]
        assert [one.value for one in noted] == [b"", b""]
        told = await dlq.refused("show", f"{noted[0].partition}:{noted[0].offset}")
        assert f"is the note that dead-letters:{place} was put back" in told

    play(broker, tmp_path, scenario)


def test_all_of_a_reason_go_back_in_order_each_once(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        dlq = Commands(at, tmp_path)
        # Sound events that came on the wrong topic, and one that no event is.
        strays: list[bytes | None] = [entry(f"e{n}", ACCOUNTS[n % 2]) for n in range(6)]
        await refuse(at, [("fills", 1, strays), ("fills", 0, [snapshot(1), b"[]"])])
        told = await dlq.refused("redrive", "--all", "--reason", "wrong_topic", "--reroute")
        assert "add --yes, or --dry-run" in told

        assert await asyncio.to_thread(answered, dlq, "n\n", "wrong_topic", "--reroute") == 0
        before = await dlq.letters()
        stays = await dlq("redrive", "--all", "--reason", "wrong_topic", "--yes")
        assert (stays.status, stays.out) == (1, "")
        assert stays.err.count("does not carry this event; add --reroute") == 7
        assert await dlq.letters() == before

        # Of letters that are named, all go back or none.
        places = [one["place"] for one in (await dlq.listed()).values()]
        assert len(places) == 8
        told = await dlq.refused("redrive", *places, "--reroute")
        assert "would come straight back (not_json)" in told
        assert await dlq.letters() == before

        words = ("redrive", "--all", "--reason", "wrong_topic", "--reroute", "--yes")
        done = await dlq(*words)
        assert (done.status, done.out.count(" -> ")) == (0, 7), done
        for partition in (0, 1):
            there = [record.value for record in await dlq.records("orders", partition)]
            assert there == [entry(f"e{n}", ACCOUNTS[partition]) for n in range(partition, 6, 2)]
        assert (await dlq.listed())["fills:0:0"]["redriven"]["to"].startswith("accounts:")

        again = await dlq(*words)
        assert (again.status, again.out, again.err) == (0, "", "0 put back, 0 left\n")
        assert await entries_of(at, 1) == {"e1", "e3", "e5"}
        assert {one["redriven"] is None for one in (await dlq.listed()).values()} == {True, False}

    play(broker, tmp_path, scenario)


def test_a_kill_between_the_two_writes_leaves_no_note_and_is_done_again(broker, tmp_path):
    """At least once, as the page says."""

    async def scenario(at: Deployment) -> None:
        dlq = Commands(at, tmp_path)
        await refuse(at, [("orders", 1, [wrong("e1")])])
        place = (await dlq.listed())["orders:1:0"]["place"]
        (tmp_path / "right.json").write_bytes(entry("e1", ACCOUNTS[1]))
        words = [*dlq.where("redrive"), place, "--with", "right.json"]
        code = (
            "import os, signal, sys\nfrom streams.observe.dead_letters import redrive\nimport streams.cli\n"
            "async def dies(*_): os.kill(os.getpid(), signal.SIGKILL)\n"
            "sys.modules['streams.observe.dead_letters.redrive'].write_note = dies\n"
            f"sys.argv[1:] = {words!r}\nstreams.cli.main()"
        )
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", code],
            cwd=tmp_path,
            env={"PYTHONPATH": str(ROOT)},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        assert [r.value for r in (await dlq.records("orders", 1))[1:]] == [entry("e1", ACCOUNTS[1])]
        assert (await dlq.listed())["orders:1:0"]["redriven"] is None
        again = await dlq("redrive", place, "--with", "right.json")
        assert again.status == 0
        assert (await dlq.listed())["orders:1:0"]["redriven"]["to"] == "orders:1:2"
        assert "e1" in await entries_of(at, 1)

    play(broker, tmp_path, scenario)


def test_a_record_that_was_cut_goes_back_only_whole(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        dlq = Commands(at, tmp_path)
        service = await at.start()
        packing = AIOKafkaProducer(
            **client_options(at.settings), compression_type="gzip", max_request_size=64 << 20
        )
        await packing.start()
        bomb = b"[" + b" " * (20 << 20)
        await packing.send_and_wait(at.settings.topic("orders"), bomb, partition=0)
        await packing.stop()
        await at.framed()
        await at.stop(service)

        place = (await dlq.listed())["orders:0:0"]["place"]
        assert "  7,340,032 of 20,971,521 bytes" in (await dlq("list")).out
        shown = (await dlq("show", place)).out
        assert "it lost its end: read orders:0:0 on its topic" in shown
        assert shown.endswith("… 7,274,496 bytes more; --raw writes all of them\n")
        assert len((await dlq("show", place, "--raw")).out) == 7 << 20
        assert "was cut from 20,971,521" in await dlq.refused("redrive", place, "--force")
        (tmp_path / "whole.json").write_bytes(entry("e1"))
        done = await dlq("redrive", place, "--with", "whole.json")
        assert (done.status, done.out[: len(place) + 15]) == (0, f"{place} -> orders:0:1 ")

    play(broker, tmp_path, scenario)


def test_what_is_not_there_is_one_sentence_and_force_sends_what_comes_back(broker, tmp_path):
    async def scenario(at: Deployment) -> None:
        dlq = Commands(at, tmp_path)
        await refuse(at, [("orders", 0, [wrong("e1"), b"\xff\x00" * 9])])
        letters = await dlq.listed()
        place = letters["orders:0:0"]["place"]
        for words, told in (
            (("show", "0:99"), "there is no dead letter at 0:99"),
            (("show", "7:0"), "dead-letters has no partition 7"),
            (("redrive", place, "0:99", "--force"), "there is no dead letter at 0:99"),
        ):
            assert told in await dlq.refused(*words), words
        shown = (await dlq("show", letters["orders:0:1"]["place"])).out
        assert "00000000  ff 00 ff 00" in shown
        assert "byte 0: 0xff is no UTF-8 there" in shown
        forced = await dlq("redrive", place, letters["orders:0:1"]["place"], "--force")
        assert forced.status == 0
        assert [r.key for r in (await dlq.records("orders", 0))[2:]] == [None, None]
        # They come straight back, as new letters of a new origin.
        service = await at.start()
        await until(lambda: service.sequencer.refused == 2)
        await at.stop(service)
        assert list(await dlq.listed("--reason", "negative_number"))[-1] == "orders:0:2"

        number, offset = map(int, place.split(":"))
        await at.delete_records("dead-letters", number, offset + 1)
        assert "retention has taken" in await dlq.refused("show", place)
        assert "retention has taken" in await dlq.refused("redrive", place, "--force")

    play(broker, tmp_path, scenario)
