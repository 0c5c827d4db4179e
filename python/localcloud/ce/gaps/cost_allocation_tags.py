"""Cost allocation tags can be activated, deactivated and listed.

moto: ``ce/responses.py`` has neither UpdateCostAllocationTagsStatus nor ListCostAllocationTags.

AWS: a tag key can be activated only after a resource has used it (AWS Billing and Cost Management API Reference,
UpdateCostAllocationTagsStatus). Here every key can be activated.
"""

from __future__ import annotations

import json
from typing import Any

from moto.ce.models import CostExplorerBackend
from moto.ce.responses import CostExplorerResponse


def apply() -> None:
    def update_cost_allocation_tags_status(self: CostExplorerResponse) -> str:
        for entry in json.loads(self.body)["CostAllocationTagsStatus"]:
            _tags(self.ce_backend)[entry["TagKey"]] = entry["Status"]
        return json.dumps({"Errors": []})

    def list_cost_allocation_tags(self: CostExplorerResponse) -> str:
        asked = json.loads(self.body)
        found = [
            {"TagKey": key, "Type": "UserDefined", "Status": status}
            for key, status in _tags(self.ce_backend).items()
            if key in (asked.get("TagKeys") or [key]) and status == (asked.get("Status") or status)
        ]
        return json.dumps({"CostAllocationTags": found})

    CostExplorerResponse.update_cost_allocation_tags_status = update_cost_allocation_tags_status
    CostExplorerResponse.list_cost_allocation_tags = list_cost_allocation_tags


def _tags(backend: CostExplorerBackend) -> dict[str, Any]:
    return backend.__dict__.setdefault("cost_allocation_tags", {})
