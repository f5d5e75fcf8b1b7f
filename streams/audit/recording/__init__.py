"""The form of a recording: a file that is only added to, every byte checked when read."""
