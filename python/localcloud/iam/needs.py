"""How the tables say what an operation needs.

A :class:`Need` names an action and, as templates, the ARNs and condition keys it is judged by. ``{region}`` and
``{account}`` are the request's; every other ``{Name}`` is a parameter of botocore's, ``{Role.Arn}`` one inside another,
and one of several values makes an ARN each. A parameter that is an ARN already stands for the whole ARN. Example::

    **on(f"{ARN}:endpoint/{{EndpointName}}", "sagemaker", "DescribeEndpoint", "DeleteEndpoint")
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
    """A request: the operation, its parameters by botocore's names, and where it was sent."""

    operation: str
    parameters: Mapping[str, Any]
    region: str
    account: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def values(self, path: str) -> list[str]:
        """A parameter's values as text; ``A.B`` is B in A, or in each of A's where A is a list."""
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
        """The parameter's first value; None where the request does not give it."""
        return next(iter(self.values(path)), None)

    def fill(self, template: str) -> list[str]:
        """The texts that a template stands for: none where the request lacks one of its parameters."""
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
        action: As policies name it.
        resources: Templates of ARNs, or functions that say them; a template whose parameters are missing stands for
            any resource of its kind, ``*`` in their place.
        context: Condition keys and templates of their values, or a function that says both; a key whose parameters are
            missing is left out.
        when: A parameter without which, or where it is empty, the need does not arise; or a function that says.
        tagged: Whether the operation's tags are part of it (``aws:RequestTag/KEY``, ``aws:TagKeys``).
        optional: Whether a resource whose parameters are missing is left out: it is not touched then.
    """

    action: str
    resources: tuple[Resources, ...] = ("*",)
    context: Keys = field(default_factory=dict)
    when: str | Callable[[Asked], bool] | None = None
    tagged: bool = True
    optional: bool = False

    def accesses(self, asked: Asked) -> list[Access]:
        """What the request needs of this, one access a resource."""
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
    """A service's name as the tables have it, whoever's name it is.

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
    """Entries for operations whose action is their own name and which touch the same resources."""
    resources = resource if isinstance(resource, tuple) else (resource,)
    return {name: (Need(f"{service}:{name}", resources, context or {}, tagged=tagged),) for name in operations}


def passing(path: str, service: str) -> Need:
    """Handing a role over to a service (IAM User Guide, "Grant a user permissions to pass a role")."""
    return Need("iam:PassRole", (f"{{{path}}}",), {"iam:passedtoservice": service}, when=path, tagged=False)


def _keys(templates: Mapping[str, str], asked: Asked) -> Given:
    return {key: tuple(values) for key, template in templates.items() if (values := asked.fill(template))}


def tags_of(parameters: Mapping[str, Any]) -> Given:
    """The condition keys of the tags that a request sets or takes away, in whichever form its service has them."""
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
    """``[{"Key": …, "Value": …}]``, as a map; services differ in the names' case."""
    listed = [{name.lower(): value for name, value in tag.items()} for tag in tags or [] if isinstance(tag, Mapping)]
    return {
        str(tag.get("key", tag.get("tagkey"))): str(tag.get("value", tag.get("tagvalue", ""))) for tag in listed if tag
    }


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple | set) else [value]
