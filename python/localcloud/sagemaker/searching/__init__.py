"""Search finds training jobs, tuning jobs, models, endpoints, the registry's entries and model cards by any property.

moto: ``sagemaker/models.py``, ``search`` knows a resource by some of its names only, takes every Tags filter for
Equals, answers status 500 for a number that is compared, and neither sorts nor pages.

The other resources of Search cannot be made in the local cloud, so there are none.

AWS: SageMaker API Reference, Search.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.model import Shape
from moto.core.responses import ActionResult
from moto.core.utils import get_service_model
from moto.sagemaker.exceptions import AWSValidationException
from moto.sagemaker.models import SageMakerModelBackend
from moto.sagemaker.responses import SageMakerResponse

from localcloud.sagemaker.searching.expressions import BadSearch, compiled
from localcloud.sagemaker.searching.properties import UnknownProperty, property_of

#: The member of a result, where it has not the name of the resource.
MEMBERS = {"ExperimentTrial": "Trial", "ExperimentTrialComponent": "TrialComponent"}
MOST = 100
BEGIN = datetime(1970, 1, 1, tzinfo=UTC)


def install() -> None:
    """Replace moto's operation."""

    def search(self: SageMakerResponse) -> ActionResult:
        try:
            return ActionResult(found(self.sagemaker_backend, self.params))
        except UnknownProperty as unknown:
            raise AWSValidationException(f"Unknown property name: {unknown}") from unknown
        except BadSearch as bad:
            raise AWSValidationException(str(bad)) from bad

    SageMakerResponse.search = search


def found(backend: SageMakerModelBackend, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Search's answer.

    Raises:
        BadSearch: Search refuses the request.
        UnknownProperty: A property is none of the resource's.
    """
    kind = asked["Resource"]
    member = MEMBERS.get(kind, kind)
    shape = get_service_model("sagemaker").shape_for("SearchRecord").members.get(member)
    records = _records(backend).get(kind, lambda: iter(()))()
    if asked.get("CrossAccountFilterOption") == "CrossAccount":
        records = iter(())
    if shape is not None:
        records = _matching(records, asked, shape)
    ordered = _ordered(list(records), asked, shape)
    begin, most = _begin(asked.get("NextToken")), int(asked.get("MaxResults") or MOST)
    answer: dict[str, Any] = {
        "Results": [{member: record} for record in ordered[begin : begin + most]],
        "TotalHits": {"Value": len(ordered), "Relation": "EqualTo"},
    }
    if begin + most < len(ordered):
        answer["NextToken"] = base64.b64encode(str(begin + most).encode()).decode()
    return answer


def _matching(
    records: Iterable[Mapping[str, Any]], asked: Mapping[str, Any], shape: Shape
) -> Iterable[Mapping[str, Any]]:
    conditions = []
    if expression := asked.get("SearchExpression"):
        conditions.append(compiled(expression, shape))
    conditions += [compiled(_visible(one), shape) for one in asked.get("VisibilityConditions") or []]
    return [record for record in records if all(condition(record) for condition in conditions)]


def _visible(condition: Mapping[str, str]) -> dict[str, Any]:
    """A visibility condition as an expression. Its key is a property, with ``/EqualsIfExists`` if it may be missing."""
    name, _, optional = condition["Key"].partition("/")
    filters = [{"Name": name, "Operator": "Equals", "Value": condition["Value"]}]
    if optional == "EqualsIfExists":
        filters.append({"Name": name, "Operator": "NotExists"})
    return {"Filters": filters, "Operator": "Or"}


def _ordered(records: list[Mapping[str, Any]], asked: Mapping[str, Any], shape: Shape | None) -> list[Any]:
    """The resources in the order of a property; those without it at the end."""
    name = asked.get("SortBy") or "LastModifiedTime"
    if asked.get("SortBy") and shape is not None:
        of = property_of(name, shape)
        key: Callable[[Mapping[str, Any]], Any] = lambda record: next(iter(of.values(record)), None)  # noqa: E731
    else:
        key = _last_modified
    have = [record for record in records if key(record) is not None]
    have.sort(key=lambda record: _sortable(key(record)), reverse=asked.get("SortOrder") != "Ascending")
    return have + [record for record in records if key(record) is None]


def _sortable(value: Any) -> Any:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)) - BEGIN
    return value if isinstance(value, int | float) else str(value)


def _last_modified(record: Mapping[str, Any]) -> Any:
    inner = record.get("Model") or record
    return inner.get("LastModifiedTime") or inner.get("CreationTime")


def _begin(token: str | None) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise BadSearch("Invalid NextToken.") from None


def _records(backend: SageMakerModelBackend) -> dict[str, Callable[[], Iterable[Mapping[str, Any]]]]:
    """What there is of each resource, as its Describe operation answers it, with its tags."""
    return {
        "TrainingJob": lambda: [_tagged(one.response_object, one) for one in list(backend.training_jobs.values())],
        "HyperParameterTuningJob": lambda: [
            _tagged(one.describe(), one) for one in list(backend.hyper_parameter_tuning_jobs.values())
        ],
        "Endpoint": lambda: [_tagged(one.response_object, one) for one in list(backend.endpoints.values())],
        "Model": lambda: [{"Model": _tagged(one.response_object, one)} for one in list(backend._models.values())],
        "ModelPackage": lambda: [
            _tagged(_named(one), _group(backend, one)) for one in list(backend.model_packages.values())
        ],
        "ModelPackageGroup": lambda: [
            _tagged(one.gen_response_object(), one) for one in list(backend.model_package_groups.values())
        ],
        "ModelCard": lambda: [
            _tagged(versions[-1].describe(), versions[-1]) for versions in list(backend.model_cards.values())
        ],
    }


def _named(package: Any) -> Mapping[str, Any]:
    """A model package with its name. A version's is ``GROUP/VERSION`` here (SageMaker API Reference, ModelPackage)."""
    found = package.gen_response_object()
    version = f"{package.model_package_group_name}/{package.model_package_version}"
    return {**found, "ModelPackageName": version} if package.model_package_group_name else found


def _group(backend: SageMakerModelBackend, package: Any) -> Any:
    """The resource whose tags a package has: its group, if it has one."""
    return backend.model_package_groups.get(package.model_package_group_name or "") or package


def _tagged(record: Mapping[str, Any], resource: Any) -> Mapping[str, Any]:
    tags = list(resource.tags or [])
    return {**record, **({"Tags": tags} if tags else {})}
