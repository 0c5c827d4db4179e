"""The permissions of Service Quotas' operations.

AWS: Service Authorization Reference, "Service Quotas". The dependent actions there are for other services' quotas.
"""

from __future__ import annotations

from localcloud.iam.needs import on

TABLES = {
    "servicequotas": {
        **on(
            "*",
            "servicequotas",
            "GetAWSDefaultServiceQuota",
            "ListAWSDefaultServiceQuotas",
            "ListServiceQuotas",
            tagged=False,
        ),
        **on(
            "arn:aws:servicequotas:{region}:{account}:{ServiceCode}/{QuotaCode}",
            "servicequotas",
            "GetServiceQuota",
            "RequestServiceQuotaIncrease",
            context={"servicequotas:service": "{ServiceCode}"},
            tagged=False,
        ),
    }
}
