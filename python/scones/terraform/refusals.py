"""Explains Terraform's errors about a stale plan, a locked state, a boundary and a new role, with the next step.

Example::

    >>> error = explain("Error: Saved plan is stale", "service", "dev")
    >>> type(error).__name__
    'StalePlanError'

Source of Terraform's messages: Terraform 1.10 and 1.11, internal/backend/local and internal/command/clistate.
"""

from __future__ import annotations

import re

from scones.errors import LockedStateError, NewRoleError, StalePlanError, TerraformError

_STALE = "Saved plan is stale"
_OTHER_STATE = "Saved plan does not match the given state"
_LOCKED = "Error acquiring the state lock"
_NO_BOUNDARY = re.compile(r"Scope ARN: (\S+) does not exist or is not attachable")  # IAM's answer to CreateRole

# What services answer until they know of a new role or policy, which takes seconds:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
# The provider tries some of these again for a while, and others not. A role that lacks something gets the same answers.
_NEW_ROLE = (
    "role defined for the function cannot be assumed",
    "execution role does not have permissions to call",
    "is authorized to assume the provided role",
    "IAM Role is not authorized to access the Log Destination",
    "Could not assume role",
    "Could not access model data at",
    "Invalid principal in policy",
    "one or more invalid principals",
)


def explain(words: str, stack: str, environment: str) -> TerraformError | None:
    """The error for Terraform's output. None if it is none that this module knows.

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
            hint="wait until it has ended, and run this again; if it was cut off and no longer runs, break its lock: "
            f"{unlocking(environment, stack, holder['ID'] or 'ID')}",
        )
    if boundary := _NO_BOUNDARY.search(_plain(words)):
        return TerraformError(
            f"stack '{stack}' of environment '{environment}' gives its roles the permissions boundary {boundary[1]}, "
            "which does not exist",
            hint=f"apply what makes it: invoke tf.apply --env {environment} --stack bootstrap",
        )
    if said := unknown_role(words):
        return NewRoleError(
            f"terraform failed on stack '{stack}' of environment '{environment}': a service answered '{said}'; it may "
            "not have known a new role, or what this may do",
            hint=f"apply again: invoke tf.apply --env {environment} --stack {stack}; a saved plan must be made again; "
            "if the answer stays, the role lacks something",
        )
    return None


def unlocking(environment: str, stack: str, lock: str) -> str:
    """The command that breaks a lock.

    Example::

        >>> unlocking("dev", "service", "1-2-3")
        'invoke tf.unlock 1-2-3 --env dev --stack service'
    """
    return f"invoke tf.unlock {lock} --env {environment} --stack {stack}"


def unknown_role(words: str) -> str | None:
    """A service's answer that it does not know a role, or what the role may do. None if there is none.

    Example::

        >>> unknown_role("Error: InvalidParameterValueException: The role defined for the function cannot be assumed")
        'role defined for the function cannot be assumed'
    """
    return next((one for one in _NEW_ROLE if one in _plain(words)), None)


def _plain(words: str) -> str:
    """Terraform's output on one line, without the frames of its errors."""
    return " ".join(re.sub(r"[│╷╵]", " ", words).split())


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
