"""What a deployment chooses: the broker, folders, ports.  The rules of trading are policy instead."""

from .connection import client_options, open_network, require_safe
from .load import SettingsError, load_settings
from .model import Settings

__all__ = [
    "Settings",
    "SettingsError",
    "client_options",
    "load_settings",
    "open_network",
    "require_safe",
]
