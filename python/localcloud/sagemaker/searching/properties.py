"""The properties of a resource by which Search finds it: their names, their kinds, and their values. Pure.

A property's name is a path into the resource's shape in AWS's model (SearchRecord): ``InputDataConfig.ChannelName``,
``ModelArtifacts.S3ModelArtifacts``, ``HyperParameters.epochs``, ``Tags.team``. A training job's metrics are
``Metrics.NAME``.

Example::

    >>> values(["ResourceConfig", "InstanceCount"], {"ResourceConfig": {"InstanceCount": 2}})
    [2]
    >>> values(["InputDataConfig", "ChannelName"], {"InputDataConfig": [{"ChannelName": "a"}, {"ChannelName": "b"}]})
    ['a', 'b']

AWS: SageMaker API Reference, Search, Filter and SearchRecord.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from botocore.model import Shape

Kind = Literal["text", "number", "time", "flag", "part", "free"]
KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("integer", "long", "float", "double"), "number"),
    "boolean": "flag",
    "string": "text",
    "timestamp": "time",
}
TAGS, METRICS = "Tags", "Metrics"


class UnknownProperty(Exception):
    """A name that is no property of the resource."""


@dataclass(frozen=True)
class Property:
    """One property.

    Attributes:
        name: As the request has it.
        path: The names on the way to it.
        kind: ``free`` is a text that counts as a number where a number is asked for: a hyperparameter, a tag, a metric.
            ``part`` is a structure or a list, which only is there or not.
    """

    name: str
    path: tuple[str, ...]
    kind: Kind

    def values(self, record: Mapping[str, Any]) -> list[Any]:
        """The property's values in a resource. None of them is missing."""
        return values(self.path, record)


def property_of(name: str, shape: Shape) -> Property:
    """The property with a name, of a resource with a shape.

    Raises:
        UnknownProperty: The resource has no such property.
    """
    first, _, rest = name.partition(".")
    if first == TAGS and TAGS in shape.members and rest:
        return Property(name, (TAGS, f"={rest}"), "free")
    if first == METRICS and rest and "FinalMetricDataList" in shape.members:
        return Property(name, ("FinalMetricDataList", f"={rest}"), "free")
    path: list[str] = []
    left = name
    while left:
        while shape.type_name == "list":
            shape = shape.member
        if shape.type_name == "map":  # a key may have dots
            return Property(name, (*path, left), "free")
        part, _, left = left.partition(".")
        if not path and part not in shape.members and "Model" in shape.members:  # a model's own, without "Model."
            path, shape = ["Model"], shape.members["Model"]
        if shape.type_name != "structure" or part not in shape.members:
            raise UnknownProperty(name)
        path.append(part)
        shape = shape.members[part]
    while shape.type_name == "list":
        shape = shape.member
    return Property(name, tuple(path), KINDS.get(shape.type_name, "part"))


def values(path: Sequence[str], record: Any) -> list[Any]:
    """What is at the end of a path. On the way, every item of a list counts.

    ``=NAME`` is the value of a list's item with that Key or MetricName.
    """
    found = [record]
    for part in path:
        found = [inner for one in found for item in _items(one) for inner in _inner(item, part)]
    return [item for one in found for item in _items(one)]


def _inner(item: Any, part: str) -> list[Any]:
    if not isinstance(item, Mapping):
        return []
    if part.startswith("="):
        named = item.get("Key", item.get("MetricName"))
        return [item["Value"]] if named == part[1:] and item.get("Value") is not None else []
    return [] if item.get(part) is None else [item[part]]


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
