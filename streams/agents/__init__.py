"""Who stands on the journal: the machines of this deployment, their names, and what they may say."""
