"""What every test may ask for; nothing starts before one does."""

import signal

from hypothesis import HealthCheck, settings

pytest_plugins = [
    "tests.broker",
    "tests.session.measured",
    "tests.session.order",
    "tests.session.times",
]

# How long an example takes says how busy the machine is, and nothing of what is tested.
settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

# A shell's background job ignores the keys that end a program, and so would the programs that the
# tests press them on.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if signal.getsignal(signal.SIGQUIT) is signal.SIG_IGN:
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
