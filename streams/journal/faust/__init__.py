"""Faust and the parts of it where ours differ; nothing else names it."""
