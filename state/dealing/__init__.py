"""What the accounts of a desk deal with in common: clock, prices, policies, timers, outputs."""
