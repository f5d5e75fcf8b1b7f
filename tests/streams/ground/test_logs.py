"""The form of lines, how much is said, and that no secret is in any of them."""

import json
import logging
import sys
import warnings
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from streams.ground.logs import STARS, form_of, last_words, secrets_of, start_logging, without
from streams.ground.settings import Settings


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave logging as it was: it belongs to the whole process."""
    root, ours = logging.getLogger(), logging.getLogger("worksteal")
    before = root.handlers[:], root.level, ours.level, sys.excepthook
    yield
    root.handlers[:], root.level, ours.level, sys.excepthook = before
    ours.setLevel(before[2])
    root.setLevel(before[1])
    logging.captureWarnings(False)
    structlog.reset_defaults()


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def started(stream: StringIO | None = None, *, verbose: bool = False, **values: Any) -> StringIO:
    stream = stream or StringIO()
    start_logging(Settings(**values), verbose=verbose, stream=stream)
    return stream


def lines(stream: StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_for_people_on_a_terminal_and_json_elsewhere():
    auto = Settings()
    assert form_of(auto, Terminal()) == "console"
    assert form_of(auto, StringIO()) == "json"
    for stream in (Terminal(), StringIO()):
        for form in ("json", "console"):
            assert form_of(Settings(log_format=form), stream) == form


def test_a_line_has_the_same_fields_first_and_then_its_own():
    stream = started()
    structlog.stdlib.get_logger("worksteal.x").warning("it is so", zeal=1, account="a")
    (line,) = lines(stream)
    assert list(line) == ["time", "level", "logger", "event", "zeal", "account"]
    assert (line["level"], line["logger"], line["event"]) == ("warning", "worksteal.x", "it is so")


def test_on_a_terminal_a_line_can_be_read():
    stream = started(Terminal())
    structlog.stdlib.get_logger("worksteal.x").warning("it is so", account="demo")
    told = stream.getvalue()
    assert "it is so" in told
    assert "demo" in told
    assert not told.startswith("{")


def test_lines_of_libraries_and_warnings_go_the_same_way():
    stream = started()
    logging.getLogger("aiokafka.conn").error("no %s at %d", "broker", 9092)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("beware", stacklevel=1)
    first, second = lines(stream)
    assert (first["logger"], first["event"]) == ("aiokafka.conn", "no broker at 9092")
    assert (second["logger"], second["level"]) == ("py.warnings", "warning")
    assert "beware" in second["event"]


def test_a_line_break_does_not_make_two_lines():
    stream = started()
    logging.getLogger("faust").error("one\ntwo")
    assert len(stream.getvalue().splitlines()) == 1


@pytest.mark.parametrize(
    ("level", "verbose", "ours", "theirs"),
    [
        ("info", False, ["info", "warning"], ["warning"]),
        ("info", True, ["info", "warning"], ["info", "warning"]),
        ("debug", False, ["debug", "info", "warning"], ["warning"]),
        ("debug", True, ["debug", "info", "warning"], ["info", "warning"]),
        ("warning", True, ["warning"], ["warning"]),
        ("error", False, [], []),
    ],
)
def test_libraries_are_heard_from_warnings_on_unless_asked(level, verbose, ours, theirs):
    stream = started(log_level=level, verbose=verbose)
    for name in ("worksteal", "faust"):
        for how in ("debug", "info", "warning"):
            getattr(logging.getLogger(name), how)("x")
    said = [(line["logger"], line["level"]) for line in lines(stream)]
    assert [how for name, how in said if name == "worksteal"] == ours
    assert [how for name, how in said if name == "faust"] == theirs


SECRET = 'pass"word\\with\u00e4 signs'


@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_gets_out_in_whatever_part_of_a_line(form):
    stream = started(sasl_password=SECRET, log_format=form)
    log = structlog.stdlib.get_logger("worksteal")
    logging.getLogger("aiokafka").error("login %s", SECRET)
    logging.getLogger("aiokafka").error("login %r", {"password": SECRET.encode().decode()})
    log.error("with %s", SECRET, key=SECRET, more=[{"deep": (SECRET,)}], kind=ValueError(SECRET))
    try:
        int(SECRET)
    except ValueError:
        log.exception("it failed")
    told = stream.getvalue()
    for spelled in (SECRET, json.dumps(SECRET)[1:-1], json.dumps(SECRET, ensure_ascii=False)[1:-1]):
        assert spelled not in told
    assert told.count(STARS) >= 5
    assert "Traceback" in told


def test_every_secret_of_the_settings_is_known():
    fields = [name for name, f in Settings.model_fields.items() if "SecretStr" in str(f.annotation)]
    assert len(fields) >= 3
    told: dict[str, Any] = {name: f"secret-{name}" for name in fields}
    settings = Settings(**told)
    assert set(secrets_of(settings)) == {f"secret-{name}" for name in fields}
    assert isinstance(settings.sasl_password, SecretStr)
    assert secrets_of(Settings(sasl_password="", ssl_password=None)) == ()


def test_a_token_in_a_file_is_a_secret_too(tmp_path):
    file = tmp_path / "token"
    assert secrets_of(Settings(web_token_file=file)) == ()
    file.write_text("the-token-in-the-file\n")
    assert secrets_of(Settings(web_token_file=file)) == ("the-token-in-the-file",)
    file.write_bytes(b"\xff")
    assert secrets_of(Settings(web_token_file=file)) == ()


def test_of_a_secret_that_holds_another_nothing_is_left():
    stream = started(sasl_password="hunter", ssl_password="old hunter's way")
    logging.getLogger("aiokafka").error("it is old hunter's way")
    (line,) = lines(stream)
    assert line["event"] == f"it is {STARS}"


WORDS = st.text("abc", min_size=1, max_size=4)
VALUES = st.recursive(
    WORDS | st.integers() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(WORDS, min_size=1, max_size=3), VALUES)
def test_whatever_holds_a_secret_holds_it_no_more(secrets, value):
    ordered = sorted(secrets, key=len, reverse=True)
    event: Any = without(ordered)(None, "", {"KEY": value})

    def texts(one: Any) -> Iterator[str]:
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            for key, inner in one.items():
                yield from (*texts(key), *texts(inner))
        elif isinstance(one, list):
            for inner in one:
                yield from texts(inner)

    assert not [text for text in texts(event["KEY"]) for secret in secrets if secret in text]


def test_what_nobody_caught_is_one_line_with_its_traceback_and_no_variables():
    stream = started()

    def fails() -> None:
        local = " ".join(("a", "local", "variable"))
        raise RuntimeError(str(len(local)))

    try:
        fails()
    except RuntimeError as error:
        sys.excepthook(type(error), error, error.__traceback__)
    (line,) = lines(stream)
    assert (line["level"], line["event"]) == ("critical", "it crashed")
    assert "RuntimeError: 16" in line["exception"]
    assert "a local variable" not in line["exception"]


def test_last_words_are_a_sentence_for_people_and_an_object_for_programs(capsys):
    stream = started(log_format="json")
    last_words("data_dir: another worker uses it.")
    last_words(RuntimeError("a bug"))
    sentence, crash = lines(stream)
    assert sentence["event"] == "data_dir: another worker uses it."
    assert "RuntimeError: a bug" in crash["exception"]
    started(StringIO(), log_format="console")
    last_words("data_dir: another worker uses it.")
    assert capsys.readouterr().err == "worksteal: data_dir: another worker uses it.\n"
