"""One event and what it does to its account: requests, answers, snapshots, reminders, upkeep."""
