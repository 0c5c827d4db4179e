"""The results of tasks: a type for each, its JSON Schema, and how ``--json`` prints it.

Example::

    >>> from scones.tasks.results.deploying import ApprovalResult
    >>> schema(ApprovalResult)["required"]
    ['environment', 'reviewers', 'admins_bypass']

A task with a result is declared with its type, ``@task(result=ApprovalResult)``, and returns an :class:`TaskAnswer`.
``docs/json.md`` and ``docs/json-schemas.json`` are generated from the types.
"""

from scones.tasks.results.answer import TaskAnswer
from scones.tasks.results.schema import rows, schema

__all__ = ["TaskAnswer", "rows", "schema"]
