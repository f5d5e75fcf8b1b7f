"""What is typed wrong at `worksteal dlq` is said before a broker is asked for."""

import pytest

from streams.cli import app
from streams.ground.mistakes import Mistake

NOBODY = ("--bootstrap", "127.0.0.1:1")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "0"), "0 is no place of a dead letter"),
        (("show", "0:1", "--raw", "--json"), "exclude each other"),
        (("list", "--reason", "not_jsn"), "did you mean not_json?"),
        (("list", "--topic", "journal"), "there are orders, fills"),
        (("list", "--since", "yesterday"), "--since yesterday: write a date"),
        (("redrive",), "name the letters by PLACE, or say --all"),
        (("redrive", "0:1", "--all"), "one of the two"),
        (("redrive", "0"), "0 is no place of a dead letter"),
        (("redrive", "0:1", "--reason", "bad_id"), "go with --all; a PLACE says enough"),
        (("redrive", "0:1", "--topic", "orders"), "go with --all; a PLACE says enough"),
        (("redrive", "0:1", "--since", "1d"), "go with --all; a PLACE says enough"),
        (("redrive", "--all"), "--all needs --reason"),
        (("redrive", "--all", "--topic", "orders"), "--all needs --reason"),
        (("redrive", "--all", "--reason", "nonsense"), "there is no such thing"),
        (("redrive", "0:1", "--with", "none.json"), "it cannot be read"),
        (("redrive", "0:1", "0:2", "--with", "x"), "--with corrects one record"),
        (("redrive", "--all", "--reason", "bad_id", "--with", "x"), "--with corrects one record"),
        (("list",), "no Kafka broker answers at 127.0.0.1:1"),
    ],
)
def test_mistake(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Mistake) as raised:
        app(["dlq", words[0], *NOBODY, *words[1:]], standalone_mode=False)
    sentence = str(raised.value)
    assert told in sentence
    assert "\n" not in sentence
    assert sentence[-1] in ".?"
