"""As much of PromQL as it takes to tell which metrics and labels an expression asks for."""

import re
from typing import NamedTuple

FUNCTIONS = frozenset("changes histogram_quantile increase rate".split())
AGGREGATIONS = frozenset("sum min max avg count".split())
GROUPING = frozenset({"by", "without"})
OPERATORS = frozenset({"and", "or", "unless"})

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"[^"]*")
    | (?P<range>\[(?:\d+[smhd]|\$__rate_interval)\])
    | (?P<number>\d+(?:\.\d+)?)
    | (?P<name>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<sign>=~|!~|!=|==|<=|>=|[-+*/(){},=<>])
    )""",
    re.VERBOSE,
)


class Asked(NamedTuple):
    """What an expression asks for.

    `selectors` are series with what their labels must be, `grouped` the labels that a sum or the
    like leaves, each with the series below it; `compared` tells whether a comparison stands outside
    of all parentheses, which makes an expression a condition.
    """

    selectors: list[tuple[str, dict[str, str]]]
    grouped: list[tuple[str, set[str]]]
    ranged: set[str]
    compared: bool


class PromError(Exception):
    """It cannot be read, or has a word that is neither function nor metric."""


def tokens(expression: str) -> list[tuple[str, str]]:
    """Split an expression into pairs of kind and text; raises `PromError`."""
    found, at = [], 0
    text = expression.rstrip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise PromError(f"not understood: {text[at:]!r}")
        kind = str(match.lastgroup)
        found.append((kind, match[kind]))
        at = match.end()
    return found


def asked(expression: str) -> Asked:
    """Read an expression; raises `PromError`."""
    return _Reader(tokens(expression)).read()


class _Reader:
    """Goes through the tokens once."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self._tokens = [*found, ("end", "")]
        self._at = 0
        self._open: list[set[str]] = []
        """For each parenthesis that is open, the labels that its aggregation leaves."""
        self._asked = Asked([], [], set(), compared=False)

    def read(self) -> Asked:
        compared, leaves = False, set[str]()
        while (token := self._next())[0] != "end":
            kind, text = token
            if kind == "name":
                leaves = self._name(text)
            elif text == "(":
                self._open.append(leaves)
                leaves = set()
            elif text == ")":
                if not self._open:
                    raise PromError("a parenthesis is closed that was not opened")
                self._open.pop()
            elif text in ("==", "!=", "<", ">", "<=", ">="):
                compared = compared or not self._open
        if self._open:
            raise PromError("a parenthesis is not closed")
        return self._asked._replace(compared=compared)

    def _name(self, name: str) -> set[str]:
        """Read what begins with a name; returns what an aggregation leaves."""
        follows = self._tokens[self._at][1]
        if name in OPERATORS:
            return set()
        if name in AGGREGATIONS:
            if follows in GROUPING:
                self._next()
                return self._labels()
            return set()
        if follows == "(":
            if name not in FUNCTIONS:
                raise PromError(f"{name} is no function of the list")
            return set()
        self._asked.selectors.append((name, self._matchers() if follows == "{" else {}))
        self._asked.grouped.extend((name, leaves) for leaves in self._open if leaves)
        if self._tokens[self._at][0] == "range":
            self._next()
            self._asked.ranged.add(name)
        return set()

    def _labels(self) -> set[str]:
        self._expect("(")
        found = set()
        while (token := self._next())[1] != ")":
            if token[0] == "name":
                found.add(token[1])
            elif token[1] != ",":
                raise PromError(f"{token[1]!r} is no label")
        return found

    def _matchers(self) -> dict[str, str]:
        self._expect("{")
        found = {}
        while (token := self._next())[1] != "}":
            if token[1] == ",":
                continue
            self._expect("=")
            found[token[1]] = self._next()[1].strip('"')
        return found

    def _expect(self, text: str) -> None:
        if (token := self._next())[1] != text:
            raise PromError(f"{token[1]!r} stands where {text!r} should")

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._at]
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token
