"""Alerts and dashboard ask for what `/metrics` has, and nothing else; each alert has its section."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml

from state.rules.refusals import EventFault, Refusal
from streams.observe.metrics.catalogue import METRICS, SERIES_OF, Metric
from streams.observe.metrics.collector import OUTCOMES, Snapshot, registry_of
from streams.observe.metrics.counts import RECORD_REASONS
from streams.observe.pages.address import Hosts
from tests.paths import ROOT
from tests.streams.cli.parsing import parsed
from topics.catalogue import INBOUND

from .compose import services
from .promql import Asked, PromError, asked

PROMETHEUS = ROOT / "deploy" / "prometheus"
GRAFANA = ROOT / "deploy" / "grafana"
DASHBOARD = GRAFANA / "dashboards" / "worksteal.json"
RUNBOOK = ROOT / "docs" / "runbook.md"

ADDED = {"job", "instance"}
"""Labels that Prometheus puts on everything that it collects."""

VALUES: dict[tuple[str, str], set[str]] = {
    ("worksteal_steals_total", "outcome"): set(OUTCOMES),
    ("worksteal_dead_letters_total", "reason"): set(RECORD_REASONS),
    ("worksteal_dead_letters_total", "topic"): {topic.name for topic in INBOUND},
    ("worksteal_entry_refusals_total", "reason"): set(map(str, Refusal)),
    ("worksteal_event_refusals_total", "reason"): set(map(str, EventFault)),
}


def read_yaml(path: Any) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


class Alert(NamedTuple):
    name: str
    rule: dict[str, Any]


ALERTS = [
    Alert(rule["alert"], rule)
    for group in read_yaml(PROMETHEUS / "alerts.yml")["groups"]
    for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]


class Wish(NamedTuple):
    """An expression, and where it stands."""

    where: str
    expression: str


def wishes() -> Iterator[Wish]:
    for alert in ALERTS:
        yield Wish(alert.name, alert.rule["expr"])
    for panel in PANELS:
        for target in panel.get("targets", ()):
            yield Wish(f"panel {panel['title']}", target["expr"])


WISHES = list(wishes())
each_wish = pytest.mark.parametrize("wish", WISHES, ids=[wish.where for wish in WISHES])
each_alert = pytest.mark.parametrize("alert", ALERTS, ids=[alert.name for alert in ALERTS])


def series() -> dict[str, Metric | None]:
    """Return every series that a worker can have, with its metric; None for those of a library."""
    families = list(registry_of(Snapshot(None, None)).collect())
    ours = {family.name for family in families if family.name.startswith("worksteal_")}
    assert ours == {metric.name.removesuffix("_total") for metric in METRICS}
    found: dict[str, Metric | None] = {
        metric.name + suffix: metric for metric in METRICS for suffix in SERIES_OF[metric.kind]
    }
    others = {
        sample.name for family in families if family.name not in ours for sample in family.samples
    }
    assert "process_start_time_seconds" in others
    return found | dict.fromkeys((*sorted(others), "up"))


SERIES = series()


def faults(expression: str) -> list[str]:
    """Say what of an expression no worker could answer; empty if it is sound."""
    try:
        wanted = asked(expression)
    except PromError as error:
        return [str(error)]
    if not wanted.selectors:
        return ["it asks for nothing"]
    unknown = [f"no metric {name}" for name, _ in wanted.selectors if name not in SERIES]
    return unknown or [*_of_labels(wanted), *_of_types(wanted)]


def _of_labels(wanted: Asked) -> Iterator[str]:
    for name, matchers in wanted.selectors:
        yield from (f"{name} has no {label}" for label in set(matchers) - labels_of(name))
        for label, value in matchers.items():
            if value not in VALUES.get((name, label), {value}):
                yield f"{label} of {name} is never {value}"
    for name, labels in wanted.grouped:
        yield from (f"{name} has no {label}" for label in labels - labels_of(name))


def labels_of(name: str) -> set[str]:
    metric = SERIES[name]
    own = set(metric.labels) if metric else set()
    return ADDED | own | ({"le"} if name.endswith("_bucket") else set())


def _of_types(wanted: Asked) -> Iterator[str]:
    for name, _ in wanted.selectors:
        metric = SERIES[name]
        if metric is None:
            continue
        if metric.kind == "gauge" and name in wanted.ranged:
            yield f"{name} may fall, and has no rate"
        if metric.kind != "gauge" and name not in wanted.ranged:
            yield f"{name} only grows: ask for its rate"


# ---- what is asked for is there ----


@each_wish
def test_what_an_expression_asks_for_is_there(wish):
    assert faults(wish.expression) == []


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("worksteal_sorrows_total > 0", "no metric worksteal_sorrows_total"),
        ("rate(worksteal_steals[5m])", "no metric worksteal_steals"),
        ("rate(worksteal_checkpoint_duration_seconds[5m])", "no metric"),
        ('rate(worksteal_steals_total{result="lost"}[5m])', "has no result"),
        ('rate(worksteal_steals_total{outcome="won"}[5m])', "is never won"),
        ("sum by (reason) (rate(worksteal_steals_total[5m]))", "has no reason"),
        ("sum by (le) (rate(worksteal_steals_total[5m]))", "has no le"),
        ("worksteal_steals_total > 0", "ask for its rate"),
        ("rate(worksteal_ready[5m])", "has no rate"),
        ("ratio(worksteal_ready)", "ratio is no function"),
        ("sum(worksteal_ready", "not closed"),
        ("1 > 0", "asks for nothing"),
        ("worksteal_ready ~ 1", "not understood"),
    ],
)
def test_what_is_not_there_is_found(expression, fault):
    assert any(fault in one for one in faults(expression)), faults(expression)


def test_words_that_are_no_metrics_are_not_taken_for_some():
    wanted = asked(
        'histogram_quantile(0.99, sum by (le) (rate(a_bucket{job="b c"}[5m]))) > 1 and max(d) < 2'
    )
    assert wanted.selectors == [("a_bucket", {"job": "b c"}), ("d", {})]
    assert wanted.grouped == [("a_bucket", {"le"})]
    assert (wanted.ranged, wanted.compared) == ({"a_bucket"}, True)


# ---- alerts ----


def test_every_alert_has_a_name_of_its_own():
    assert len({alert.name for alert in ALERTS}) == len(ALERTS) > 10


@each_alert
def test_an_alert_is_a_condition_and_says_what_a_person_needs(alert):
    rule = alert.rule
    assert re.fullmatch(r"Worksteal[A-Za-z]+", alert.name)
    assert asked(rule["expr"]).compared, "without a comparison it would always fire"
    assert re.fullmatch(r"\d+[sm]", rule.get("for", "0s"))
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")


@each_alert
def test_a_summary_names_only_labels_that_the_alert_has(alert):
    wanted = asked(alert.rule["expr"])
    (name, _), *_ = wanted.selectors
    left = [labels for grouped, labels in wanted.grouped if grouped == name]
    summed = re.search(r"\b(sum|max|min)\b", alert.rule["expr"]) is not None
    there = set().union(*left) if summed else labels_of(name)
    told = set(re.findall(r"\$labels\.(\w+)", alert.rule["annotations"]["summary"]))
    assert told <= there


def sections() -> dict[str, str]:
    """Return the runbook's sections by title."""
    parts = re.split(r"^### (.+)$", RUNBOOK.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


@each_alert
def test_an_alert_leads_to_its_section(alert):
    page, _, anchor = alert.rule["annotations"]["runbook_url"].partition("#")
    assert (ROOT / page, anchor) == (RUNBOOK, alert.name.lower())
    section = sections()[alert.name]
    for part in ("**Means.**", "**Look.**", "**Do.**"):
        assert part in section, part


def test_the_runbook_has_no_section_for_an_alert_that_is_none():
    assert [*sections()] == [alert.name for alert in ALERTS]


def test_every_command_in_the_runbook_is_one_that_the_program_takes():
    text = RUNBOOK.read_text(encoding="utf-8").replace("\n", " ")
    told = re.findall(r"`(worksteal [^`]+)`", text)
    assert len(told) > 10
    for line in told:
        parsed(line.split()[1:])


# ---- what the containers are given ----


def mounts(name: str) -> dict[str, str]:
    """Return what of this repository a service sees, by its place there."""
    pairs = (volume.split(":") for volume in services()[name]["volumes"])
    return {there: here for here, there, *how in pairs if how == ["ro"]}


def test_prometheus_asks_the_worker_by_a_name_that_it_answers_to(monkeypatch):
    config = read_yaml(PROMETHEUS / "prometheus.yml")
    (job,) = config["scrape_configs"]
    assert job["job_name"] == "worksteal"
    ((target,),) = [one["targets"] for one in job["static_configs"]]
    host, _, port = target.partition(":")
    worker = services()[host]
    assert worker["environment"]["WORKSTEAL_WEB_PORT"] == port
    monkeypatch.setattr("socket.gethostname", lambda: worker["hostname"])
    assert Hosts(worker["environment"]["WORKSTEAL_WEB_HOST"]).admit(target)


def test_prometheus_is_given_its_rules():
    given = mounts("prometheus")["/etc/prometheus"]
    assert (ROOT / given) == PROMETHEUS
    assert "--config.file=/etc/prometheus/prometheus.yml" in services()["prometheus"]["command"]
    for name in read_yaml(PROMETHEUS / "prometheus.yml")["rule_files"]:
        assert (PROMETHEUS / name).is_file()


def test_grafana_is_given_the_dashboard_and_its_source():
    given = {there: ROOT / here for there, here in mounts("grafana").items()}
    assert given["/etc/grafana/provisioning"] == GRAFANA / "provisioning"
    (provider,) = read_yaml(GRAFANA / "provisioning" / "dashboards" / "worksteal.yaml")["providers"]
    assert given[provider["options"]["path"]] == DASHBOARD.parent
    home = services()["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{provider['options']['path']}/{DASHBOARD.name}"
    (source,) = read_yaml(GRAFANA / "provisioning" / "datasources" / "prometheus.yaml")[
        "datasources"
    ]
    assert source["url"] == "http://prometheus:9090"
    named = {json.dumps(one) for panel in PANELS for one in sources(panel)}
    assert named == {json.dumps({"type": source["type"], "uid": source["uid"]})}


def sources(panel: dict[str, Any]) -> Iterator[Any]:
    if panel["type"] != "row":
        yield panel["datasource"]
        yield from (target["datasource"] for target in panel["targets"])


def test_the_dashboard_is_whole_and_asks_nobody_else():
    text = DASHBOARD.read_text(encoding="utf-8")
    assert "://" not in text
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    taken: set[tuple[int, int]] = set()
    for panel in PANELS:
        assert panel["type"] in ("row", "stat", "timeseries"), "Grafana's own panels only"
        assert panel["type"] == "row" or panel["description"]
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, f"{panel['title']} lies on another"
        assert max(x for x, _ in cells) < 24
        taken |= cells


def test_whoever_looks_can_change_nothing():
    variables = services()["grafana"]["environment"]
    assert variables["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert variables["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert all(isinstance(value, str) for value in variables.values())


def test_images_are_pinned():
    for name in ("prometheus", "grafana"):
        assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", services()[name]["image"])
