"""What Terraform says when others have been at the state, in words that say what to do.

Example::

    explain("… Error: Saved plan is stale …", "service", "dev")     # TerraformError: … was changed after the plan …

Source of the words: Terraform 1.10's and 1.11's own messages (internal/backend/local and internal/command/clistate).
"""

from __future__ import annotations

import re

from scones.errors import LockedStateError, StalePlanError, TerraformError

_STALE = "Saved plan is stale"
_OTHER_STATE = "Saved plan does not match the given state"
_LOCKED = "Error acquiring the state lock"


def explain(words: str, stack: str, environment: str) -> TerraformError | None:
    """The error that Terraform's words are about, where it is one of these; nothing was changed then.

    Args:
        words: What Terraform printed.
        stack: The stack that it worked on.
        environment: The stack's environment.
    """
    if _STALE in words or _OTHER_STATE in words:
        return StalePlanError(
            f"the saved plan of stack '{stack}' is stale: the state of environment '{environment}' was changed after "
            "the plan was made; nothing was applied",
            hint=f"plan again and look at it: invoke tf.plan --env {environment} --stack {stack} --out FILE",
        )
    if _LOCKED in words:
        holder = {name: _info(words, name) for name in ("ID", "Who", "Operation", "Created")}
        by = f" by {holder['Who']} since {holder['Created']} ({holder['Operation']})" if holder["Who"] else ""
        return LockedStateError(
            f"the state of stack '{stack}' of environment '{environment}' is locked{by}; nothing was changed",
            hint="wait until that has ended, and run this again; where nothing runs any more, it was cut off, and "
            f'after `eval "$(invoke env --env {environment} --stack {stack})"`: '
            f"terraform -chdir=terraform/stacks/{stack} force-unlock {holder['ID'] or 'ID'}",
        )
    return None


def _info(words: str, name: str) -> str:
    found = re.search(rf"^[│\s]*{name}: +(\S.*?)\s*$", words, re.MULTILINE)
    return found[1].removeprefix("OperationType") if found else ""
