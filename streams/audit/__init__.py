"""What was said and what should have been: recordings, replays of them, and the proof."""
