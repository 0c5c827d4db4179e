"""The permissions of IAM's and STS's operations.

Requests name roles and policies without their path, so moto's backend gives the path.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from moto.iam.models import iam_backends

from localcloud.iam.needs import Asked, Given, Need, on
from localcloud.iam.registry import Registry

IAM = "arn:aws:iam::{account}:"


def _named(kind: str) -> str:
    return {"role": "RoleName", "user": "UserName", "group": "GroupName"}[kind]


def _entity(kind: str, asked: Asked) -> Iterable[str]:
    """The ARN of a role, user or group, with its path.

    A new one has the path of the request.
    """
    name = asked.value(_named(kind)) or "*"
    path = asked.value("Path") or "/"
    known = next((one for one in list(getattr(_iam(asked), f"{kind}s").values()) if one.name == name), None)
    return [f"arn:aws:iam::{asked.account}:{kind}{known.path if known else path}{name}"]


def role(asked: Asked) -> Iterable[str]:
    return _entity("role", asked)


def user(asked: Asked) -> Iterable[str]:
    return _entity("user", asked)


def group(asked: Asked) -> Iterable[str]:
    return _entity("group", asked)


def _new_policy(asked: Asked) -> Iterable[str]:
    return [f"arn:aws:iam::{asked.account}:policy{asked.value('Path') or '/'}{asked.value('PolicyName')}"]


def _service_role(asked: Asked) -> Iterable[str]:
    """The ARN of a service-linked role. Its service names it; IAM chooses the last part, so that is ``*``."""
    return [f"arn:aws:iam::{asked.account}:role/aws-service-role/{asked.value('AWSServiceName')}/*"]


def _provider(asked: Asked) -> Iterable[str]:
    host = (asked.value("Url") or "*").removeprefix("https://")
    return [f"arn:aws:iam::{asked.account}:oidc-provider/{host}"]


def _boundary(asked: Asked) -> Given:
    """The condition keys of the permissions boundary that a role or user has or gets, and of the attached policy."""
    name = asked.value("RoleName") or asked.value("UserName")
    holders = [*list(_iam(asked).roles.values()), *list(_iam(asked).users.values())]
    held = next((getattr(one, "permissions_boundary_arn", None) for one in holders if one.name == name), None)
    boundary, policy = asked.value("PermissionsBoundary") or held, asked.value("PolicyArn")
    found: Given = {"iam:permissionsboundary": (boundary,)} if boundary else {}
    return found | ({"iam:policyarn": (policy,)} if policy else {})


def _iam(asked: Asked) -> Any:
    return iam_backends[asked.account]["aws"]


ROLE_WRITES = (
    "AttachRolePolicy",
    "DeleteRole",
    "DeleteRolePermissionsBoundary",
    "DeleteRolePolicy",
    "DetachRolePolicy",
    "GetRole",
    "PutRolePermissionsBoundary",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
    "UpdateRole",
    "UpdateRoleDescription",
)
USER_WRITES = ("AttachUserPolicy", "DeleteUser", "DeleteUserPolicy", "DetachUserPolicy", "PutUserPolicy")

IAM_TABLE = {
    **on(role, "iam", *ROLE_WRITES, context=_boundary),
    **on(
        role,
        "iam",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
        "ListInstanceProfilesForRole",
        "ListRolePolicies",
        "ListRoleTags",
        "TagRole",
        "UntagRole",
    ),
    "CreateRole": (
        Need("iam:CreateRole", (role,), _boundary),
        Need("iam:TagRole", (role,), when="Tags"),
    ),
    "CreateServiceLinkedRole": (
        Need("iam:CreateServiceLinkedRole", (_service_role,), {"iam:awsservicename": "{AWSServiceName}"}),
    ),
    **on("{PolicyArn}", "iam", "CreatePolicyVersion", "DeletePolicy", "DeletePolicyVersion", "GetPolicy"),
    **on("{PolicyArn}", "iam", "GetPolicyVersion", "ListEntitiesForPolicy", "ListPolicyTags", "ListPolicyVersions"),
    **on("{PolicyArn}", "iam", "SetDefaultPolicyVersion", "TagPolicy", "UntagPolicy"),
    "CreatePolicy": (
        Need("iam:CreatePolicy", (_new_policy,)),
        Need("iam:TagPolicy", (_new_policy,), when="Tags"),
    ),
    "CreateOpenIDConnectProvider": (
        Need("iam:CreateOpenIDConnectProvider", (_provider,)),
        Need("iam:TagOpenIDConnectProvider", (_provider,), when="Tags"),
    ),
    **on(
        "{OpenIDConnectProviderArn}",
        "iam",
        "AddClientIDToOpenIDConnectProvider",
        "DeleteOpenIDConnectProvider",
        "GetOpenIDConnectProvider",
        "ListOpenIDConnectProviderTags",
        "RemoveClientIDFromOpenIDConnectProvider",
        "TagOpenIDConnectProvider",
        "UntagOpenIDConnectProvider",
        "UpdateOpenIDConnectProviderThumbprint",
    ),
    **on(user, "iam", *USER_WRITES, context=_boundary),
    **on(user, "iam", "CreateAccessKey", "DeleteAccessKey", "GetUser", "GetUserPolicy", "ListAccessKeys"),
    **on(user, "iam", "ListAttachedUserPolicies", "ListGroupsForUser", "ListUserPolicies", "ListUserTags"),
    "CreateUser": (Need("iam:CreateUser", (user,), _boundary), Need("iam:TagUser", (user,), when="Tags")),
    **on("{PolicySourceArn}", "iam", "GetContextKeysForPrincipalPolicy", "SimulatePrincipalPolicy"),
    **on("*", "iam", "GetContextKeysForCustomPolicy", "SimulateCustomPolicy"),
    **on("*", "iam", "ListAccountAliases", "ListOpenIDConnectProviders", "ListPolicies", "ListRoles", "ListUsers"),
}

# A role's trust policy is its resource-based policy, so it decides about AssumeRole.
STS_TABLE = {
    # "No permissions are required to perform this operation" (AWS STS API Reference, GetCallerIdentity).
    "GetCallerIdentity": (),
    "AssumeRole": (
        Need(
            "sts:AssumeRole",
            ("{RoleArn}",),
            {
                "sts:externalid": "{ExternalId}",
                "sts:rolesessionname": "{RoleSessionName}",
                "sts:sourceidentity": "{SourceIdentity}",
                "sts:transitivetagkeys": "{TransitiveTagKeys}",
            },
        ),
        Need("sts:TagSession", ("{RoleArn}",), {"sts:transitivetagkeys": "{TransitiveTagKeys}"}, when="Tags"),
        Need(
            "sts:SetSourceIdentity",
            ("{RoleArn}",),
            {"sts:sourceidentity": "{SourceIdentity}"},
            when="SourceIdentity",
            tagged=False,
        ),
    ),
    "AssumeRoleWithWebIdentity": (
        Need(
            "sts:AssumeRoleWithWebIdentity",
            ("{RoleArn}",),
            {"sts:rolesessionname": "{RoleSessionName}"},
        ),
    ),
}

TABLES = {"iam": IAM_TABLE, "sts": STS_TABLE}


def tags_of(account: str, region: str, arn: str) -> dict[str, str]:
    """The tags of a role, a user, a policy or an identity provider."""
    iam = iam_backends[account]["aws"]
    kind, _, _ = arn.split(":", 5)[5].partition("/")
    if kind == "oidc-provider":
        return _pairs(getattr(iam.open_id_providers.get(arn), "tags", {}).values())
    if kind == "policy":
        return _pairs(getattr(iam.managed_policies.get(arn), "tags", {}).values())
    if kind == "user":
        return _pairs(iam.tagger.list_tags_for_resource(arn)["Tags"])
    found = next((one for one in list(iam.roles.values()) if one.arn == arn), None) if kind == "role" else None
    return _pairs(found.tags if found else ())


def _pairs(tags: Iterable[Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def register(registry: Registry) -> None:
    """Register the permissions that IAM's and STS's operations need, and the tags of roles, users and policies."""
    registry.permissions(TABLES)
    registry.tags("iam", tags_of)
