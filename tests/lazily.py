"""Libraries that take long to import, for tests that few need: they are loaded when first used."""

from importlib import import_module
from typing import Any


class _Lazily:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        return getattr(import_module(self._name), attribute)


def lazily(name: str) -> Any:
    """Stand for a module that is imported at its first use; collecting all tests uses none."""
    return _Lazily(name)
