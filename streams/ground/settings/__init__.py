"""What a deployment chooses: the broker, folders, ports.  The rules of trading are policy instead."""

from .connection import client_options, open_network, require_safe, ssl_context
from .load import Loaded, SettingsError, load_settings, load_with_sources
from .model import Settings

__all__ = [
    "Loaded",
    "Settings",
    "SettingsError",
    "client_options",
    "load_settings",
    "load_with_sources",
    "open_network",
    "require_safe",
    "ssl_context",
]
