"""Settings: the command line over the environment over a file over defaults, and every mistake."""

from pathlib import Path

import pytest

from streams.ground.settings import Settings, SettingsError, load_settings, load_with_sources
from tests.streams.ground.settings.environment import silence

__all__ = ["silence"]

pytestmark = pytest.mark.usefixtures("silence")

SECRET = "hunter2-and-more"


def write(text: str, name: str = "worksteal.yaml") -> Path:
    path = Path(name)
    path.write_text(text, encoding="utf-8")
    return path


def test_each_source_stands_over_the_one_below(monkeypatch):
    assert load_settings() == Settings()
    write("group: of-file\nweb_port: 1\nstall_ms: 11\n")
    monkeypatch.setenv("WORKSTEAL_WEB_PORT", "2")
    monkeypatch.setenv("WORKSTEAL_STALL_MS", "22")
    loaded = load_with_sources(None, {"stall_ms": 33, "group": None})
    found = loaded.settings
    assert (found.group, found.web_port, found.stall_ms) == ("of-file", 2, 33)
    assert found.checkpoint_ms == Settings().checkpoint_ms
    names = ("group", "web_port", "stall_ms", "checkpoint_ms")
    assert [loaded.sources[name] for name in names] == [
        "worksteal.yaml",
        "WORKSTEAL_WEB_PORT",
        "command line",
        "default",
    ]
    assert loaded.sources.keys() == Settings.model_fields.keys()


def test_the_file_is_the_one_named_closest(monkeypatch):
    write("group: usual\n")
    named = write("group: named\n", "named.yaml")
    other = write("group: other\n", "other.yaml")
    assert load_settings().group == "usual"
    monkeypatch.setenv("WORKSTEAL_CONFIG", str(other))
    assert load_settings().group == "other"
    assert load_settings(named).group == "named"
    monkeypatch.setenv("WORKSTEAL_CONFIG", "")
    assert load_settings().group == "usual"


def test_an_empty_file_says_nothing():
    write("# nothing yet\n")
    assert load_settings() == Settings()


FILES = [
    ("grop: a", "worksteal.yaml: grop is no setting; did you mean group?"),
    ("qqqq: a", "worksteal.yaml: qqqq is no setting; `worksteal config show` lists them."),
    ("web_port: 70000", "worksteal.yaml: web_port: input should be less than or equal to 65535."),
    ("insecure: perhaps", "worksteal.yaml: insecure: input should be a valid boolean"),
    ("bootstrap: 9092", "worksteal.yaml: bootstrap: input should be a valid string."),
    ("topic_prefix: a b", "worksteal.yaml: topic_prefix: string should match pattern"),
    ("security_protocol: TLS", "worksteal.yaml: security_protocol: input should be 'PLAINTEXT'"),
    ("- group", "worksteal.yaml: a settings file has one `setting: value` a line."),
    ("1: 2", "worksteal.yaml: a settings file has one `setting: value` a line."),
    ("group: [", "worksteal.yaml: this is no YAML"),
    ("group: " + "[" * 5000, "worksteal.yaml: this is no YAML"),
    ("calendar_years: 2020-13-45", "worksteal.yaml: this is no YAML"),
    ("calendar_years: 2020-12-24", "worksteal.yaml: calendar_years: write it as 2018-2019."),
]


@pytest.mark.parametrize(("text", "told"), FILES, ids=[text[:30] for text, _ in FILES])
def test_mistake_in_the_file_is_one_sentence(text, told):
    write(text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).startswith(told)
    assert str(raised.value).endswith((".", "?"))


def test_files_that_are_none():
    with pytest.raises(
        SettingsError, match=r"^none.yaml: there is no such settings file; check the path\.$"
    ):
        load_settings(Path("none.yaml"))
    Path("folder").mkdir()
    with pytest.raises(SettingsError, match=r"^folder: the settings cannot be read "):
        load_settings(Path("folder"))
    Path("bytes.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match=r"^bytes.yaml: this is no YAML"):
        load_settings(Path("bytes.yaml"))


VARIABLES = [
    ("WORKSTEAL_GROP", "a", "the environment has WORKSTEAL_GROP, which is no setting; did you"),
    ("worksteal_grop", "a", "the environment has worksteal_grop, which is no setting; did you"),
    ("WORKSTEAL_WEB_PORT", "many", "WORKSTEAL_WEB_PORT: input should be a valid integer"),
    ("WORKSTEAL_BOOTSTRAP", "kafka", "WORKSTEAL_BOOTSTRAP: write it as HOST:PORT"),
    ("WORKSTEAL_CALENDAR_YEARS", "[2018", "WORKSTEAL_CALENDAR_YEARS: write it as 2018-2019."),
    ("WORKSTEAL_CALENDAR_YEARS", "soon", "WORKSTEAL_CALENDAR_YEARS: write it as 2018-2019."),
]


@pytest.mark.parametrize(("name", "value", "told"), VARIABLES)
def test_mistake_in_the_environment_is_one_sentence(name, value, told, monkeypatch):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value).startswith(told)


