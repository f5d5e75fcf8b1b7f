"""How a machine stands on a journal: cursor, claims, staging, changelog, checkpoints."""
