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


def test_what_the_kafka_client_logs_is_not_printed_beside_a_command_s_own_words():
    program = (
        "import logging, streams.cli\nlogging.getLogger('aiokafka.client').error('unreachable')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert done.stderr == b""


@pytest.mark.parametrize("words", ["'schema', '--help'", "'--version'"])
def test_a_command_imports_only_its_own(words):
    program = f"import streams.cli\ntry: streams.cli.main([{words}])\nexcept SystemExit: pass"
    assert loaded(program).isdisjoint({"aiohttp", "aiokafka", "faust", "numpy", "plotly", "scipy"})
