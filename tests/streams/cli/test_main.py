"""The command line as a function: given words instead of the process's own, and how it ends."""

import pytest

from streams.cli import main


@pytest.mark.parametrize(
    ("words", "status", "out", "err"),
    [
        (["policy", "show"], 0, "protection", ""),
        (["policy", "list"], 2, "", "No such command 'list'"),
        (["policy", "show", "/no/such.yaml"], 2, "", "/no/such.yaml"),
        ([], 2, "", "Usage"),
        (["--version"], 0, "worksteal 0.1.0 (Python 3.", ""),
        (["-h"], 0, "backtest", ""),
        (["dlq", "-h"], 0, "redrive", ""),
        (["dlq", "show", "-h"], 0, "--raw", ""),
    ],
)
def test_words_may_be_handed_in(
    words: list[str], status: int, out: str, err: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    said = capsys.readouterr()
    assert end.value.code == status
    assert out in said.out
    assert err in said.err + said.out
