"""Tests of the backtest's engine."""
