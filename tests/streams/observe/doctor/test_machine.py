"""What the doctor says of packages, names, calendar, settings and disk; each check can fail."""

import re
import tomllib
from datetime import UTC, date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.ground.settings import Settings
from streams.observe.doctor import said
from streams.observe.doctor.broker import Cluster, check_cluster
from streams.observe.doctor.chosen import check_connection, check_pages
from streams.observe.doctor.folder import LITTLE, SHORT, check_space, check_usable, nearest
from streams.observe.doctor.names import HOME, NAMES, check_names
from streams.observe.doctor.pages import Seen
from streams.observe.doctor.sessions import check_sessions, last_unforeseen_close, time_zones
from streams.observe.doctor.versions import check_versions, within
from tests.paths import ROOT
from tests.streams.observe.doctor.said import bad, only

NOW = datetime(2026, 11, 21, tzinfo=UTC)


def test_what_is_installed_here_is_what_was_tested():
    assert not bad(check_versions())
    told = [line.told for line in check_versions()]
    assert [
        line.split()[0] for line in told
    ] == "20 faust-streaming aiokafka rocksdict Python".split()


def test_a_package_outside_its_range_fails_and_names_the_range():
    (line,) = [one for one in check_versions({"aiokafka": "1.0.0"}) if one.level == said.FAIL]
    assert line.told in (
        "aiokafka is 1.0.0, not <0.15,>=0.14",
        "aiokafka is 1.0.0, not >=0.14,<0.15",
    )
    assert line.do.startswith("`pip install 'aiokafka")


def test_a_python_that_was_not_tested_is_a_warning():
    line = only(bad(check_versions({"Python": "3.15.0"})))
    assert (line.level, line.told) == (said.WARN, "Python 3.15.0 was not tested, >=3.11,<3.14 was")


def locked() -> dict[str, str]:
    """Return the lock's versions; of one that depends on Python, that of the oldest Python."""
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    found = [line.split()[0].split("==") for line in lines if re.match(r"[a-z].*==", line)]
    return dict(reversed(found))


