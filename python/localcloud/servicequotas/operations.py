"""Service Quotas' operations.

moto: ``servicequotas/models.py`` has some quotas of Amazon VPC, and no quota acts.

AWS: Service Quotas API Reference. Here only SageMaker has quotas, and an increase that is asked for is granted at once;
on AWS a person may decide, in hours or days.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.servicequotas.responses import ServiceQuotasResponse

from localcloud.servicequotas import quotas
from localcloud.servicequotas.quotas import SERVICE, SERVICE_NAME

FILE = "quotas.json"
_PAGE = 100  # as the API's greatest MaxResults


def install(path: Path) -> None:
    """Answer the operations.

    Args:
        path: The file of the quotas.
    """

    def described(response: ServiceQuotasResponse, name: str, *, value: float | None = None) -> dict[str, Any]:
        account, region, code = response.current_account, response.region, quotas.code_of(name)
        return {
            "ServiceCode": SERVICE,
            "ServiceName": SERVICE_NAME,
            "QuotaArn": f"arn:aws:servicequotas:{region}:{account}:{SERVICE}/{code}",
            "QuotaCode": code,
            "QuotaName": name,
            "Value": quotas.value(path, region, name) if value is None else value,
            "Unit": "None",
            "Adjustable": True,
            "GlobalQuota": False,
        }

    def get_service_quota(self: ServiceQuotasResponse) -> str:
        return json.dumps({"Quota": described(self, _asked(self))})

    def get_aws_default_service_quota(self: ServiceQuotasResponse) -> str:
        return json.dumps({"Quota": described(self, _asked(self), value=quotas.DEFAULT)})

    def list_service_quotas(self: ServiceQuotasResponse) -> str:
        return _page(self, [described(self, name) for name in _names(self)])

    def list_aws_default_service_quotas(self: ServiceQuotasResponse) -> str:
        return _page(self, [described(self, name, value=quotas.DEFAULT) for name in _names(self)])

    def request_service_quota_increase(self: ServiceQuotasResponse) -> str:
        name, wanted = _asked(self), float(json.loads(self.body)["DesiredValue"])
        before = described(self, name)
        if wanted <= before["Value"]:
            raise JsonRESTError(
                "IllegalArgumentException",
                f"You must provide a quota value greater than the current quota value of {before['Value']}.",
            )
        quotas.write(path, self.region, name, wanted)
        now = datetime.now(UTC).timestamp()
        asked = {key: before[key] for key in ("ServiceCode", "ServiceName", "QuotaArn", "QuotaCode", "QuotaName")}
        asked |= {"Id": f"{int(now * 1000):032x}", "DesiredValue": wanted, "Status": "APPROVED", "Unit": "None"}
        return json.dumps({"RequestedQuota": {**asked, "Created": now, "LastUpdated": now, "GlobalQuota": False}})

    for action in (
        get_service_quota,
        get_aws_default_service_quota,
        list_service_quotas,
        list_aws_default_service_quotas,
        request_service_quota_increase,
    ):
        setattr(ServiceQuotasResponse, action.__name__, action)


def _names(response: ServiceQuotasResponse) -> tuple[str, ...]:
    """The names of the asked service's quotas.

    Raises:
        JsonRESTError: The local cloud has no quotas of this service.
    """
    service = json.loads(response.body)["ServiceCode"]
    if service != SERVICE:
        raise JsonRESTError(
            "NoSuchResourceException", f"The local cloud has quotas of service {SERVICE} only, not of {service}."
        )
    return quotas.names()


def _asked(response: ServiceQuotasResponse) -> str:
    """The name of the asked quota.

    Raises:
        JsonRESTError: There is no such quota.
    """
    code = json.loads(response.body)["QuotaCode"]
    for name in _names(response):
        if quotas.code_of(name) == code:
            return name
    raise JsonRESTError(
        "NoSuchResourceException", f"The request failed because the specified quota {code} does not exist."
    )


def _page(response: ServiceQuotasResponse, found: list[dict[str, Any]]) -> str:
    asked = json.loads(response.body)
    token, size = asked.get("NextToken") or "0", asked.get("MaxResults") or _PAGE
    if not token.isdecimal():
        raise JsonRESTError("InvalidPaginationTokenException", "Invalid input was provided: the token is not valid.")
    begin, end = int(token), int(token) + size
    more = {"NextToken": str(end)} if end < len(found) else {}
    return json.dumps({"Quotas": found[begin:end], **more})
