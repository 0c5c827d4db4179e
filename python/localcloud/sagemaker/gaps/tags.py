"""AddTags, ListTags and DeleteTags work on every SageMaker resource.

moto: ``sagemaker/models.py``, ``_get_resource_from_arn`` does not know model packages, reads only an ARN's last part,
and answers with status 500 if the resource does not exist. ``add_tags`` keeps a key's old value beside the new one.
``iter_tagged_resources`` takes a model card's list of versions for a resource, and GetResources fails on it.

AWS: AddTags replaces the value of an existing key. A model package version has its group's tags.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from moto.sagemaker.exceptions import ValidationError
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from localcloud import arns


def apply() -> None:
    """Replace moto's functions."""
    find = SageMakerModelBackend._get_resource_from_arn

    def _get_resource_from_arn(self: SageMakerModelBackend, arn: str) -> Any:
        read = arns.read(arn)
        kind, name = (read.kind, read.name) if read else ("resource", arn)
        if read is None or not read.is_of("sagemaker", self.region_name, self.account_id):
            found = None
        elif kind == "model-package":
            found = self.model_packages.get(arn)
            if found and found.model_package_group_name:
                found = self.model_package_groups.get(found.model_package_group_name)
        else:
            try:
                found = find(self, arn)
            except (AttributeError, ValueError):  # moto does not know this kind or form of ARN
                found = None
        if found is None:
            raise ValidationError(f"Could not find {kind} '{name}' of ARN {arn}.")
        return found

    def add_tags(self: SageMakerModelBackend, arn: str, tags: list[dict[str, str]]) -> list[dict[str, str]]:
        found = self._get_resource_from_arn(arn)
        merged = {tag["Key"]: tag for tag in [*(found.tags or []), *tags]}
        found.tags = list(merged.values())
        return found.tags

    every = SageMakerModelBackend.iter_tagged_resources

    def iter_tagged_resources(self: SageMakerModelBackend) -> Iterator[Any]:
        read = copy.copy(self)
        read.model_cards = {name: versions[-1] for name, versions in self.model_cards.items()}
        yield from every(read)

    SageMakerModelBackend.iter_tagged_resources = iter_tagged_resources
    SageMakerModelBackend._get_resource_from_arn = _get_resource_from_arn
    SageMakerModelBackend.add_tags = add_tags


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """A resource's tags, for policies; none if it does not exist."""
    try:
        found = sagemaker_backends[account][region]._get_resource_from_arn(arn)
    except (AttributeError, ValidationError, ValueError):  # there is none, or moto has no such kind of resource
        return {}
    return {tag["Key"]: tag["Value"] for tag in getattr(found, "tags", None) or ()}
