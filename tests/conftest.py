"""Offers the session's broker to every test; nothing starts before one asks for it."""

import signal

from tests.broker import broker

__all__ = ["broker"]

# A shell's background job ignores the keys that end a program, and so would the programs that the
# tests press them on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
