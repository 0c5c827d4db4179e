"""The permissions that Lambda's operations need."""

from __future__ import annotations

from collections.abc import Iterable

from moto.ec2.models import ec2_backends

from localcloud.iam.needs import Asked, Given, Need, on, passing
from localcloud.kms.keys import arn_of, tags
from localcloud.lambda_ import names


def function(asked: Asked) -> Iterable[str]:
    """The function's ARN without its version or alias.

    Example::

        >>> asked = Asked("DeleteFunction", {"FunctionName": "filter:live"}, "us-east-1", "123456789012")
        >>> function(asked), qualified(asked)
        (['arn:aws:lambda:us-east-1:123456789012:function:filter'],
         ['arn:aws:lambda:us-east-1:123456789012:function:filter:live'])
    """
    return [_function(asked)[0]]


def qualified(asked: Asked) -> Iterable[str]:
    """The function's ARN with the version or alias of the request, if it has one."""
    arn, qualifier = _function(asked)
    return [f"{arn}:{qualifier}" if qualifier else arn]


def _function(asked: Asked) -> tuple[str, str | None]:
    """The function's unqualified ARN and its qualifier.

    FunctionName is a name, ``name:alias``, ``123456789012:function:name`` or an ARN with or without a qualifier. An
    ARN of another account or region stays one.
    """
    called = asked.value("FunctionName") or "*"
    found = names.read(called) or names.FunctionName(called)
    base = f"arn:{found.partition}:lambda:{found.region or asked.region}:{found.account or asked.account}"
    return f"{base}:function:{found.name}", asked.value("Qualifier") or found.qualifier


def _placed(asked: Asked) -> bool:
    return bool(asked.values("VpcConfig.SubnetIds"))


# A caller that attaches a function to a VPC needs these permissions too (Lambda Developer Guide, "Giving Lambda
# functions access to resources in an Amazon VPC", required IAM permissions).
PLACING = tuple(
    Need(f"ec2:{action}", when=_placed, tagged=False)
    for action in ("DescribeSecurityGroups", "DescribeSubnets", "DescribeVpcs")
)


def _configured(asked: Asked) -> Given:
    """The condition keys of a function's network and layers."""
    subnets = asked.values("VpcConfig.SubnetIds")
    known = {
        subnet.id: subnet.vpc_id
        for zone in list(ec2_backends[asked.account][asked.region].subnets.values())
        for subnet in list(zone.values())
    }
    found = {
        "lambda:layer": asked.values("Layers"),
        "lambda:securitygroupids": asked.values("VpcConfig.SecurityGroupIds"),
        "lambda:subnetids": subnets,
        "lambda:vpcids": list(dict.fromkeys(known[subnet] for subnet in subnets if subnet in known)),
    }
    return {key: tuple(values) for key, values in found.items() if values}


def _environment_key(asked: Asked) -> Iterable[str]:
    called = asked.value("KMSKeyArn") or ""
    return [arn_of(called, asked.account, asked.region) or called]


def _via_lambda(asked: Asked) -> Given:
    return {
        "kms:calleraccount": (asked.account,),
        "kms:encryptioncontext:aws:lambda:functionarn": (_function(asked)[0],),
        "kms:encryptioncontextkeys": ("aws:lambda:FunctionArn",),
        "kms:viaservice": (f"lambda.{asked.region}.amazonaws.com",),
        **{name: values for key in _environment_key(asked) for name, values in tags(key).items()},
    }


def _granting(asked: Asked) -> Given:
    return {**_via_lambda(asked), "kms:grantisforawsresource": ("true",)}


# A caller that sets KMSKeyArn needs these too (Lambda Developer Guide, "Securing Lambda environment variables").
ENCRYPTING = (
    Need("kms:CreateGrant", (_environment_key,), _granting, when="KMSKeyArn", tagged=False),
    Need("kms:Encrypt", (_environment_key,), _via_lambda, when="KMSKeyArn", tagged=False),
)


def _from_s3(inside: str) -> tuple[Need, ...]:
    """What a caller needs whose zip is an object: Lambda reads it in the caller's name.

    AWS: Lambda Developer Guide, "Deploying Lambda functions as .zip file archives".
    """

    def named(which: str) -> str:
        return f"{inside}.{which}" if inside else which

    def latest(asked: Asked) -> bool:
        return bool(asked.value(named("S3Bucket"))) and not asked.value(named("S3ObjectVersion"))

    where = f"arn:aws:s3:::{{{named('S3Bucket')}}}/{{{named('S3Key')}}}"
    return (
        Need("s3:GetObject", (where,), when=latest, tagged=False),
        Need("s3:GetObjectVersion", (where,), when=named("S3ObjectVersion"), tagged=False),
    )