def test_every_lower_bound_is_what_the_lock_has_but_for_its_last_number():
    """A bound says what was tried; the doctor believes it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    client = tomllib.loads((ROOT / "deploy/client/pyproject.toml").read_text())
    asked = [*project["project"]["dependencies"], *client["project"]["dependencies"]]
    asked += [one for one in project["dependency-groups"]["dev"] if one != "setuptools>=84"]
    for text in asked:
        ((name, lowest),) = re.findall(r"^([\w-]+)>=([\d.]+)", text)
        have = locked()[name.lower()]
        assert have.startswith(lowest) or within(have, f">={lowest},<{lowest}.99"), (text, have)


PRIVATE = {
    "aiokafka": "_client _coordinator _fetcher _conns _versions".split(),
    "faust-streaming": "_create_worker_consumer _new_consumer_thread _fetch_max_wait_ms"
    " _build_highwaters _build_offsets _recovery _update_channels _new_store _new_transport".split(),
}


def test_private_names_of_libraries_are_those_beside_their_bounds():
    """They may change in any minor version, so the bound pins it."""
    text = (ROOT / "pyproject.toml").read_text()
    for package, names in PRIVATE.items():
        ((comment, bound),) = re.findall(rf'((?:    #.*\n)+)    "{package}([^"]+)"', text)
        assert set(re.findall(r"\b_\w+", comment)) == set(names)
        ((low, high),) = re.findall(r"^>=0\.(\d+)[\d.]*,<0\.(\d+)$", bound)
        assert int(high) == int(low) + 1
    sources = [*ROOT.glob("streams/**/*.py"), *ROOT.glob("topics/client/*.py")]
    used = {
        name
        for path in sources
        for line in path.read_text().splitlines()
        if "noqa: SLF001" in line
        for name in re.findall(r"(?<!self)\.(_\w+)", line)
    }
    assert used <= {name for names in PRIVATE.values() for name in names}


@pytest.mark.parametrize(
    ("number", "wanted", "inside"),
    [
        ("0.14.0", ">=0.14,<0.15", True),
        ("0.14", ">=0.14.0", True),
        ("0.15.0rc1", ">=0.14,<0.15", False),
        ("0.13.9", ">=0.14,<0.15", False),
        ("0.9", ">=0.14", False),
        ("10.0", ">=9,<11", True),
        ("3.13.1", ">=3.11,<3.14", True),
        ("9", "", True),
    ],
)
def test_ranges(number, wanted, inside):
    assert within(number, wanted) is inside


@given(st.lists(st.integers(0, 30), min_size=1, max_size=4), st.lists(st.integers(0, 30), min_size=1, max_size=4))  # fmt: skip
def test_a_version_is_either_below_a_bound_or_at_least_it(number, bound):
    text, limit = ".".join(map(str, number)), ".".join(map(str, bound))
    assert within(text, f">={limit}") is not within(text, f"<{limit}")
    padded = [*number, 0, 0, 0, 0][:4] < [*bound, 0, 0, 0, 0][:4]
    assert within(text, f"<{limit}") is padded


def package(place: Path, name: str) -> Path:
    (place / name).mkdir(parents=True)
    (place / name / "__init__.py").touch()
    return place / name


def distribution(place: Path, name: str, files: str) -> None:
    info = place / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "RECORD").write_text(files)


def test_the_names_are_ours_here():
    line = only(check_names())
    assert (line.level, line.told) == (
        said.OK,
        f"topics, state, streams are worksteal's own, in {HOME}",
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_package_in_front_of_ours_fails_and_one_behind_is_a_warning(name, tmp_path):
    other = package(tmp_path, name)
    before = only(check_names([str(tmp_path), str(HOME)]))
    assert before.level == said.FAIL
    assert before.told == f"{other} is found before worksteal's own `{name}`"
    behind = only(check_names([str(HOME), str(tmp_path)]))
    assert (behind.level, behind.told) == (
        said.WARN,
        f"{other} has the name of worksteal's own `{name}`, and is hidden by it",
    )


def test_a_module_of_our_name_counts_and_a_folder_without_code_does_not(tmp_path):
    (tmp_path / "topics").mkdir()
    assert only(check_names([str(tmp_path), str(HOME)])).level == said.OK
    (tmp_path / "state.py").touch()
    assert only(check_names([str(tmp_path), str(HOME)])).level == said.FAIL


def test_another_distribution_that_brings_our_names_fails(tmp_path):
    distribution(tmp_path, "statecraft", "statecraft/__init__.py,,\nstate/__init__.py,,\n")
    line = only(check_names([str(HOME), str(tmp_path)]))
    assert line.level == said.FAIL
    assert line.told == "the distribution statecraft brings a package state of its own"
    assert line.do.startswith("`pip uninstall statecraft`")


def test_an_installed_file_that_something_lies_over_fails(tmp_path):
    package(tmp_path, "state")
    empty = "sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU"
    distribution(tmp_path, "worksteal", f"state/__init__.py,{empty},0\n")
    assert only(check_names([str(tmp_path)], home=tmp_path)).level == said.OK
    (tmp_path / "state" / "__init__.py").write_text("version = 1\n")
    line = only(check_names([str(tmp_path)], home=tmp_path))
    assert line.level == said.FAIL
    assert line.told.startswith("state/__init__.py is not as it was installed")


def test_the_calendar_without_settings_covers_the_coming_year():
    line = only(check_sessions(Settings(), NOW))
    assert line.level == said.OK
    assert line.told.startswith("2025 to 2027; 250 sessions in the coming year; ")


def test_what_the_libraries_data_end_with_is_named(monkeypatch, tmp_path):
    told = only(check_sessions(Settings(), NOW)).told
    assert f"pandas-market-calendars {version('pandas-market-calendars')} knows" in told
    assert "unforeseen closes to 2025-01-09" in told or last_unforeseen_close() > date(2025, 1, 9)
    monkeypatch.setattr("zoneinfo.TZPATH", (str(tmp_path),))
    assert time_zones() == f"tzdata {version('tzdata')}"
    (tmp_path / "America").mkdir()
    (tmp_path / "America" / "New_York").touch()
    assert time_zones() == "this system"


@pytest.mark.parametrize("when", [datetime(2026, 1, 1, 6, tzinfo=UTC), datetime(2027, 12, 31, 20, tzinfo=UTC)])  # fmt: skip
def test_it_covers_the_coming_year_on_any_day(when):
    assert only(check_sessions(Settings(), when)).level == said.OK


@pytest.mark.parametrize(
    ("years", "when", "level", "told"),
    [
        ((2018, 2019), NOW, said.FAIL, "it covers 2018 to 2019, and it is 2026-11-21"),
        ((2027, 2028), NOW, said.FAIL, "it covers 2027 to 2028, and it is 2026-11-21"),
        ((2026, 2026), NOW, said.WARN, "it ends with 2026, not after the coming year"),
        ((2026, 2026), NOW + timedelta(days=30), said.FAIL, "it ends with 2026, in 11 days"),
    ],
)
def test_a_calendar_that_ends(years, when, level, told):
    line = only(check_sessions(Settings(calendar_years=years), when))
    assert (line.level, line.told) == (level, told)
    assert "calendar_years" in line.do


def test_a_broker_on_this_machine_is_fine():
    assert only(check_connection(Settings())).level == said.OK


@pytest.mark.parametrize(
    ("values", "level", "told"),
    [
        ({"bootstrap": "kafka.example:9092"}, said.FAIL, "is readable on the way"),
        ({"bootstrap": "kafka.example:9092", "insecure": True}, said.WARN, "kafka.example:9092"),
        ({"insecure": True}, said.WARN, "nothing needs it"),
        ({"security_protocol": "SASL_SSL"}, said.FAIL, "sasl_username: SASL_SSL needs one"),
        ({"security_protocol": "SSL", "ssl_cafile": Path("none.pem")}, said.FAIL, "ssl_cafile"),
    ],
)
def test_what_is_wrong_with_a_connection(values, level, told):
    line = only(check_connection(Settings(**values)))
    assert line.level == level
    assert told in line.told


def test_pages_for_this_machine_are_fine():
    assert only(check_pages(Settings(web_port=0), Seen(None))).level == said.OK


@pytest.mark.parametrize(
    ("values", "level", "told"),
    [
        ({"web_host": "0.0.0.0"}, said.FAIL, "can be reached from other machines"),
        ({"web_host": "0.0.0.0", "insecure": True}, said.WARN, "nobody is asked"),
        ({"web_token": "short"}, said.FAIL, "a token has 16 to 256"),
        ({"web_token_file": Path("none")}, said.FAIL, "web_token_file: none cannot be read"),
        ({"web_port": 65_535}, said.FAIL, "65535 has none"),
        ({"web_host": "192.0.2.1", "web_token": "x" * 32}, said.FAIL, "cannot be listened on"),
    ],
)
def test_what_is_wrong_with_the_pages(values, level, told):
    found = bad(check_pages(Settings(**values), Seen("http://127.0.0.1:6066")))
    assert [line.level for line in found] == [level]
    assert told in found[0].told


def test_a_port_that_another_program_has_fails():
    seen = Seen("http://127.0.0.1:6066", taken=True)
    line = only(check_pages(Settings(), seen))
    assert (line.level, line.told) == (said.FAIL, "http://127.0.0.1:6066 is taken by another program")  # fmt: skip
    assert only(check_pages(Settings(), seen._replace(worker=True))).level == said.OK


@pytest.mark.parametrize(
    ("free", "level"),
    [(LITTLE - 1, said.FAIL), (LITTLE, said.WARN), (SHORT - 1, said.WARN), (SHORT, said.OK)],
)
def test_room_on_the_disk(free, level, tmp_path):
    asked = []

    def free_bytes(path: Path) -> Any:
        asked.append(path)
        return free

    assert only(check_space(tmp_path / "not" / "yet", free_bytes)).level == level
    assert asked == [tmp_path]


def test_the_disk_is_looked_at_where_the_folder_will_be(tmp_path):
    assert nearest(tmp_path / "a" / "b") == tmp_path
    assert nearest(tmp_path) == tmp_path


def test_a_folder_that_is_a_file_or_read_only_fails(tmp_path):
    (tmp_path / "file").touch()
    line = only(check_usable(tmp_path / "file" / "data"))
    assert (line.level, line.told) == (said.FAIL, f"{tmp_path}/file is no folder")
    assert only(check_usable(tmp_path / "new")).told.endswith("it is made at the first start")
    assert not (tmp_path / "new").exists()


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder is read-only to everybody")
def test_a_folder_that_cannot_be_written_fails():
    line = only(check_usable(Path("/proc/self/worksteal")))
    assert (line.level, line.told) == (said.FAIL, f"{nearest(Path('/proc/self/worksteal'))} cannot be written")  # fmt: skip


# brokers by what they can do

NEW = {0: (0, 13), 11: (0, 9), 22: (0, 5)}


@pytest.mark.parametrize(
    ("requests", "level", "told"),
    [
        (NEW, said.OK, "speaks as Kafka 4.1 does, which was tested"),
        (NEW | {0: (0, 12)}, said.WARN, "Kafka 4.0 was not tested, 4.1 was"),
        (NEW | {0: (0, 7)}, said.WARN, "Kafka before 3.6 was not tested, 4.1 was"),
        (NEW | {0: (0, 14)}, said.WARN, "Kafka is newer than 4.1, the latest that was tested"),
        (NEW | {11: (0, 4)}, said.FAIL, "Kafka is older than 2.3, which workers need"),
        ({0: (0, 13), 11: (0, 9)}, said.FAIL, "Kafka is older than 2.3, which workers need"),
        ({}, said.FAIL, "Kafka is older than 2.3, which workers need"),
    ],
)
def test_brokers_are_judged_by_their_requests(requests, level, told):
    _, line = check_cluster(Cluster(["127.0.0.1:9092"], 1, requests))
    assert (line.level, line.told) == (level, told)
