"""Tests of the subscribers' client."""
