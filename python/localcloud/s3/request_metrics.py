"""A bucket's metrics configurations: S3 counts the requests under their prefixes.

moto: ``s3/responses.py`` ignores ``?metrics``. A put recreates the bucket, and a delete deletes it.

AWS: PutBucketMetricsConfiguration and the operations beside it (Amazon S3 API Reference). Filters by tag or access
point are refused. The namespace is AWS/S3, the dimensions are BucketName and FilterId, and the metrics are PutRequests
and AllRequests. Only requests that put an object are counted so far (Amazon S3 User Guide, Amazon S3 CloudWatch request
metrics). On AWS these metrics are some minutes late.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

import xmltodict
from moto.s3.exceptions import S3ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

from localcloud.context import MetricStore

XMLNS = "http://s3.amazonaws.com/doc/2006-03-01/"


class NoSuchConfiguration(S3ClientError):
    code = 404

    def __init__(self) -> None:
        super().__init__("NoSuchConfiguration", "The specified configuration does not exist.")


class Unsupported(S3ClientError):
    code = 400

    def __init__(self, what: str) -> None:
        super().__init__("NotImplemented", f"the local cloud does not support a metrics configuration by {what}")


def install(metrics: MetricStore) -> None:
    """Store a bucket's metrics configurations, and count the objects that are put under their prefixes."""
    _keep()
    _count(metrics)


def _keep() -> None:
    get, put, delete = (
        S3Response._bucket_response_get,
        S3Response._bucket_response_put,
        S3Response._bucket_response_delete,
    )

    def bucket_response_get(self: S3Response, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "metrics" not in querystring:
            return get(self, bucket_name, querystring)
        known = configurations(self.backend.get_bucket(bucket_name))
        if "id" in querystring:
            (wanted,) = querystring["id"]
            if wanted not in known:
                raise NoSuchConfiguration
            return _xml("MetricsConfiguration", _fields(wanted, known[wanted]))
        each = "".join(
            f"<MetricsConfiguration>{_fields(name, prefix)}</MetricsConfiguration>" for name, prefix in known.items()
        )
        return _xml("ListMetricsConfigurationsResult", f"<IsTruncated>false</IsTruncated>{each}")

    def bucket_response_put(self: S3Response, request: Any, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "metrics" not in querystring:
            return put(self, request, bucket_name, querystring)
        found = xmltodict.parse(self.body)["MetricsConfiguration"]
        filters = found.get("Filter") or {}
        if unknown := sorted(set(filters) - {"Prefix"}):
            raise Unsupported(unknown[0])
        configurations(self.backend.get_bucket(bucket_name))[found["Id"]] = filters.get("Prefix") or ""
        return 200, {}, ""

    def bucket_response_delete(self: S3Response, bucket_name: str, querystring: dict[str, Any]) -> Any:
        if "metrics" not in querystring:
            return delete(self, bucket_name, querystring)
        if configurations(self.backend.get_bucket(bucket_name)).pop(querystring["id"][0], None) is None:
            raise NoSuchConfiguration
        return 204, {}, ""

    S3Response._bucket_response_get = bucket_response_get
    S3Response._bucket_response_put = bucket_response_put
    S3Response._bucket_response_delete = bucket_response_delete


def _count(metrics: MetricStore) -> None:
    put = S3Backend.put_object

    def put_object(self: S3Backend, bucket_name: str, key_name: str, *args: Any, **kwargs: Any) -> Any:
        answer = put(self, bucket_name, key_name, *args, **kwargs)
        bucket = self.get_bucket(bucket_name)
        for name, prefix in configurations(bucket).items():
            if key_name.startswith(prefix):
                dimensions = {"BucketName": bucket_name, "FilterId": name}
                for metric in ("PutRequests", "AllRequests"):
                    whose = {"account": bucket.account_id, "region": bucket.region_name}
                    metrics.put("AWS/S3", metric, dimensions, 1, "Count", **whose)
        return answer

    S3Backend.put_object = put_object


def configurations(bucket: Any) -> dict[str, str]:
    """A bucket's metrics configurations: their prefixes by their ids."""
    return bucket.__dict__.setdefault("metrics_configurations", {})


def _fields(name: str, prefix: str) -> str:
    chosen = f"<Filter><Prefix>{escape(prefix)}</Prefix></Filter>" if prefix else ""
    return f"<Id>{escape(name)}</Id>{chosen}"


def _xml(root: str, content: str) -> tuple[int, dict[str, str], str]:
    return 200, {"content-type": "application/xml"}, f'<{root} xmlns="{XMLNS}">{content}</{root}>'
