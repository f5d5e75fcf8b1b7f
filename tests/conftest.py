"""Offers the session's broker to every test; nothing starts before one asks for it."""

from tests.broker import broker

__all__ = ["broker"]
