"""Addresses of brokers; the subscribers' client reads them in the same way."""

from topics.client.servers import fault_of_server, is_loopback

__all__ = ["fault_of_server", "is_loopback"]
