"""An object without tags has no entry among the tags.

moto: ``utilities/tagging_service.py``, ``TaggingService.tag_resource`` makes an entry for a resource without tags, and
``s3/models.py``, ``S3Backend.put_object_tagging`` calls it for every object. The entries are a part of the backend,
which is written whenever a request has changed it: after 8,000 objects, each further one took twice as long.
"""

from __future__ import annotations

from moto.utilities.tagging_service import TaggingService


def apply() -> None:
    """Wrap moto's function."""
    tag = TaggingService.tag_resource

    def tag_resource(self: TaggingService, arn: str, tags: list[dict[str, str]] | None) -> None:
        if tags:
            tag(self, arn, tags)

    TaggingService.tag_resource = tag_resource
