"""What must be known of a kind of machine to let it stand on the journal: names, topics, restoring."""

from typing import Generic, NamedTuple

from state.machine import M, Restore


class MachineKind(NamedTuple, Generic[M]):
    """One kind of machine of a deployment; it can speak on its own topics and on no others."""

    agent: str
    """Faust's name of the agent."""

    group: str
    """Its workers' consumer group, which is also Faust's name of the application."""

    table: str
    """Its rows' table; `changelog` follows from group and table."""

    topics: tuple[str, ...]
    """Topics of the catalogue, one for each list that `Machine.apply` returns, in that order."""

    restore: Restore[M]

    @property
    def changelog(self) -> str:
        """The changelog's name on the broker."""
        return changelog_name(self.group, self.table)


def changelog_name(group: str, table: str) -> str:
    """Return the changelog's name on the broker, which is Faust's: application, table, `changelog`."""
    return f"{group}-{table}-changelog"
