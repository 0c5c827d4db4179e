"""What a plan would do, out of the JSON that Terraform gives of it.

Example::

    [str(change) for change in changes(json.loads(stack.show(plan, json=True)))]
    # ['update module.function["classify-image"].aws_lambda_function.this (environment, memory_size)', …]

Only names are taken, never values: a plan's JSON holds them all, secrets too.

Format: https://developer.hashicorp.com/terraform/internals/json-format#change-representation
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# In the order in which a reader should see them: what is lost comes first.
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
    """One thing that a plan would change.

    Attributes:
        action: One of ACTIONS.
        attributes: The names of the arguments that differ, of an update or a replacement.
    """

    action: str
    address: str
    attributes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.action} {self.address}" + (f" ({', '.join(self.attributes)})" if self.attributes else "")


def changes(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """What a plan would do to resources, what is lost first."""
    return _read(plan.get("resource_changes", ()))


def drift(plan: Mapping[str, Any]) -> tuple[Change, ...]:
    """What others have done to resources since Terraform last wrote its state."""
    # Right after a resource was made, its provider reads as empty what it wrote as null: nobody has done anything.
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
    # What is only known afterwards need not differ; it is named where nothing else is.
    return tuple(sorted(known | forced)) or tuple(sorted(name for name in unknown if unknown[name]))


def _filled(value: Any) -> Any:
    """A value without what is empty in it: null, "", [] and {} say the same of a resource."""
    if isinstance(value, Mapping):
        value = {name: found for name, one in value.items() if (found := _filled(one)) is not None}
    elif isinstance(value, list):
        value = [found for one in value if (found := _filled(one)) is not None]
    return None if value in ("", [], {}) else value
