"""Faults on a real broker: kills, zombies, poison; and what judges the result."""
