"""Leverage over the close: what is too much, what to give up for it, what borrowing costs."""
