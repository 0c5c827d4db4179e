"""A filter of tags names a key.

moto: ``resourcegroupstaggingapi/models.py``, ``get_resources`` fails on a filter without one.

AWS: Resource Groups Tagging API Reference, GetResources and TagFilter.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import JsonRESTError


def apply_to_answers() -> None:
    """Wrap moto's answer. Its module is imported with the first request."""
    from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

    answer = ResourceGroupsTaggingAPIResponse.get_resources

    def get_resources(self: ResourceGroupsTaggingAPIResponse) -> Any:
        if any("Key" not in one for one in self._get_param("TagFilters") or []):
            raise JsonRESTError("InvalidParameterException", "TagFilters: a filter must have a Key")
        return answer(self)

    ResourceGroupsTaggingAPIResponse.get_resources = get_resources
