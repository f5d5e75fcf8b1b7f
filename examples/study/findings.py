"""What follows from the figures, in sentences that the figures choose."""

from collections.abc import Iterator, Sequence
from statistics import StatisticsError, correlation

from examples.study.data import FREE, MIXED
from examples.study.figures import (
    DEFAULT,
    FIT,
    NO_STEALING,
    UNSEEN,
    Against,
    Data,
    Line,
    Stretch,
    Study,
)
from examples.study.words import cents, listed, money, percent

STEALS_CLAIMED = 12 / 2
"""How many times the steals the original claimed for its tuned set."""


def priced(study: Study) -> list[tuple[Data, Stretch]]:
    """Return every period of the data sets at the study's fee."""
    return [
        (data, stretch)
        for data in study.data
        if data.fee_rate == study.fee_rate
        for stretch in data.stretches
    ]


def stealing(study: Study, *, chosen: bool) -> Iterator[tuple[Data, Stretch, Line, Against]]:
    """Yield each stealing policy against stealing off; `chosen` adds the periods to choose by."""
    for data, stretch in priced(study):
        for line in stretch.lines:
            if line.none is not None and (chosen or stretch.name != FIT):
                yield data, stretch, line, line.none


def off_or_on(study: Study) -> list[str]:
    """Tell whether any set beats stealing off where it was not chosen."""
    found = [(line, against) for _, _, line, against in stealing(study, chosen=False)]
    ahead = [line.policy for line, against in found if against.difference > 0]
    surely = [line.policy for line, one in found if one.low is not None and one.low > 0]
    sure = [one for _, one in found if one.low is not None]
    behind = sum(one.high is not None and one.high < 0 for one in sure)
    if surely:
        told = (
            f"**{len(surely)} of {len(sure)} comparisons out of sample are above stealing off with"
            f" their whole interval** ({listed(surely)}). Chance alone gives about"
            f" {0.05 * len(sure):.1f} of so many."
        )
    elif ahead:
        told = (
            "**No parameter set beats stealing off out of sample with an interval above zero.**"
            f" Ahead at all, perhaps by chance: {len(ahead)} of {len(found)} ({listed(ahead)})."
        )
    else:
        told = "**No parameter set is ahead of stealing off on any period out of sample.**"
    return [
        told,
        (
            f"Of {len(found)} comparisons of a stealing policy with stealing off out of sample (unseen"
            f" periods and separate days) {len(ahead)} came out ahead. {len(sure)} have enough days for an"
            f" interval: it lies above zero in {len(surely)} and below in {behind}."
        ),
    ]


def losing(study: Study) -> str:
    """Tell whether the strategies earn anything."""
    pnls = [line.pnl for _, stretch in priced(study) for line in stretch.lines]
    gains = sum(pnl > 0 for pnl in pnls)
    if not gains:
        return (
            "Every run loses money, with stealing and without. A loser loses less the less it trades,"
            " so a policy that fills more orders may look worse for that alone."
        )
    return f"{gains} of {len(pnls)} runs end with a profit."


def orders(study: Study) -> str:
    """Tell whether capital went to the better order, by the counterfactual of each steal."""
    found = [
        (line.gain, against.difference)
        for _, _, line, against in stealing(study, chosen=True)
        if line.gain is not None
    ]
    worse = sum(gain < 0 for gain, _ in found)
    at_odds = sum((gain < 0) != (difference < 0) for gain, difference in found)
    if 2 * worse > len(found):
        verdict = "capital went to the worse order more often than to the better"
    elif 2 * worse < len(found):
        verdict = "capital went to the better order more often than to the worse"
    else:
        verdict = "that is even"
    return (
        f"Thief minus victim is below zero in {worse} of {len(found)} runs: by the mark-outs,"
        f" {verdict}. Its sign is not that of the difference in P&L in {at_odds} of them, for exits"
        " come at other times than mark-outs."
    )


def fees(study: Study) -> str:
    """Tell what of it the fees explain."""
    free, paid = study.of(FREE), study.of(MIXED)
    told = []
    signs = []
    for stretch in free.stretches:
        found = stretch.line(DEFAULT).none
        with_fee = paid.stretch(stretch.name).line(DEFAULT)
        assert found is not None
        assert with_fee.none is not None
        signs.append(found.difference > 0)
        told.append(
            f"{stretch.name} {money(found.difference)} dollars instead of"
            f" {money(with_fee.none.difference)}"
        )
    off, on = (
        sum(one.line(name).fees for one in paid.stretches) for name in (NO_STEALING, DEFAULT)
    )
    if all(signs):
        verdict = "fees turn a lead into a loss."
    elif any(signs):
        verdict = "fees explain it on one period and not on the other."
    else:
        verdict = "fees are not the only reason."
    return (
        f"On mixed hours `default` pays {on:,.0f} dollars of fees, stealing off {off:,.0f}. Without any fee"
        f" `default` stands against stealing off at {', '.join(told)}: {verdict}"
    )


