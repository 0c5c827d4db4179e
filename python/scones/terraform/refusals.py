"""Explains Terraform's errors about a stale plan and a locked state, with the next step.

Example::

    >>> error = explain("Error: Saved plan is stale", "service", "dev")
    >>> type(error).__name__
    'StalePlanError'

Source of Terraform's messages: Terraform 1.10 and 1.11, internal/backend/local and internal/command/clistate.
"""

from __future__ import annotations

import re

from scones.errors import LockedStateError, StalePlanError, TerraformError

_STALE = "Saved plan is stale"
_OTHER_STATE = "Saved plan does not match the given state"
_LOCKED = "Error acquiring the state lock"


def explain(words: str, stack: str, environment: str) -> TerraformError | None:
    """The error for Terraform's output. None if it is neither a stale plan nor a locked state.

    Args:
        words: Terraform's output.
        stack: The stack's name.
        environment: The environment's name.
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
            hint="wait until it has ended, and run this again; if it was cut off and no longer runs, unlock the state: "
            f'after `eval "$(invoke env --env {environment} --stack {stack})"`: '
            f"terraform -chdir=terraform/stacks/{stack} force-unlock {holder['ID'] or 'ID'}",
        )
    return None


def let_go(words: str) -> bool:
    """Whether a lock went while Terraform read whose it is. Terraform then gives up, although it may take the lock.

    Source: Terraform 1.11, internal/states/statemgr, LockWithContext: it waits only for a lock whose ID it knows.

    Example::

        >>> let_go("Error: Error acquiring the state lock")
        True
    """
    return _LOCKED in words and not _info(words, "ID")


def _info(words: str, name: str) -> str:
    found = re.search(rf"^[│\s]*{name}: +(\S.*?)\s*$", words, re.MULTILINE)
    return found[1].removeprefix("OperationType") if found else ""
