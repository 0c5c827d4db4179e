"""AWS on this machine: a local cloud that really runs functions, state machines, training jobs and endpoints.

One process on 127.0.0.1 speaks AWS's APIs. It is moto, and it completes moto where moto only pretends to do the work.
It needs no AWS account and no Docker. It trains and serves with the package ``imageclassification``. It does not depend
on any project that uses it.

Example (not run: it starts a cloud)::

    from pathlib import Path

    import boto3

    from localcloud import control

    cloud = control.up(Path("build/local"), port=0, tethered=True)      # ends with this process
    keys = {"aws_access_key_id": cloud.access_key_id, "aws_secret_access_key": cloud.secret_access_key}
    s3 = boto3.client("s3", endpoint_url=cloud.endpoint, region_name="us-east-1", **keys)
    s3.create_bucket(Bucket="images")
    control.down(cloud.state)

The modules to start with:

===========  =========================================================================
``control``  starts, finds and ends a cloud
``server``   the cloud's process: ``python -m localcloud.server --state build/local``
``errors``   the exceptions that these raise
===========  =========================================================================
"""