def agreement(study: Study) -> list[str]:
    """Tell for each split data set whether the fit says anything about the unseen period."""
    told = []
    for data in study.data:
        names = [stretch.name for stretch in data.stretches]
        if data.fee_rate != study.fee_rate or names != [FIT, UNSEEN]:
            continue
        fit, unseen = (_stealing_pnl(stretch) for stretch in data.stretches)
        best = max(fit, key=lambda name: fit[name])
        rank = 1 + sum(pnl > unseen[best] for pnl in unseen.values())
        told.append(
            f"{data.title}: best on the fit is `{best}`, on the unseen period it is number {rank} of"
            f" {len(unseen)} that steal; rank correlation {_rank_correlation(fit, unseen)}."
        )
    return told


def protection(study: Study) -> list[str]:
    """Tell which of the four protections is best where, and whether that is the same anywhere."""
    names = protections(study)
    wins = dict.fromkeys(names, 0.0)
    places = priced(study)
    for _, stretch in places:
        pnls = {name: stretch.line(name).pnl for name in names}
        best = [name for name in names if pnls[name] == max(pnls.values())]
        for name in best:
            wins[name] += 1 / len(best)
    shares = ", ".join(f"{percent(value)} on {wins[name]:.3g}" for name, value in names.items())
    top = max(wins, key=lambda name: wins[name])
    if 3 * wins[top] > 2 * len(places):
        verdict = f"{percent(names[top])} is best on most of it."
    else:
        verdict = "No value is best on two thirds of the periods: the data does not choose one."
    return [f"Best P&L among the four, of {len(places)} periods (ties shared): {shares}.", verdict]


def protections(study: Study) -> dict[str, float]:
    """Return the policies that are `default` but for their protection, the highest first."""
    found = {
        one.names[0]: one.protection
        for one in study.policies
        if one.names[0] == DEFAULT or one.names[0].startswith(f"{DEFAULT}-")
    }
    return dict(sorted(found.items(), key=lambda one: -one[1]))


def claims(study: Study) -> str:
    """Hold the two headline figures of the original against these."""
    widest = next(iter(protections(study)))
    sets = [
        one.names[0]
        for one in study.policies
        if widest not in one.names and any(name.startswith("record-") for name in one.names)
    ]
    pairs = [
        (stretch.line(widest), stretch.line(name)) for _, stretch in priced(study) for name in sets
    ]
    ratios = [tuned.settled / wide.settled for wide, tuned in pairs if wide.settled]
    better = sum(tuned.pnl > wide.pnl for wide, tuned in pairs)
    earned = sum(tuned.pnl > 0 for _, tuned in pairs)
    span = f"{min(ratios):.2f} to {max(ratios):.2f}" if ratios else "an unknown number of"
    holds = ratios and min(ratios) >= STEALS_CLAIMED and better == earned == len(pairs)
    return (
        f"On record stand 24 times the P&L and 12 steals instead of 2. Held against"
        f" `{widest}`, the other sets on record settle {span} times the steals, their P&L is better in"
        f" {better} of {len(pairs)} comparisons, and above zero in {earned}. Those claims"
        f" {'hold' if holds else 'do not hold'} on this data."
    )


def capacity(study: Study) -> str:
    """Tell whether capacity was ever exceeded, and whether it bound."""
    lines = [line for data in study.data for stretch in data.stretches for line in stretch.lines]
    breaches = sum(line.breaches for line in lines)
    free = sum(line.blocks == 0 for line in lines)
    bound = (
        "it bound in every run" if not free else f"it did not bind in {free} of {len(lines)} runs"
    )
    if breaches:
        return (
            f"Capacity was exceeded {breaches} times: a bug, and no figure here should be believed."
        )
    return f"Capacity was never exceeded, and {bound}."


def _stealing_pnl(stretch: Stretch) -> dict[str, float]:
    return {line.policy: line.pnl for line in stretch.lines if line.policy != NO_STEALING}


def _rank_correlation(fit: dict[str, float], unseen: dict[str, float]) -> str:
    try:
        found = correlation(*(_ranks([pnl[name] for name in fit]) for pnl in (fit, unseen)))
    except StatisticsError:
        return "not known"
    return cents(found)


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value; equal values share the mean of theirs."""
    return [
        sum(other < value for other in values) + (sum(other == value for other in values) + 1) / 2
        for value in values
    ]
