"""What a command waits for before it begins: the modules that it needs, and no others."""

import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "aiokafka", "faust", "numpy", "plotly", "pydantic", "rich", "scipy", "yaml")


def loaded(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return set(done.stdout.split())


def test_the_command_line_by_itself_imports_no_library_but_its_parser():
    assert loaded("import streams.cli").isdisjoint(HEAVY)


def test_it_takes_less_than_a_third_of_a_second():
    program = "import time\nimport streams.cli\nprint(time.process_time())"
    took_s = min(
        float(
            subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout
        )
        for _ in range(3)
    )
    assert took_s <= 0.3


@pytest.mark.parametrize("words", ["'schema', '--help'", "'--version'"])
def test_a_command_imports_only_its_own(words):
    program = f"import streams.cli\ntry: streams.cli.main([{words}])\nexcept SystemExit: pass"
    assert loaded(program).isdisjoint({"aiohttp", "aiokafka", "faust", "numpy", "plotly", "scipy"})
