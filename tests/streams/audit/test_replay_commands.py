"""`worksteal replay` and `worksteal verify` on recordings: what they print, and how they end."""

from pathlib import Path

import msgspec
import pytest

from tests.streams.audit.days import Day, Timed, day, write
from tests.streams.audit.test_recording import begun
from tests.streams.cli.command import Done, document, worksteal, worksteal_process
from topics.codec import decode_command


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    write(tmp_path / "day.recording", day())
    return tmp_path


def tampered(folder: Path, topic: str, timed: list[Timed]) -> None:
    made = Day({name: dict(partitions) for name, partitions in day().topics.items()})
    made.topics[topic][0] = timed
    write(folder / "tampered", made)


def sentence(done: Done) -> str:
    """Check that a command ended in a user's mistake, told in one sentence."""
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("worksteal: ")
    assert done.err.count("\n") == 1
    return done.err


def test_a_replay_prints_the_same_under_any_hash_seed(recorded):
    runs = [
        worksteal_process("replay", "day.recording", cwd=recorded, PYTHONHASHSEED=seed)
        for seed in ("0", "1")
    ]
    assert runs[0].status == 0
    assert runs[0].out == runs[1].out
    assert not runs[0].err
    read = document(worksteal("replay", "day.recording", "--json", cwd=recorded))
    assert f"all: digest {read['digest']} state {read['state_digest']}" in runs[0].out
    assert {n: one["state_digest"] for n, one in read["partitions"].items()} == {
        str(n): state for n, state in day().states.items()
    }
    assert (read["what_if"], read["comparable"], read["policy"]) == (False, True, None)
    assert read["frames"] == sum(one["frames"] for one in read["partitions"].values())
    assert read["steals_started"] > 0


def test_a_what_if_says_that_it_cannot_be_compared(recorded):
    shown = worksteal("replay", "day.recording", "--policy", "none", cwd=recorded)
    assert shown.status == 0
    assert "policy none: a what-if, not comparable" in shown.out
    words = ("--set", "max_victims=1", "--json")
    read = document(worksteal("replay", "day.recording", *words, cwd=recorded))
    assert (read["what_if"], read["comparable"], read["policy"]) == (True, False, "default")


def test_verify_says_identical_with_the_counts(recorded):
    done = worksteal("verify", "day.recording", cwd=recorded)
    assert (done.status, done.err) == (0, "")
    read = document(worksteal("verify", "day.recording", "--json", cwd=recorded))
    counts = f"{read['commands']} commands, {read['facts']} facts, {read['repeats']} repeats"
    assert done.out.splitlines() == [
        f"identical: {counts}, from {read['frames']} frames of 2 partitions",
        f"digest {read['digest']} state {read['state_digest']}",
    ]
    assert (read["result"], read["comparable"], read["difference"]) == ("identical", True, None)
    assert read["commands"] > 5
    assert read["repeats"] > 0


def test_verify_shows_the_first_difference_with_both_sides_and_the_account(recorded):
    timed = list(dict.fromkeys(day().topics["execution"][0]))
    ts_ms, value = timed[2]
    spoiled = value.replace(b'"v":1', b'"v":2')
    tampered(recorded, "execution", [*timed[:2], (ts_ms, spoiled), *timed[3:]])
    command = decode_command(value)
    done = worksteal("verify", "tampered", cwd=recorded)
    assert (done.status, done.err) == (1, "")
    assert done.out.startswith("different: ")
    assert f"altered 1: {command.id}" in done.out
    assert f"first difference: {command.id}, altered: " in done.out
    assert f"expected  execution  {value.decode()}" in done.out
    assert f"found     execution:0:2  {spoiled.decode()}" in done.out
    assert f"account   {command.account} after the frame journal:0:" in done.out
    assert '"cash_micros": ' in done.out
    shown = worksteal("verify", "tampered", "--json", cwd=recorded)
    assert shown.status == 1
    read = msgspec.json.decode(shown.out)
    assert (read["result"], read["altered"], read["lost"]) == ("different", 1, 0)
    difference = read["difference"]
    assert difference["expected"] == value.decode()
    assert difference["found"] == [{"place": "execution:0:2", "value": spoiled.decode()}]
    assert difference["account"]["id"] == command.account


