"""Recordings, replays of them, and the proof that all was said."""
