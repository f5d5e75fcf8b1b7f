"""An entry tries, and takes: the look at an account, the attempt, the steal and how it settles."""
