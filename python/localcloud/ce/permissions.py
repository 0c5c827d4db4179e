"""The permissions of Cost Explorer's operations."""

from __future__ import annotations

from localcloud.iam.needs import on

TABLES = {"ce": on("*", "ce", "ListCostAllocationTags", "UpdateCostAllocationTagsStatus", tagged=False)}
