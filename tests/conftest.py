"""What every test may ask for; nothing starts before one does."""

import signal

pytest_plugins = ["tests.broker"]

# A shell's background job ignores the keys that end a program, and so would the programs that the
# tests press them on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
