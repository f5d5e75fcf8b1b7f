"""Offers the session's broker to every test; nothing starts before one asks for it."""

import signal

from tests.broker import broker

__all__ = ["broker"]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell's background job ignores Ctrl-C, and so would the programs that the tests press it on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
