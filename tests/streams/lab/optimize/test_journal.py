"""The journal: a kill loses what was under way, and nothing else is ever believed."""

import pytest

from streams.lab.errors import OptimizeError
from streams.lab.optimize import Journal
from tests.streams.lab.optimize.test_search import outcome

ASKED = {"worksteal_optimize": 1, "seed": 1, "ranges": {"protection": [0.001, 0.01]}}


def journal(path, keys="ab"):
    with Journal(path, ASKED) as made:
        for key in keys:
            made.add(key, outcome(ord(key) / 7))
    return path.read_bytes()


def test_what_was_added_is_known_again(tmp_path):
    path = tmp_path / "state.jsonl"
    journal(path)
    with Journal(path, ASKED) as again:
        assert again.known == {"a": outcome(97 / 7), "b": outcome(98 / 7)}
        assert again.resumed == 2


def test_a_file_cut_anywhere_goes_on(tmp_path):
    path = tmp_path / "state.jsonl"
    whole = journal(path)
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        complete = max(0, whole[:length].count(b"\n") - 1)
        with Journal(path, ASKED) as cut:
            assert list(cut.known) == ["a", "b"][:complete]
            for key in "ab"[complete:]:
                cut.add(key, outcome(ord(key) / 7))
        assert path.read_bytes() == whole


@pytest.mark.parametrize("change", [{"seed": 2}, {"ranges": {"protection": [0.001, 0.02]}}])
def test_another_search_is_refused(tmp_path, change):
    path = tmp_path / "state.jsonl"
    before = journal(path)
    (name,) = change
    with pytest.raises(OptimizeError, match=f"other {name}"):
        Journal(path, {**ASKED, **change})
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"time,symbol\n1,2\n", b"{}\n", b"notes", b"\xff\n"])
def test_a_file_that_is_something_else_is_left_alone(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(OptimizeError, match="no journal of a search"):
        Journal(path, ASKED)
    assert path.read_bytes() == content


def test_a_damaged_line_is_told(tmp_path):
    path = tmp_path / "state.jsonl"
    lines = journal(path).splitlines(keepends=True)
    path.write_bytes(lines[0] + b'{"key": 1}\n' + lines[2])
    with pytest.raises(OptimizeError, match="line 2 is damaged"):
        Journal(path, ASKED)


def test_two_searches_do_not_share_a_journal(tmp_path):
    path = tmp_path / "state.jsonl"
    with Journal(path, ASKED), pytest.raises(OptimizeError, match="another search"):
        Journal(path, ASKED)
    Journal(path, ASKED).__exit__()


def test_a_folder_is_told(tmp_path):
    with pytest.raises(OptimizeError, match="cannot be written"):
        Journal(tmp_path, ASKED)
