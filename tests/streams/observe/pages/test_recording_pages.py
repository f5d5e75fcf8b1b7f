"""The pages of a recording say what `worksteal explain` says of the same ids, and nothing of others."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.streams.audit.days import day, write
from tests.streams.cli.command import start, worksteal
from tests.streams.cli.test_explain_command import cells
from tests.streams.observe.pages.standing import Page, ask
from topics.catalogue import JOURNAL, STEALS
from topics.codec import decode_fact
from topics.facts import EntryBlocked, StealStarted
from topics.ids import output_id


class Served(NamedTuple):
    """A recording that is being served, and where."""

    folder: Path
    url: str

    def get(self, path: str, **headers: str) -> Page:
        return ask(self.url, path, headers=headers)


@contextmanager
def serving(folder: Path, name: str = "day.recording", **environment: Any) -> Iterator[Served]:
    """Run `worksteal page`."""
    process = start("page", name, cwd=folder, **environment)
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), process.communicate(timeout=20)
        yield Served(folder, url)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("recorded")
    write(folder / "day.recording", day())
    with serving(folder) as found:
        yield found


def facts(kind: type[Any]) -> list[Any]:
    """Return the day's facts of a kind, each once."""
    bodies = {value for topic, _, value in day().outputs() if topic == STEALS.name}
    found = [fact for fact in map(decode_fact, sorted(bodies)) if isinstance(fact, kind)]
    return sorted(found, key=lambda fact: output_id(fact.id))


def explained(folder: Path, fact_id: str) -> str:
    done = worksteal("explain", "day.recording", "--id", fact_id, cwd=folder)
    assert (done.status, done.err) == (0, "")
    return done.out


def decision(page: Served, fact_id: str) -> dict[str, Any]:
    """Find an id as the page does, and return its decision."""
    place = page.get(f"/recording/find?id={fact_id}").body
    step = page.get(f"/recording/{place['partition']}/{place['step']}").body
    found: dict[str, Any]
    (found,) = [one for one in step["decisions"] if fact_id in one["ids"]]
    return found


def checked() -> list[str]:
    """Return the ids of every steal, and of a refusal for each reason that something was weighed for."""
    weighed = [fact for fact in facts(EntryBlocked) if fact.reason != "awaiting_reconciliation"]
    reasons = {fact.reason: fact.id for fact in reversed(weighed)}
    return [fact.id for fact in facts(StealStarted)] + sorted(reasons.values())


def test_the_day_has_several_steals_and_refusals():
    assert len(facts(StealStarted)) > 3
    assert len(checked()) - len(facts(StealStarted)) >= 2


@pytest.mark.parametrize("fact_id", checked())
def test_candidates_and_ladder_are_those_of_explain(page, fact_id):
    told = decision(page, fact_id)
    text = explained(page.folder, fact_id)
    lines = text.splitlines()
    assert lines[:2] == [told["headline"], told["summary"]]
    rows = cells(text)
    assert [row for row in rows if len(row) == 3] == told["ladder"]
    assert [row for row in rows if len(row) == 7] == told["candidates"]
    if told["candidates"]:
        assert told["candidates_title"] in text


def test_what_no_choice_was_made_for_is_told_so_by_both(page):
    fact = next(one for one in facts(EntryBlocked) if one.reason == "awaiting_reconciliation")
    place = page.get(f"/recording/find?id={fact.id}").body
    step = page.get(f"/recording/{place['partition']}/{place['step']}").body
    assert fact.id in [one["id"] for one in step["said"]]
    assert not any(fact.id in one["ids"] for one in step["decisions"])
    assert "alone" in explained(page.folder, fact.id)


def test_a_steals_victims_are_marked_and_are_those_of_its_fact(page):
    for fact in facts(StealStarted):
        told = decision(page, fact.id)
        victims = [row[1].split()[0] for row in told["candidates"] if row[-1].startswith("victim")]
        assert victims == [victim.order for victim in fact.victims]
        assert (told["outcome"], told["entry"], told["account"]) == (
            "steal",
            fact.entry,
            fact.account,
        )


def test_what_was_said_is_what_was_published(page):
    published: dict[str, Any] = {}
    for _, _, value in day().outputs():
        told = json.loads(value)
        published[told["id"]] = told
    said: dict[str, Any] = {}
    for part in page.get("/recording").body["partitions"]:
        assert part["frames"] == len(day().topics[JOURNAL.name][part["partition"]])
        for step in range(part["frames"]):
            for one in page.get(f"/recording/{part['partition']}/{step}").body["said"]:
                said[one["id"]] = one
    assert said.keys() == published.keys()
    for name, one in published.items():
        assert {key: said[name][key] for key in one} == one


