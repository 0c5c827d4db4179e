"""Writes the results of all tasks for people, in Markdown, and as one file of JSON Schemas.

Example::

    >>> from scones.tasks.results.deploying import ApprovalResult
    >>> print(page({"ci.approval": ApprovalResult}))
    ## `invoke ci.approval --json`
    <BLANKLINE>
    Who must approve a deployment on GitHub.
    <BLANKLINE>
    | member | type | what it is |
    |---|---|---|
    | `environment` | string | The environment. |
    | `reviewers[]` | string | Who must approve, one of them. |
    | `admins_bypass` | boolean | Whether administrators may go on without them. |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from scones.tasks.results.schema import DIALECT, rows, schema, title


def page(results: Mapping[str, Any]) -> str:
    """A section for each task.

    Args:
        results: The type of each task's result, by the task's name.
    """
    return "\n\n".join(_section(name, kind) for name, kind in results.items())


def schemas(results: Mapping[str, Any]) -> str:
    """The JSON Schemas of all tasks, each below ``$defs`` by the task's name."""
    return (
        json.dumps({"$schema": DIALECT, "$defs": {name: schema(kind) for name, kind in results.items()}}, indent=2)
        + "\n"
    )


def _section(name: str, kind: Any) -> str:
    lines = [f"## `invoke {name} --json`", "", title(kind)]
    if found := rows(kind):
        lines += ["", "| member | type | what it is |", "|---|---|---|"]
        lines += [f"| `{path}` | {what} | {says} |" for path, what, says in found]
    return "\n".join(lines)
