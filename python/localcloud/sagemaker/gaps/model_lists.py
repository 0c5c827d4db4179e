"""ListModels filters, sorts and pages.

moto: ``sagemaker/responses.py``, ``list_models`` answers with all models, whatever is asked for.

AWS (SageMaker API Reference): NameContains, CreationTimeAfter and CreationTimeBefore filter. The newest is the first
unless SortBy and SortOrder say otherwise. MaxResults limits a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from moto.core.responses import ActionResult
from moto.sagemaker.models import Model
from moto.sagemaker.responses import SageMakerResponse

from localcloud.sagemaker import pages

SORTS = {"Name": itemgetter("ModelName"), "CreationTime": itemgetter("CreationTime")}


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
    key, largest_first = pages.order("Models", SORTS, asked, by="CreationTime", first="Descending")
    found = [
        {"ModelName": model.model_name, "ModelArn": model.arn, "CreationTime": model.creation_time}
        for model in models
        if _wanted(model, asked)
    ]
    return pages.page("Models", sorted(found, key=key, reverse=largest_first), asked)


def _wanted(model: Model, asked: Mapping[str, Any]) -> bool:
    after, before = asked.get("CreationTimeAfter"), asked.get("CreationTimeBefore")
    made = pages.seconds(model.creation_time)
    return (
        asked.get("NameContains", "") in model.model_name
        and (not after or made >= pages.seconds(after))
        and (not before or made <= pages.seconds(before))
    )
