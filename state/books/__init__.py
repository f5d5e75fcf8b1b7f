"""One account: orders, entries, steals, its capital, and what must hold of them."""
