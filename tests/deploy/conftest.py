"""Offers the client's own environment to the tests that run it."""

from tests.deploy.client_environment import client, client_home

__all__ = ["client", "client_home"]
