"""No field changes under a version: the lock, and `worksteal schema` that keeps it.

If the first test fails, do not touch the lock: old records and subscribers go by it.  Either undo the
change, or give the message a new version and keep reading this one.
"""

import json
import shutil
from typing import Any, Literal

import msgspec
import pytest

from streams.schema import FOLDER, stale
from streams.schema.lock import Lock, faults, merged, parsed, text_of
from streams.schema.messages import MESSAGES, schemas
from tests.paths import ROOT
from tests.streams.cli.command import worksteal
from topics.events import EntryWithdrawn, Event
from topics.facts import Fact, StealLost

HERE = ROOT / FOLDER
LOCK = parsed((HERE / "versions.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(MESSAGES))
def test_a_field_changes_only_with_the_version_of_its_message(name):
    assert faults({name: LOCK[name]}, schemas([MESSAGES[name]])) == []


def test_the_files_in_the_repository_are_as_the_code_has_them():
    assert stale(HERE) == []


# ---- what the lock calls a change ----


def changed(kind: type[msgspec.Struct], base: type[msgspec.Struct], **fields: Any) -> list[str]:
    """Return the faults when a message has these fields instead; None takes one away."""
    now: dict[str, Any] = {
        field.encode_name: (field.name, field.type)
        if field.required
        else (field.name, field.type, field.default)
        for field in msgspec.structs.fields(kind)
        if field.name not in base.__struct_fields__
    }
    now |= {name: value if value is None else (name, *value) for name, value in fields.items()}
    tag = str(kind.__struct_config__.tag)
    given = [value for value in now.values() if value is not None]
    made = msgspec.defstruct(
        kind.__name__,
        given,
        bases=(base,),
        tag=tag,
        frozen=True,
        kw_only=True,
        namespace={"__doc__": "Words may change."},
    )
    return faults({tag: LOCK[tag]}, schemas([made]))


def test_words_may_change():
    assert changed(StealLost, Fact) == []


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"reason": None}, "field `reason` is gone"),
        ({"reason": (int,)}, "field `reason` was"),
        ({"reason": (Literal["rejected"],)}, "field `reason` was"),
        ({"steal": (str,)}, "field `steal` was"),
        ({"more": (int,)}, "field `more` is new"),
        ({"more": (int, 0)}, "field `more` is new"),
    ],
)
def test_a_change_of_a_fact_is_told_by_message_and_field(fields, told):
    (fault,) = changed(StealLost, Fact, **fields)
    assert "message `steal.lost` version 1, " in fault
    assert told in fault


def test_a_field_of_an_event_may_come_if_it_may_be_left_out():
    assert changed(EntryWithdrawn, Event, why=(str, "")) == []
    (fault,) = changed(EntryWithdrawn, Event, why=(str,))
    assert "message `entry.withdrawn` version 1, field `why` is new" in fault


def test_a_new_version_is_free_to_change_and_keeps_the_old_one():
    version = (Literal[1, 2], 2)
    assert changed(StealLost, Fact, v=version, reason=None, more=(int,)) == []
    made = msgspec.defstruct(
        "StealLost",
        [("v", *version)],
        bases=(Fact,),
        tag="steal.lost",
        kw_only=True,
        namespace={"__doc__": "The second version."},
    )
    after = merged({"steal.lost": LOCK["steal.lost"]}, schemas([made]))
    assert after["steal.lost"]["1"] == LOCK["steal.lost"]["1"]
    assert "reason" not in after["steal.lost"]["2"]
    assert parsed(text_of(after)) == after


def test_a_version_does_not_go_back_and_a_message_does_not_go():
    lock: Lock = {"fill": {"1": {}, "2": {}}, "steal.undone": {"1": {}}}
    first, second = faults(lock, schemas())
    assert first == "message `fill` has version 1, and had 2: go on from there."
    assert second.startswith("message `steal.undone` is gone")


def test_a_field_of_a_part_is_a_field():
    lock: Lock = json.loads(json.dumps({"steal.started": LOCK["steal.started"]}))
    lock["steal.started"]["1"]["victims.pnl"]["maximum"] = 7
    (fault,) = faults(lock, schemas())
    assert "field `victims.pnl` was" in fault


# ---- the command ----


def test_check_is_content_with_the_repository():
    done = worksteal("schema", "--check", cwd=ROOT)
    assert (done.status, done.err) == (0, "")


def test_the_command_writes_what_the_repository_has(tmp_path):
    assert worksteal("schema", "--out", "fresh", cwd=tmp_path).status == 0
    written = sorted(path.relative_to(tmp_path / "fresh") for path in tmp_path.rglob("*.json"))
    assert len(written) == len(MESSAGES) + 2
    for path in written:
        assert (tmp_path / "fresh" / path).read_bytes() == (HERE / path).read_bytes()


def test_check_names_what_is_stale_and_writing_mends_it(tmp_path):
    shutil.copytree(HERE, tmp_path / "schema")
    (tmp_path / "schema" / "asyncapi.json").write_text("{}", encoding="utf-8")
    (tmp_path / "schema" / "messages" / "fill.json").unlink()
    (tmp_path / "schema" / "messages" / "trade.json").write_text("{}", encoding="utf-8")
    done = worksteal("schema", "--check", "--out", "schema", cwd=tmp_path)
    assert done.status == 1
    named = [line.split()[1] for line in done.err.splitlines()]
    assert named == [
        "schema/asyncapi.json",
        "schema/messages/fill.json",
        "schema/messages/trade.json",
    ]
    assert worksteal("schema", "--out", "schema", cwd=tmp_path).status == 0
    assert worksteal("schema", "--check", "--out", "schema", cwd=tmp_path).status == 0
    assert not (tmp_path / "schema" / "messages" / "trade.json").exists()


@pytest.mark.parametrize(("words", "status"), [(("--check",), 1), ((), 2)])
def test_a_field_that_changed_under_its_version_is_refused(tmp_path, words, status):
    (tmp_path / "docs").mkdir()
    shutil.copytree(HERE, tmp_path / FOLDER)
    lock = tmp_path / FOLDER / "versions.json"
    lock.write_text(lock.read_text(encoding="utf-8").replace('"reason"', '"cause_of_it"', 1))
    before = lock.read_bytes()
    done = worksteal("schema", *words, cwd=tmp_path)
    assert done.status == status
    assert "message `account.halted` version 1, field `cause_of_it` is gone" in done.err
    assert lock.read_bytes() == before


@pytest.mark.parametrize("text", ["no json", "[]", '{"fill": {}}', '{"fill": {"one": {}}}'])
def test_a_lock_that_is_none_is_a_mistake(tmp_path, text):
    (tmp_path / "versions.json").write_text(text, encoding="utf-8")
    done = worksteal("schema", "--out", ".", cwd=tmp_path)
    assert done.status == 2
    assert done.err.count("\n") == 1
    assert "from the repository again" in done.err


def test_a_folder_that_cannot_be_written_is_a_mistake(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for words in (("--out", "file"), ("--out", "file/deeper")):
        done = worksteal("schema", *words, cwd=tmp_path)
        assert done.status == 2
        assert done.err.startswith("worksteal: file")
        assert done.err.count("\n") == 1
