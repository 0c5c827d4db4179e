"""ListModels filters, sorts and pages.

moto: ``sagemaker/responses.py``, ``list_models`` answers with all models, whatever is asked for.

AWS (SageMaker API Reference): NameContains, CreationTimeAfter and CreationTimeBefore filter. The newest is the first
unless SortBy and SortOrder say otherwise. MaxResults limits a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import Model
from moto.sagemaker.responses import SageMakerResponse

LIMIT = 10  # a page without MaxResults
SORTS = {"Name": "ModelName", "CreationTime": "CreationTime"}


def apply() -> None:
    """Replace moto's function."""

    def list_models(self: SageMakerResponse) -> ActionResult:
        return ActionResult(page(list(self.sagemaker_backend.list_models()), self.params))

    SageMakerResponse.list_models = list_models


def page(models: Sequence[Model], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The action's answer.

    Raises:
        ValidationError: SortBy, SortOrder or NextToken has an unknown value.
    """
    by, order = asked.get("SortBy", "CreationTime"), asked.get("SortOrder", "Descending")
    if by not in SORTS or order not in ("Ascending", "Descending"):
        raise ValidationError(
            f"Models cannot be sorted by {by}, {order}: use {', '.join(SORTS)}, Ascending, Descending."
        )
    token, limit = str(asked.get("NextToken") or "0"), int(asked.get("MaxResults") or LIMIT)
    if not token.isdecimal():
        raise ValidationError(f"NextToken '{token}' is not from this action: use an answer's NextToken.")
    found = [
        {"ModelName": model.model_name, "ModelArn": model.arn, "CreationTime": model.creation_time}
        for model in models
        if _wanted(model, asked)
    ]
    found.sort(key=lambda summary: summary[SORTS[by]], reverse=order == "Descending")
    start = int(token)
    answer: dict[str, Any] = {"Models": found[start : start + limit]}
    return answer | ({"NextToken": str(start + limit)} if start + limit < len(found) else {})


def _wanted(model: Model, asked: Mapping[str, Any]) -> bool:
    after, before, made = asked.get("CreationTimeAfter"), asked.get("CreationTimeBefore"), _seconds(model.creation_time)
    return (
        asked.get("NameContains", "") in model.model_name
        and (not after or made >= _seconds(after))
        and (not before or made <= _seconds(before))
    )


def _seconds(value: Any) -> float:
    """A time, in seconds since 1970. moto gives it as a datetime without a zone, or as it was sent."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)