# The caller needs the permission to read the function's layers (Lambda Developer Guide, on the permissions of layers).
LAYERS = Need("lambda:GetLayerVersion", ("{Layers}",), when="Layers", tagged=False)


def _layer_version(asked: Asked) -> Iterable[str]:
    """The layer version's ARN. LayerName is a name or an ARN."""
    called, version = asked.value("LayerName") or "*", asked.value("VersionNumber") or "*"
    layer = called if called.startswith("arn:") else f"arn:aws:lambda:{asked.region}:{asked.account}:layer:{called}"
    return [f"{layer}:{version}"]


# What a function is configured with.
CONFIGURING = (passing("Role", "lambda.amazonaws.com"), *PLACING, *ENCRYPTING, LAYERS)
PERMISSION = {"lambda:functionurlauthtype": "{FunctionUrlAuthType}", "lambda:principal": "{Principal}"}
MAPPING = "arn:aws:lambda:{region}:{account}:event-source-mapping:{UUID}"


def _mapped_function(asked: Asked) -> Given:
    """The function of the request, or else that of the mapping."""
    from moto.awslambda.models import lambda_backends

    if asked.value("FunctionName"):
        return {"lambda:functionarn": tuple(qualified(asked))}
    mapping = lambda_backends[asked.account][asked.region]._event_source_mappings.get(asked.value("UUID"))
    return {"lambda:functionarn": (mapping.function_arn,)} if mapping is not None else {}


TABLE = {
    "CreateFunction": (
        Need("lambda:CreateFunction", (function,), _configured),
        Need("lambda:TagResource", (function,), when="Tags"),
        *CONFIGURING,
        *_from_s3("Code"),
    ),
    "UpdateFunctionCode": (Need("lambda:UpdateFunctionCode", (function,)), *_from_s3("")),
    "UpdateFunctionConfiguration": (
        Need("lambda:UpdateFunctionConfiguration", (function,), _configured),
        *CONFIGURING,
    ),
    "Invoke": (Need("lambda:InvokeFunction", (qualified,)),),
    "AddPermission": (Need("lambda:AddPermission", (function,), PERMISSION),),
    "RemovePermission": (Need("lambda:RemovePermission", (function,)),),
    **on(qualified, "lambda", "GetFunction", "GetFunctionConfiguration", "GetPolicy"),
    **on(
        function,
        "lambda",
        "CreateAlias",
        "DeleteAlias",
        "DeleteFunction",
        "DeleteFunctionConcurrency",
        "DeleteFunctionEventInvokeConfig",
        "GetAlias",
        "GetFunctionCodeSigningConfig",
        "GetFunctionConcurrency",
        "GetFunctionEventInvokeConfig",
        "GetFunctionRecursionConfig",
        "GetRuntimeManagementConfig",
        "ListAliases",
        "ListFunctionEventInvokeConfigs",
        "ListVersionsByFunction",
        "PublishVersion",
        "PutFunctionConcurrency",
        "PutFunctionEventInvokeConfig",
        "PutFunctionRecursionConfig",
        "PutRuntimeManagementConfig",
        "UpdateAlias",
        "UpdateFunctionEventInvokeConfig",
    ),
    **on("*", "lambda", "CreateEventSourceMapping", context=_mapped_function),
    **on(MAPPING, "lambda", "DeleteEventSourceMapping", "GetEventSourceMapping", context=_mapped_function),
    **on(MAPPING, "lambda", "UpdateEventSourceMapping", context=_mapped_function),
    "PublishLayerVersion": (
        Need("lambda:PublishLayerVersion", ("arn:aws:lambda:{region}:{account}:layer:{LayerName}",)),
        *_from_s3("Content"),
    ),
    **on(
        _layer_version,
        "lambda",
        "AddLayerVersionPermission",
        "DeleteLayerVersion",
        "GetLayerVersion",
        "GetLayerVersionPolicy",
        "RemoveLayerVersionPermission",
    ),
    "ListTags": (Need("lambda:ListTags", ("{Resource}",)),),
    "TagResource": (Need("lambda:TagResource", ("{Resource}",)),),
    "UntagResource": (Need("lambda:UntagResource", ("{Resource}",)),),
    **on(
        "*",
        "lambda",
        "GetAccountSettings",
        "ListEventSourceMappings",
        "ListFunctions",
        "ListLayerVersions",
        "ListLayers",
    ),
}

TABLES = {"lambda": TABLE}
#: Whom a statement names is known to the function's policy only.
UNJUDGED = {"lambda:RemovePermission": ("lambda:principal", "lambda:functionurlauthtype")}
