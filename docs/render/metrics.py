"""The page of metrics, from the catalogue that `/metrics` is made of."""

from collections.abc import Iterable

from state.rules.refusals import EventFault, Refusal
from streams.observe.metrics.catalogue import METRICS, SERIES_OF, Metric
from streams.observe.metrics.collector import OUTCOMES
from streams.observe.metrics.counts import EDGES_S, OTHER, RECORD_REASONS
from topics.catalogue import INBOUND
from topics.commands import COMMAND_TYPES
from topics.facts import FACT_TYPES

from .fields import Row, table

_HEAD = ("metric", "type", "unit", "labels", "of", "meaning")

_INTRO = """\
# Metrics

A worker shows these on `/metrics` of its pages, in Prometheus's text format. [Live](../live.md) says
how to collect them, the [runbook](../runbook.md) what to do when one of them is not as it should be.

- Units are base units. What ends in `_total` only grows while the process lives and begins at 0 with
  each process: look at it with `rate` or `increase`. After a crash the frames since the last
  checkpoint are applied again, and counted again.
- A worker with `--only` has the metrics of its half. What stands with `both` is there in any case.
- Each worker counts its own. Sum over the workers, but for a ratio and for what is expected.
- Figures of one answer are not of one moment: accounts are looked at a few at a time, so that no
  frame waits.
- `process_*` are the process's own, from the library: processor time, memory, open files, start.
"""

_LABELS = """\
## Labels

There are never more series than these lists and the number of partitions allow. Accounts have
series of their own only if the setting `metrics_accounts` says so, and so many; the rest are
`(others)`.
"""


def metrics_page() -> str:
    """Render every metric in the order of the catalogue."""
    lines = [*_INTRO.splitlines(), "", *table(_HEAD, [_row(metric) for metric in METRICS]), ""]
    edges = ", ".join(f"{edge:g}" for edge in EDGES_S)
    series = ", ".join(f"`{suffix}`" for suffix in SERIES_OF["histogram"])
    lines += [f"A histogram has the series {series}; its buckets end at {edges} s.", ""]
    lines += [*_LABELS.splitlines(), "", *table(("label", "of", "values"), _labels())]
    return "\n".join([*lines, "", "Next: [command line](command-line.md)"]) + "\n"


def _row(metric: Metric) -> Row:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    name = f"`{metric.name}`"
    return (name, metric.kind, metric.unit, labels, metric.half, metric.meaning)


def _labels() -> list[Row]:
    tags = (kind.__struct_config__.tag for kind in (*COMMAND_TYPES, *FACT_TYPES))
    return [
        ("`partition`", "all", "number of the journal's partition"),
        ("`part`", "all", _values(("sequencer", "agent"))),
        ("`topic`", "all", _values(topic.name for topic in INBOUND)),
        ("`reason`", "`worksteal_dead_letters_total`", _values(RECORD_REASONS)),
        ("`reason`", "`worksteal_entry_refusals_total`", _values((*Refusal, OTHER))),
        ("`reason`", "`worksteal_event_refusals_total`", _values((*EventFault, OTHER))),
        ("`type`", "commands and facts", _values(map(str, tags))),
        ("`outcome`", "`worksteal_steals_total`", _values(OUTCOMES)),
        ("`account`", "accounts of their own", "the account's name, or `(others)`"),
        ("`version`, `python`", "`worksteal_build_info`", "of worksteal; of Python"),
    ]


def _values(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
