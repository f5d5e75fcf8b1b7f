"""What the page says whatever the figures are: how it was done, how to read it, what it cannot say."""

BEGIN = """
# The study: does stealing pay, and with which settings?

Capital {capital:,.0f} dollars, entries of {position:,.0f}, fee {fee:g} % of every fill, on the data in
[examples/market](../market/README.md). This page is rendered from `figures.json` by

    python examples/study/study.py --workers 2

and never written by hand; `--check` says whether it still holds. The sentences are chosen by the
figures too. What the figures mean is in [docs/backtest.md](../../docs/backtest.md).
"""

ABOUT = """
Every policy runs on the same data with the same capital. The hourly file is split at {split}: `fit` is
what lies before, `unseen` what lies from there on, begun afresh. Nothing is fitted here: the sets were
given, and the fit only says which of them one would have chosen. The separate days (`all`) are out of
sample too. Of policies with equal values one is run, under the first of its names.
"""

READ = """
Dollars. *Against none* is P&L minus that of stealing off, *90 %* its interval by resampled days, *thief −
victim* the mean over settled steals of what the thief's order was worth by its mark-out, less what its
victims' would have been, *idle* the share of the capacity that nothing used.
"""

RULE = """
Protection 0.1 % is what the original's authors recommend after their runs, the other values are the
original's own. A set replaces them only if it is ahead of `default` on the fit of mixed hours, ahead on
the unseen period in a share of resampled days that allows for the number of sets that are tried
(1 − {error:g} / sets), and of the other periods ahead on more than it is behind on. `reference` is no
candidate: its differences are the original's defects.
"""

LIMITS = (
    (
        "**Bars are samples.** A bar is replayed as four quotes in an order that is a guess; inside it many"
        " an order would have filled, or been stolen, at another time. On hours a symbol's quotes come"
        " a quarter of an hour apart and more, so cooldowns of minutes are put to no test there."
    ),
    (
        "**The strategies are examples.** They make many wishes for little capital, so that the desk has"
        " work; they were not made to earn. What is true of stealing between their orders need not be true"
        " of yours. Nor are their forecast P&L figures, which decide fights and who goes first, known to be"
        " any good."
    ),
    (
        "**The periods are not independent.** Crypto alone and stocks alone are parts of the mixed file, and"
        " the mixed day of 2018 has the cryptos of another row. Count them as fewer than they are."
    ),
    (
        "**The original's figures.** Its simulator released capital at once, filled on the bar that it"
        " decided on, and never read the entry tolerance or the cooldown; its tuned sets fit that machine."
        " That they come out as they do here says nothing about how they were found."
    ),
)
