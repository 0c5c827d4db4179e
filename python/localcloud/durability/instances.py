"""Objects of moto end when nobody uses them any more.

moto lists every object of its models for its dashboard (``core/common_models.py``, ``BaseModel.__new__``). So a deleted
message, a replaced S3 object and an alarm's old form stay in memory for ever. The local cloud has no dashboard.
"""

from __future__ import annotations

from moto.core.common_models import BaseModel


def apply() -> None:
    """Make objects without listing them."""

    def __new__(cls: type[BaseModel], *_args: object, **_given: object) -> BaseModel:
        return object.__new__(cls)

    BaseModel.__new__ = __new__