def test_a_lost_end_is_a_difference_unless_it_may_be_pending(recorded):
    timed = list(dict.fromkeys(day().topics["execution"][0]))
    tampered(recorded, "execution", timed[:-1])
    assert worksteal("verify", "tampered", cwd=recorded).status == 1
    done = worksteal("verify", "tampered", "--allow-pending", cwd=recorded)
    assert done.status == 0
    assert done.out.startswith("identical: ")
    assert f"pending 1: {decode_command(timed[-1][1]).id}\n" in done.out


def test_gaps_are_an_error_unless_allowed_and_then_told(recorded):
    write(recorded / "gap", day(), missing=("journal", 0, 30))
    told = sentence(worksteal("verify", "gap", cwd=recorded))
    assert "gap: journal:0 lacks offsets 30 to 30, and nothing after it can be compared" in told
    shown = worksteal("replay", "gap", "--allow-gaps", cwd=recorded)
    assert (shown.status, shown.err) == (0, "")
    assert "not comparable: offsets are missing: journal:0 lacks offsets 30 to 30" in shown.out
    read = document(worksteal("verify", "gap", "--allow-gaps", "--json", cwd=recorded))
    assert read["result"] == "identical as far as it can be compared"
    assert not read["comparable"]
    assert read["gaps"] == [{"topic": "journal", "partition": 0, "first": 30, "end": 31}]
    assert read["uncompared"] > 0
    valid = worksteal("verify", "gap", "--allow-gaps", "--validate-only", cwd=recorded)
    assert valid.out.startswith("valid but for 1 gaps: ")


def test_validating_tells_what_is_there(recorded):
    done = worksteal("verify", "day.recording", "--validate-only", cwd=recorded)
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("valid: ")
    read = document(worksteal("verify", "day.recording", "--validate-only", "--json", cwd=recorded))
    assert read["result"] == "valid"
    assert read["frames"] == sum(len(timed) for timed in day().topics["journal"].values())
    assert read["commands"] + read["facts"] == len(day().outputs())


def test_an_empty_recording_is_valid_and_proves_nothing(recorded):
    begun(recorded / "empty").close()
    done = worksteal("verify", "empty", "--validate-only", cwd=recorded)
    assert (done.status, done.out.startswith("valid: 0 frames")) == (0, True)


def test_a_file_that_cannot_be_used_is_told_in_a_sentence(recorded):
    whole = (recorded / "day.recording").read_bytes()
    flipped = bytearray(whole)
    flipped[whole.index(b"x\x01") + 30] ^= 4  # in the journal, which all commands read
    files = {
        "cut": (whole[: len(whole) // 2], "the recording was cut short at byte "),
        "flipped": (bytes(flipped), "the recording is damaged in the block at byte "),
        "newer": (
            whole.replace(b"recording 1", b"recording 9", 1),
            "this is a recording of format 9",
        ),
        "market.csv": (b"time,symbol\n", "this is no recording of worksteal"),
    }
    for name, (content, told) in files.items():
        (recorded / name).write_bytes(content)
        assert f"{name}: {told}" in sentence(worksteal("verify", name, cwd=recorded))
    for command in (("replay",), ("verify", "--validate-only")):
        assert "flipped: " in sentence(worksteal(*command, "flipped", cwd=recorded))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("replay", "name a recording or say --broker, one of the two"),
        ("verify day.recording --broker", "name a recording or say --broker, one of the two"),
        ("replay day.recording --bootstrap 127.0.0.1:1", "--bootstrap goes with --broker"),
        ("verify nowhere", "nowhere: it cannot be read (No such file"),
        ("replay .", ".: it cannot be read (Is a directory)"),
        ("replay empty", "empty: the journal is empty, there is nothing to replay"),
        ("verify empty", "empty: the journal is empty, there is nothing to replay"),
        ("replay day.recording --policy defualt", "'defualt' is no policy file and no preset"),
        ("replay day.recording --set protection=7", "protection: "),
        ("verify --broker --bootstrap 127.0.0.1:1", "no Kafka broker answers at 127.0.0.1:1"),
        ("record day.recording", "day.recording: there is such a file already"),
        ("record no/where", "no/where: there is no folder no; create it first"),
        ("record new --bootstrap 127.0.0.1:1", "no Kafka broker answers at 127.0.0.1:1"),
    ],
)
def test_mistakes_are_one_sentence(words, told, recorded):
    begun(recorded / "empty").close()
    assert told in sentence(worksteal(*words.split(), cwd=recorded))
    assert not (recorded / "new").exists()
