"""The policy that was found, as a file that `worker` and `worksteal policy set` take."""

import yaml

from state.rules.policy import DEFAULT

from .result import Optimized
from .verdict import ineffective, verdict


def policy_yaml(optimized: Optimized) -> str:
    """Return the file: what was found out as comments, the searched fields, and what the base changes.

    A policy file says what differs from `default`, so fields of another base are written too.
    """
    values = optimized.policy.model_dump(mode="json")
    defaults = DEFAULT.model_dump(mode="json")
    written = {
        field: value
        for field, value in values.items()
        if field == "name" or field in optimized.values or value != defaults[field]
    }
    idle = ineffective(optimized)
    asked = optimized.asked
    found = (
        f"Found by `worksteal optimize` for {optimized.objective.title}, seed {asked['seed']},"
        f" {asked['evaluations']} evaluations a fold."
    )
    remarks = [
        found,
        *verdict(optimized),
        *([f"Changed nothing on this data: {', '.join(idle)}."] if idle else []),
    ]
    # A comment is one line, whatever a policy is called.
    head = "".join(f"# {' '.join(remark.split())}\n" for remark in remarks)
    return head + yaml.safe_dump(written, sort_keys=False, allow_unicode=True)
