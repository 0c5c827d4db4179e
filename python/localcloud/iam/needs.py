"""The entries of the permission tables: which permissions an operation needs.

A :class:`Need` has an action, and templates for its ARNs and condition keys. In a template, ``{region}`` and
``{account}`` are the request's. Every other ``{Name}`` is a parameter by botocore's name, and ``{Role.Arn}`` is a
parameter inside another. A parameter with several values makes one ARN for each value. A parameter that is itself an
ARN replaces the whole template.

Example::

    >>> endpoint = "arn:aws:sagemaker:{region}:{account}:endpoint/{EndpointName}"
    >>> table = on(endpoint, "sagemaker", "DescribeEndpoint", "DeleteEndpoint")
    >>> asked = Asked("DeleteEndpoint", {"EndpointName": "scones"}, region="us-east-1", account="123456789012")
    >>> [access.resources for need in table["DeleteEndpoint"] for access in need.accesses(asked)]
    [('arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones',)]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localcloud.iam.evaluation import Access

Given = dict[str, tuple[str, ...]]
Table = Mapping[str, tuple["Need", ...]]
PLACEHOLDER = re.compile(r"\{([\w.]+)\}")


@dataclass(frozen=True)
class Asked:
    """A request: the operation, its parameters by botocore's names, the region, the account, the headers and the query.

    The headers' names are in lower case.
    """

    operation: str
    parameters: Mapping[str, Any]
    region: str
    account: str
    headers: Mapping[str, str] = field(default_factory=dict)
    query: str = ""

    def values(self, path: str) -> list[str]:
        """A parameter's values as text.

        ``A.B`` is the parameter B inside A. If A is a list, it is B of each item.

        Example::

            >>> asked = Asked("PutTargets", {"Targets": [{"Id": "1"}, {"Id": "2"}]}, "us-east-1", "123456789012")
            >>> asked.values("Targets.Id")
            ['1', '2']
        """
        if path in ("region", "account"):
            return [getattr(self, path)]
        found: list[Any] = [self.parameters]
        for name in path.split("."):
            found = [
                inner
                for one in found
                if isinstance(one, Mapping) and one.get(name) is not None
                for inner in _listed(one[name])
            ]
        return [str(one).lower() if isinstance(one, bool) else str(one) for one in found]

    def value(self, path: str) -> str | None:
        """The parameter's first value; None if the request lacks the parameter."""
        return next(iter(self.values(path)), None)

    def fill(self, template: str) -> list[str]:
        """The texts of a template; none if the request lacks one of its parameters."""
        names = PLACEHOLDER.findall(template)
        if names and template.endswith(f"{{{names[-1]}}}"):
            given = self.values(names[-1])
            if given and given[0].startswith("arn:"):
                return given
        texts = [template]
        for name in dict.fromkeys(names):
            texts = [text.replace(f"{{{name}}}", value) for text in texts for value in self.values(name)]
        return texts


Resources = str | Callable[[Asked], Iterable[str]]
Keys = Mapping[str, str] | Callable[[Asked], Given]


@dataclass(frozen=True)
class Need:
    """One action that an operation needs.

    Attributes:
        action: The action's name in policies.
        resources: Templates of ARNs, or functions that return ARNs. A missing parameter becomes ``*``, so the template
            stands for any resource of its kind.
        context: Templates of condition keys' values, by key, or a function that returns keys and values. A key is left
            out if a parameter of its template is missing.
        when: A parameter or a function. The action is needed only if the parameter is given and not empty, or the
            function returns true.
        tagged: Whether the request's tags are condition keys of it (``aws:RequestTag/KEY``, ``aws:TagKeys``).
        optional: Leaves a resource out if its parameters are missing, because the request does not touch it.
    """

    action: str
    resources: tuple[Resources, ...] = ("*",)
    context: Keys = field(default_factory=dict)
    when: str | Callable[[Asked], bool] | None = None
    tagged: bool = True
    optional: bool = False

    def accesses(self, asked: Asked) -> list[Access]:
        """The accesses that a request needs for this, one for each resource."""
        if callable(self.when) and not self.when(asked):
            return []
        if isinstance(self.when, str) and not any(asked.values(self.when)):
            return []
        context = self.context(asked) if callable(self.context) else _keys(self.context, asked)
        if self.tagged:
            context = {**context, **tags_of(asked.parameters)}
        return [
            Access(self.action, (arn,), context) for resource in self.resources for arn in self._arns(resource, asked)
        ]

    def _arns(self, resource: Resources, asked: Asked) -> Iterable[str]:
        if callable(resource):
            return resource(asked)
        found = asked.fill(resource)
        if found or self.optional:
            return found
        anywhere = resource.replace("{region}", asked.region).replace("{account}", asked.account)
        return [PLACEHOLDER.sub("*", anywhere)]


def simple(service: str) -> str:
    """A service's name in the tables, the same for botocore's name and moto's.

    Example::

        >>> simple("sagemaker-runtime"), simple("sagemakerruntime")
        ('sagemakerruntime', 'sagemakerruntime')
    """
    return re.sub(r"[^a-z0-9]", "", service.lower())


def on(
    resource: Resources | tuple[Resources, ...],
    service: str,
    *operations: str,
    context: Keys | None = None,
    tagged: bool = True,
) -> dict[str, tuple[Need, ...]]:
    """Entries for operations that need the action of their own name, all on the same resources."""
    resources = resource if isinstance(resource, tuple) else (resource,)
    return {name: (Need(f"{service}:{name}", resources, context or {}, tagged=tagged),) for name in operations}


def passing(path: str, service: str) -> Need:
    """The permission to pass a role to a service (IAM User Guide, "Grant a user permissions to pass a role")."""
    return Need("iam:PassRole", (f"{{{path}}}",), {"iam:passedtoservice": service}, when=path, tagged=False)


def _keys(templates: Mapping[str, str], asked: Asked) -> Given:
    return {key: tuple(values) for key, template in templates.items() if (values := asked.fill(template))}


def tags_of(parameters: Mapping[str, Any]) -> Given:
    """The condition keys of the tags that a request sets or removes.

    Services differ in the form of their tags.

    Example::

        >>> tags_of({"Tags": [{"Key": "project", "Value": "scones"}]})
        {'aws:requesttag/project': ('scones',), 'aws:tagkeys': ('project',)}
    """
    pairs: dict[str, str] = {}
    names: list[str] = []
    for parameter, value in parameters.items():
        kind = parameter.lower()
        if kind in ("tags", "resourcetags") and isinstance(value, Mapping):
            pairs |= {str(key): str(one) for key, one in value.items()}
        elif kind in ("tags", "resourcetags"):
            pairs |= _pairs(value)
        elif kind == "tagspecifications":
            for specification in value or []:
                pairs |= _pairs(specification.get("Tags"))
        elif kind in ("tagkeys", "resourcetagkeys"):
            names += [str(one) for one in value or []]
    found: Given = {f"aws:requesttag/{key}".lower(): (value,) for key, value in pairs.items()}
    if pairs or names:
        found["aws:tagkeys"] = (*pairs, *names)
    return found


def _pairs(tags: Any) -> dict[str, str]:
    """``[{"Key": …, "Value": …}]`` as a dict. Services differ in the case of the names."""
    listed = [{name.lower(): value for name, value in tag.items()} for tag in tags or [] if isinstance(tag, Mapping)]
    return {
        str(tag.get("key", tag.get("tagkey"))): str(tag.get("value", tag.get("tagvalue", ""))) for tag in listed if tag
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]
