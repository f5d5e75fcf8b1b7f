"""How numbers and names are written on the page."""

from collections.abc import Sequence


def money(dollars: float) -> str:
    """Say whole dollars with their sign, a true minus; nothing is plain 0."""
    whole = round(dollars)
    return f"{whole:+,}".replace("-", "−") if whole else "0"


def cents(dollars: float) -> str:
    """Say dollars and cents with their sign."""
    return f"{dollars:+,.2f}".replace("-", "−")


def percent(fraction: float) -> str:
    """Say a fraction as per cent, as many digits as it has."""
    return f"{100 * fraction:g} %"


def days(count: int) -> str:
    """Say so many days."""
    return "1 day" if count == 1 else f"{count} days"


def listed(names: Sequence[str]) -> str:
    """Say names, each once, with how often it stands there."""
    counted = {name: names.count(name) for name in dict.fromkeys(names)}
    return ", ".join(
        f"`{name}`" if times == 1 else f"`{name}` {times} times" for name, times in counted.items()
    )
