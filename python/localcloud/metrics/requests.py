"""The requests of S3 that a metrics configuration has counted: so far those that put an object.

AWS: AWS/S3 with the dimensions BucketName and FilterId: PutRequests, AllRequests (Amazon S3 User Guide, Amazon S3
CloudWatch request metrics). On AWS they come some minutes late.
"""

from __future__ import annotations

from typing import Any

from moto.s3.models import S3Backend

from localcloud.gaps.s3_metrics_configurations import configurations
from localcloud.metrics.store import Metrics


def install(metrics: Metrics) -> None:
    """Count every object that is put under a prefix of a metrics configuration."""
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
