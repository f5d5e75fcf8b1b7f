"""Pictures are drawn by their script, from what the example's program prints."""

import struct
import subprocess
import sys
from xml.etree import ElementTree as ET

import pytest

from docs.pictures import draw
from tests.chromium import find_chromium
from tests.paths import ROOT

DRAW = vars(draw)


def test_pictures_are_as_their_script_draws_them():
    done = subprocess.run(
        [sys.executable, "-m", "docs.pictures.draw", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_pictures_are_drawings_without_scripts_or_anything_from_elsewhere():
    for name, text in DRAW["pictures"]().items():
        root = ET.fromstring(text)
        assert root.tag.endswith("svg"), name
        assert root.find("{http://www.w3.org/2000/svg}title") is not None
        assert "<script" not in text
        assert text.count("http") == 1, "only the name of the format"


def test_bars_follow_what_was_said():
    printed = (
        "  1 s  0-4-0   Submit           BTC.1\n"
        "  1 s  0-5-0   Submit           ETH.2\n"
        " 10 s  0-9-0   StealStarted     LTCUSD needs\n"
        " 10 s  0-9-1   Cancel           ETH.2\n"
        " 11 s  0-10-0  Steal            LTC.4\n"
    )
    ended, *others = DRAW["held"](printed)
    assert ended == ("ETHUSD", "ETH.2", 1, 1, 10, 11)
    assert sorted(others) == [
        ("BTCUSD", "BTC.1", 0, 1, None, 10_000),
        ("LTCUSD", "LTC.4", 1, 11, None, 10_000),
    ]


@pytest.mark.slow
def test_the_picture_of_the_report_is_made_by_its_script(tmp_path):
    find_chromium()
    script = ROOT / "docs" / "pictures" / "shoot.py"
    subprocess.run([sys.executable, script, tmp_path], check=True, timeout=300)
    made = (tmp_path / "report.png").read_bytes()
    kept = script.with_name("report.png").read_bytes()
    for picture in (made, kept):
        assert picture.startswith(b"\x89PNG")
        assert struct.unpack(">II", picture[16:24]) == SIZE
    assert abs(len(made) - len(kept)) < len(kept) / 2, "it shows something else"
    assert len(made) > 40_000, "charts are drawn"


SIZE = (880, 960)
