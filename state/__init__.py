"""What is known and decided: accounts, capital, cooldowns, fights, victims, policy, market hours.

Nothing here does input or output, reads a clock or draws a random number.  Start at `desk`.
"""