def test_steals_lead_to_each_other(page):
    for part in page.get("/recording").body["partitions"]:
        places: list[int] = []
        at = part["first_steal"]
        while at is not None:
            step = page.get(f"/recording/{part['partition']}/{at}").body
            assert step["previous_steal"] == (places[-1] if places else None)
            places.append(at)
            assert step["steals_before"] == len(places)
            at = step["next_steal"]
        assert len(places) == part["steal_frames"] > 0


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/recording/0/99999", 404, "no_frame"),
        ("/recording/7/0", 404, "no_frame"),
        ("/recording/0/-1", 404, "no_page"),
        ("/recording/0/x", 404, "no_page"),
        ("/recording/find", 400, "no_id"),
        ("/recording/find?id=1-2", 400, "no_id"),
        ("/recording/find?id=0-0-999", 404, "unknown_id"),
        ("/recording/find?id=9-0-0", 404, "unknown_id"),
        ("/recording/find?id=0-999999-0", 404, "unknown_id"),
        ("/page/recording.html", 404, "no_page"),
        ("/page/..%2Fguard.py", 404, "no_page"),
        ("/accounts", 404, "no_page"),
    ],
)
def test_what_is_not_there_is_told_in_a_sentence(page, path, status, reason):
    found = page.get(path)
    assert (found.status, found.body["reason"]) == (status, reason)
    assert found.body["error"].endswith(".")


def test_the_server_is_guarded_as_a_workers_is(page):
    found = page.get("/recording", Host="evil.org")
    assert (found.status, found.body["reason"]) == (421, "wrong_host")
    assert ask(page.url, "/recording", "POST").status == 405
    policy = page.get("/recording").headers["Content-Security-Policy"]
    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def test_a_token_is_asked_for_here_too(tmp_path):
    write(tmp_path / "day.recording", day())
    token = "0123456789abcdef0123"
    with serving(tmp_path, WORKSTEAL_WEB_TOKEN=token) as found:
        assert found.get("/recording").status == 401
        assert found.get("/recording", Authorization=f"Bearer {token}").status == 200


def test_a_recording_that_was_cut_short_is_shown_as_far_as_it_goes(tmp_path):
    write(tmp_path / "day.recording", day())
    whole = (tmp_path / "day.recording").read_bytes()
    (tmp_path / "day.recording").write_bytes(whole[:-40])
    with serving(tmp_path) as found:
        told = found.get("/recording").body
        assert any("cut short" in note for note in told["notes"])
        assert found.get("/recording/0/3").status == 200


@pytest.mark.parametrize(
    ("make", "words", "told"),
    [
        (None, (), "it cannot be read"),
        (b"time,symbol\n", (), "this is no recording"),
        (b"day", ("--port", "70000"), "65535"),
        (b"worksteal recording 99\n", (), "a recording of format 99"),
    ],
)
def test_a_mistake_ends_in_a_sentence(tmp_path, make, words, told):
    if make is not None:
        (tmp_path / "day.recording").write_bytes(make)
    done = worksteal("page", "day.recording", *words, cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert told in done.err


def test_a_port_that_is_taken_is_told_with_its_option(page):
    port = page.url.rpartition(":")[2]
    done = worksteal("page", "day.recording", "--port", port, cwd=page.folder)
    assert (done.status, done.out) == (2, "")
    assert f"127.0.0.1:{port} is taken" in done.err
    assert "set --port to a free port" in done.err


def test_a_recording_without_its_beginning_is_refused(tmp_path):
    write(tmp_path / "day.recording", day(), missing=(JOURNAL.name, 0, 0))
    done = worksteal("page", "day.recording", cwd=tmp_path)
    assert done.status == 2
    assert "journal:0 lacks offsets 0 to 0" in done.err
    assert "record the journal from its beginning" in " ".join(done.err.split())


# ---- explain ----


def test_explain_lists_the_ids_of_a_recording(page):
    done = worksteal("explain", "day.recording", cwd=page.folder)
    rows = cells(done.out)
    assert [row[0] for row in rows if row[2] == "steal"] == [one.id for one in facts(StealStarted)][
        :20
    ]
    assert f"of {len(facts(StealStarted))} steals" in done.out


def test_explain_says_where_an_answer_comes_from(page):
    """A steal's name is its account's, so others of the same name must not be meant."""
    said = [json.loads(value) for _, _, value in day().outputs()]
    thieves = {(one["account"], one["steal"], one["id"]) for one in said if one["type"] == "steal"}
    assert thieves
    for account, steal, name in sorted(thieves):
        part = name.partition("-")[0]
        mine = [one for one in facts(StealStarted) if (one.account, one.steal) == (account, steal)]
        (begun,) = [one.id for one in mine if one.id.startswith(f"{part}-")]
        assert f"alone; its steal was decided with --id {begun}." in explained(page.folder, name)


def test_explain_of_a_recording_takes_no_option_of_a_backtest(page):
    for words in (("--policy", "none"), ("--capital", "5000"), ("--set", "cooldown_s=1")):
        done = worksteal("explain", "day.recording", *words, cwd=page.folder)
        assert done.status == 2
        assert "say --backtest" in done.err
    done = worksteal("explain", "day.recording", "--id", "0-0-77", cwd=page.folder)
    assert done.status == 2
    assert "said nothing with this id" in done.err
    done = worksteal("explain", "day.recording", "--backtest", cwd=page.folder)
    assert done.status == 0
    assert "steals and" in done.out
