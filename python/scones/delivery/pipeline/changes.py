"""Reads a plan's changes from Terraform's JSON.

Example::

    >>> change = {"actions": ["update"], "before": {"memory_size": 256}, "after": {"memory_size": 512}}
    >>> plan = {"resource_changes": [{"address": "aws_lambda_function.this", "change": change}]}
    >>> str(changes(plan)[0])
    'update aws_lambda_function.this (memory_size)'

Only names are read, never values, because a plan's JSON contains secrets.

Format: https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# In the order of a summary: changes that lose data come first.
ACTIONS = ("destroy", "replace", "create", "update", "import", "forget")
_KINDS = {
    ("create",): "create",
    ("update",): "update",
    ("delete",): "destroy",
    ("delete", "create"): "replace",
    ("create", "delete"): "replace",
    ("forget",): "forget",
}


@dataclass(frozen=True)
class Change:
    """A change to one resource.

    Attributes:
        action: One of ACTIONS.
        address: The resource's address, such as ``module.bucket.aws_s3_bucket.this``.
        attributes: The names of the arguments that differ, for an update or a replacement.
    """

    action: str
    address: str
    attributes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.action} {self.address}" + (f" ({', '.join(self.attributes)})" if self.attributes else "")


def changes(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """A plan's changes to resources, in the order of ACTIONS."""
    return _read(plan.get("resource_changes", ()))


def drift(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """Changes that were made outside of Terraform since it last wrote its state."""
    # A provider can write null and read back an empty value. Such a difference is not drift.
    return tuple(one for one in _read(plan.get("resource_drift", ())) if one.action != "update" or one.attributes)


def outputs(plan: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the outputs that a plan would change."""
    return tuple(sorted(name for name, one in plan.get("output_changes", {}).items() if one["actions"] != ["no-op"]))


def _read(resources: Sequence[Mapping[str, Any]]) -> tuple[Change, ...]:
    found = []
    for resource in resources:
        change = resource["change"]
        action = _KINDS.get(tuple(change["actions"]))
        if action is None and change.get("importing"):
            action = "import"
        if action is None:
            continue
        names = _differing(change) if action in ("update", "replace") else ()
        found.append(Change(action, resource["address"], names))
    return tuple(sorted(found, key=lambda one: (ACTIONS.index(one.action), one.address)))


def _differing(change: Mapping[str, Any]) -> tuple[str, ...]:
    before, after = change.get("before") or {}, change.get("after") or {}
    unknown = change.get("after_unknown") or {}
    forced = {str(path[0]) for path in change.get("replace_paths", ()) if path}
    known = {
        name
        for name in {*before, *after}
        if _filled(before.get(name)) != _filled(after.get(name)) and not unknown.get(name)
    }
    # A value that is "known after apply" may stay the same, so it is named only if nothing else differs.
    return tuple(sorted(known | forced)) or tuple(sorted(name for name in unknown if unknown[name]))


def _filled(value: Any) -> Any:
    """A value without its empty parts. For a resource, null, "", [] and {} mean the same."""
    if isinstance(value, Mapping):
        value = {name: found for name, one in value.items() if (found := _filled(one)) is not None}
    elif isinstance(value, list):
        value = [found for one in value if (found := _filled(one)) is not None]
    return None if value in ("", [], {}) else value
