"""Adds variants to the endpoint and takes them away, before Terraform's update.

Example (not run: it needs a running endpoint)::

    change = find(sagemaker.describe_endpoint(EndpointName="scones-dev"), value_files(environment, "service"))
    str(change)                             # 'from AllTraffic to AllTraffic and Candidate'
    begin(sagemaker, change)                # the endpoint is Updating; then Terraform applies the rest

SageMaker's deployment guardrails need the same variants before and after an update (developer guide, "Exclusions"). An
update without guardrails may change them (developer guide, "Update an endpoint": "you can add new model variants").
Terraform's provider cannot make one: it replaces an endpoint whose guardrails come or go.

So a comparison of models begins and ends with two updates. The first one is without guardrails, and changes the set of
variants only: a new variant serves the model that is served already, and gets no requests. The second one is
Terraform's, with guardrails. It brings the new models and weights. If an apply is interrupted between the two, and the
next one wants other variants, the endpoint is led back first.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from scones.errors import SettingsError, TerraformError

MAIN = "AllTraffic"
LEFT = (
    "An interrupted apply has left the endpoint with {EndpointConfigName}, between two changes of its variants. "
    "invoke tf.apply and the pipeline lead it back first, to the configuration that was applied last."
)


@dataclass(frozen=True)
class VariantChange:
    """A change of the set of an endpoint's variants.

    Attributes:
        endpoint: DescribeEndpoint's answer.
        production: The names of the production variants afterwards.
        shadow: The names of the shadow variants afterwards.
    """

    endpoint: Mapping[str, Any]
    production: tuple[str, ...]
    shadow: tuple[str, ...]

    def __str__(self) -> str:
        return f"from {_listed(_names(self.endpoint))} to {_listed({*self.production, *self.shadow})}"

    @property
    def notice(self) -> str:
        """What an apply does, for people who read the plan."""
        return (
            f"This plan changes the endpoint's variants {self}. SageMaker's deployment guardrails exclude that. So "
            "invoke tf.apply and the pipeline make two updates. The first one is without guardrails and changes only "
            "the variants: they all serve the model that is served now. The second one is that of this plan, with "
            "guardrails. A plain terraform apply makes the second one only, which SageMaker may refuse."
        )


def find(endpoint: Mapping[str, Any] | None, values: Iterable[Path]) -> VariantChange | None:
    """The change of the variants that an apply brings. None if it brings none, or there is no endpoint.

    Args:
        endpoint: DescribeEndpoint's answer.
        values: The value files of the stack ``service``. Later ones win, as for Terraform.

    Raises:
        SettingsError: a file cannot be read.
    """
    candidate: Any = None
    for path in values:
        try:
            candidate = json.loads(path.read_text()).get("candidate", candidate)
        except (OSError, ValueError, AttributeError) as error:
            raise SettingsError(f"{path} cannot be used: {error}") from None
    if endpoint is not None and endpoint["EndpointStatus"] == "Failed":
        return None  # it is made again
    shadow = bool(candidate and candidate.get("shadow"))
    change = VariantChange(
        endpoint or {},
        (MAIN, "Candidate") if candidate and not shadow else (MAIN,),
        ("Shadow",) if shadow else (),
    )
    return None if endpoint is None or _names(endpoint) == {*change.production, *change.shadow} else change


def begin(sagemaker: Any, change: VariantChange) -> str:
    """Start the update without guardrails, to a configuration that only this update needs. Returns its name.

    Args:
        sagemaker: A boto3 SageMaker client.

    Raises:
        TerraformError: the endpoint's configuration is gone, or SageMaker refuses the update.
    """
    name, now = change.endpoint["EndpointName"], change.endpoint["EndpointConfigName"]
    fields = sagemaker.meta.service_model.operation_model("CreateEndpointConfig").input_shape.members
    try:
        found = sagemaker.describe_endpoint_config(EndpointConfigName=now)
        request = between({key: value for key, value in found.items() if key in fields}, change)
        try:
            sagemaker.create_endpoint_config(**request)
        except ClientError as error:
            if "already exist" not in str(error):  # an interrupted apply has made it
                raise
        sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=request["EndpointConfigName"])
        return str(request["EndpointConfigName"])
    except ClientError as error:
        raise TerraformError(
            f"the variants of endpoint '{name}' cannot be changed {change}: {error}",
            hint=f"it goes on serving {now}; nothing was applied",
        ) from error


def between(config: Mapping[str, Any], change: VariantChange) -> dict[str, Any]:
    """The request for the configuration between the two updates.

    Args:
        config: The present configuration, with the fields of CreateEndpointConfig only.
    """
    counts = {
        one["VariantName"]: one.get("DesiredInstanceCount") for one in change.endpoint.get("ProductionVariants", [])
    }
    every = [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
    there = {one["VariantName"]: dict(one) for one in every}
    for name, one in there.items():
        one["InitialInstanceCount"] = counts.get(name) or one["InitialInstanceCount"]

    def made(name: str) -> dict[str, Any]:
        new = {**there[MAIN], "VariantName": name, "InitialInstanceCount": 1, "InitialVariantWeight": 0.0}
        return there.get(name, new)

    request = {key: value for key, value in config.items() if key != "ShadowProductionVariants"}
    request["ProductionVariants"] = [made(one) for one in change.production]
    if change.shadow:
        request["ShadowProductionVariants"] = [made(one) for one in change.shadow]
    content = json.dumps(request, sort_keys=True, default=str)
    request["EndpointConfigName"] = _name(change.endpoint["EndpointName"], content)
    return request


def clean(sagemaker: Any, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
    """Delete the configuration of :func:`begin`, if the endpoint no longer runs it.

    Args:
        before: DescribeEndpoint's answer before Terraform's update.
        after: The one after it.
    """
    if before and is_between(before) and before["EndpointConfigName"] != after["EndpointConfigName"]:
        sagemaker.delete_endpoint_config(EndpointConfigName=before["EndpointConfigName"])


def clean_all(sagemaker: Any, endpoint: str) -> None:
    """Delete every configuration of :func:`begin` for an endpoint that is gone."""
    pages = sagemaker.get_paginator("list_endpoint_configs").paginate(NameContains=f"{endpoint}-v")
    names = [one["EndpointConfigName"] for page in pages for one in page["EndpointConfigs"]]
    for name in names:
        if _is_between(endpoint, name):
            sagemaker.delete_endpoint_config(EndpointConfigName=name)


def is_between(endpoint: Mapping[str, Any]) -> bool:
    """Whether an endpoint runs a configuration of :func:`begin`."""
    return _is_between(endpoint["EndpointName"], endpoint["EndpointConfigName"])


def _is_between(endpoint: str, config: str) -> bool:
    return re.fullmatch(rf"{re.escape(endpoint)}-v[0-9a-f]{{11}}", config) is not None


def is_guarded(endpoint: Mapping[str, Any]) -> bool:
    """Whether the endpoint's last update had guardrails. If not, a refreshed plan would replace the endpoint."""
    return bool((endpoint.get("LastDeploymentConfig") or {}).get("AutoRollbackConfiguration"))


def _name(endpoint: str, content: str) -> str:
    # As long as Terraform's names of configurations, and different from all of them, which end in 12 digits of a hash.
    return f"{endpoint}-v{hashlib.sha256(content.encode()).hexdigest()[:11]}"


def _names(endpoint: Mapping[str, Any]) -> set[str]:
    every = [*endpoint.get("ProductionVariants", []), *endpoint.get("ShadowProductionVariants", [])]
    return {one["VariantName"] for one in every}


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))
