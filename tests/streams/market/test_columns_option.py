"""`--columns` on the command line: other people's files, and mistakes in one sentence."""

from tests.paths import ROOT
from tests.streams.cli.command import STOCKS_HOURLY, document, worksteal
from tests.streams.market.files import write

MAPPING = ROOT / "examples" / "market" / "mapping.yaml"
T0_MS = 1_704_067_200_000


def candles(folder, *, low="99"):
    rows = [f"{T0_MS + 60_000 * n},100,101,{low},100.5,7,0,0,0,0,0,0" for n in range(90)]
    return write(folder, *rows, name="BTCUSDT-1m-2024-01.csv")


def test_a_foreign_file_beside_one_of_ours(tmp_path):
    own = tmp_path / "own.yaml"
    own.write_text(MAPPING.read_text(encoding="utf-8") + "files: BTC*\n", encoding="utf-8")
    words = (candles(tmp_path), STOCKS_HOURLY, "--columns", own, "--policy", "none")
    done = document(worksteal("backtest", *words, "--json", cwd=tmp_path))
    assert "BTCUSDT-1m-2024-01.csv: 90 bars of 1 min replayed as 360 quotes" in str(done)
    told = worksteal("explain", *words[:4], "--policy", "none", cwd=tmp_path)
    assert told.status == 0, told.err


def test_mistakes_are_one_sentence(tmp_path):
    path = candles(tmp_path, low="none")
    done = worksteal("backtest", path, "--columns", MAPPING, cwd=tmp_path)
    assert (done.status, done.err) == (
        2,
        (
            f"worksteal: {path} line 1, field low (column 4): 'none' is not a number; correct or "
            "remove the row.\n"
        ),
    )
    done = worksteal("backtest", path, "--columns", tmp_path / "no.yaml", cwd=tmp_path)
    assert (done.status, done.err) == (
        2,
        f"worksteal: {tmp_path}/no.yaml: the mapping cannot be read (No such file or directory); check the path.\n",
    )