def test_mistake_on_the_command_line_names_the_option():
    with pytest.raises(SettingsError, match=r"^--topic-prefix: string should match pattern"):
        load_settings(None, {"topic_prefix": "a b"})


def test_the_vectors_of_the_tests_are_no_setting_and_no_mistake(monkeypatch):
    monkeypatch.setenv("WORKSTEAL_VECTORS", "somewhere")
    assert load_settings() == Settings()


@pytest.mark.parametrize("text", ["2018-2019", "2018,2019", " 2018 - 2019 ", "[2018, 2019]"])
def test_years_are_written_as_comes_to_hand(text, monkeypatch):
    monkeypatch.setenv("WORKSTEAL_CALENDAR_YEARS", text)
    assert load_settings().calendar_years == (2018, 2019)
    monkeypatch.delenv("WORKSTEAL_CALENDAR_YEARS")
    write(f"calendar_years: {text}\n")
    assert load_settings().calendar_years == (2018, 2019)


@pytest.mark.parametrize(
    ("value", "years"), [("2018", (2018, 2018)), ("", None), ("1990-2090", (1990, 2090))]
)
def test_one_year_no_year_and_all_years(value, years, monkeypatch):
    monkeypatch.setenv("WORKSTEAL_CALENDAR_YEARS", value)
    assert load_settings().calendar_years == years
    monkeypatch.delenv("WORKSTEAL_CALENDAR_YEARS")
    write(f"calendar_years: {value}\n")
    assert load_settings().calendar_years == years


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2019-2018", "2019 is after 2018; the first year stands first."),
        ("1989-2018", "input should be greater than or equal to 1990."),
        ("2018-2091", "input should be less than or equal to 2090."),
        ("18-19", "write it as 2018-2019."),
        ("2018-2019-2020", "write it as 2018-2019."),
        ("[2018, 2019, 2020]", "write it as 2018-2019."),
    ],
)
def test_years_must_make_a_calendar(text, told, monkeypatch):
    monkeypatch.setenv("WORKSTEAL_CALENDAR_YEARS", text)
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value) == f"WORKSTEAL_CALENDAR_YEARS: {told}"
    with pytest.raises(SettingsError):
        load_settings(write(f"calendar_years: {text}\n", "years.yaml"))


OPTIONAL = ["sasl_username", "sasl_password", "ssl_cafile", "ssl_certfile", "ssl_keyfile"]


@pytest.mark.parametrize("name", [*OPTIONAL, "ssl_password"])
def test_a_variable_that_is_empty_means_none(name, monkeypatch):
    write(f"{name}: x\n")
    assert getattr(load_settings(), name) is not None
    monkeypatch.setenv(f"WORKSTEAL_{name.upper()}", "")
    assert getattr(load_settings(), name) is None


@pytest.mark.parametrize("field", ["sasl_password", "ssl_password"])
def test_no_error_shows_a_secret(field, monkeypatch):
    monkeypatch.setenv(f"WORKSTEAL_{field.upper()}", SECRET)
    monkeypatch.setenv("WORKSTEAL_WEB_PORT", "x")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert SECRET not in f"{raised.value!r} {raised.value.__cause__!r}"
    write(f"{field}: [{SECRET}]\n")
    monkeypatch.delenv(f"WORKSTEAL_{field.upper()}")
    monkeypatch.delenv("WORKSTEAL_WEB_PORT")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    assert str(raised.value) == f"worksteal.yaml: {field}: input should be a valid string."
    assert raised.value.__suppress_context__


def test_settings_hide_secrets_and_do_not_change(monkeypatch):
    monkeypatch.setenv("WORKSTEAL_SASL_PASSWORD", SECRET)
    settings = load_settings()
    assert SECRET not in f"{settings!r} {settings.model_dump()} {settings.model_dump_json()}"
    with pytest.raises(ValueError, match="frozen"):
        settings.group = "other"  # type: ignore[misc]


def test_the_prefix_stands_before_every_topic():
    assert Settings(topic_prefix="a-").topic("quotes") == "a-quotes"
