"""Every policy of AWS's that moto ships can be judged, for every request that a permission table knows.

A key that requests have on AWS, and whose value the local cloud does not know, is named in the registry. No policy of
AWS's may need one.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator

import pytest
from moto.iam.aws_managed_policies import aws_managed_policies_data

from localcloud.errors import UnsupportedPolicy
from localcloud.iam.evaluation import Access, Policies, Principal, Request, evaluate
from localcloud.iam.lookups import completed
from localcloud.iam.policies import Statement, matches_action, statements
from localcloud.s3.conditions import HEADERS

from .samples import ACCOUNT, REGISTRY, TABLES, derive, parameters
from .test_derivation import condition_keys

SESSION = Principal(
    f"arn:aws:sts::{ACCOUNT}:assumed-role/one/session", ACCOUNT, "role", f"arn:aws:iam::{ACCOUNT}:role/one"
)
#: Keys of the reference that no request of the local cloud has, because it has not what they tell of.
HAS_NOT = (
    *("s3:accessgrant", "s3:accesspoint", "s3:dataaccesspoint"),  # access points and grants
    *("s3:buckettag/", "s3:isreplicationpauserequest"),  # tags of buckets count after PutBucketAbac
    *("s3:object-lock-remaining-retention-days", "lambda:eventsourcetoken", "lambda:invokedviafunctionurl"),
    *("lambda:codesigningconfigarn", "events:managedby", "events:eventbusinvocation", "iam:associatedresourcearn"),
    *("logs:loggeneratingresourcearns", "sagemaker:directgatedmodelaccess", "kms:recipientattestation:"),
    *("kms:multiregionkeytype", "sts:sourceidentity", "sts:transitivetagkeys", "aws:requesttag/", "aws:tagkeys"),
    *("accounts.google.com:", "cognito-identity.amazonaws.com:", "graph.facebook.com:", "www.amazon.com:", "saml:"),
)


@pytest.fixture(scope="module")
def accesses() -> dict[str, list[Access]]:
    """What each table's operations need, with all parameters and with the required ones, by the action's service."""
    found: dict[str, list[Access]] = defaultdict(list)
    for table, entries in TABLES.items():
        for operation in entries:
            for everything in (True, False):
                for one in derive({}, table, operation, parameters(table, operation, everything=everything)):
                    found[one.action.partition(":")[0]].append(one)
    return found


def managed() -> Iterator[tuple[str, tuple[Statement, ...]]]:
    for name, policy in json.loads(aws_managed_policies_data).items():
        yield name, statements(policy["Document"], source=name)


def requests(statement: Statement, accesses: dict[str, list[Access]]) -> Iterator[Request]:
    """The requests that a statement's actions cover."""
    services = {pattern.partition(":")[0].lower() for pattern in statement.action.values}
    every = statement.action.negated or any("*" in service for service in services)
    for service, some in accesses.items():
        if every or service in services:
            for one in some:
                if matches_action(statement.action, one.action):
                    yield completed(one.by(SESSION), statement.keys, REGISTRY)


def test_every_policy_of_aws_judges_every_request(accesses):
    unjudged: dict[str, str] = {}
    asked = 0
    for _, some in managed():
        for statement in some:
            if statement.conditions or "${" in str(statement.resource):
                for request in requests(statement, accesses):
                    asked += 1
                    try:
                        evaluate(request, Policies(identity=(statement,)))
                    except UnsupportedPolicy as problem:
                        unjudged[f"{statement.source} {request.action}"] = str(problem)
    assert asked > 10_000
    assert not unjudged


def test_the_policies_of_an_execution_role_let_it_read_any_bucket(accesses):
    """AmazonSageMakerFullAccess asks for an object's tag, and AmazonS3FullAccess for nothing."""
    known = dict(managed())
    get = Access("s3:GetObject", ("arn:aws:s3:::images/a.png",))
    both = Policies(identity=known["AmazonS3FullAccess"] + known["AmazonSageMakerFullAccess"])
    alone = Policies(identity=known["AmazonSageMakerFullAccess"])
    request = completed(get.by(SESSION), alone.keys, REGISTRY)
    assert evaluate(request, both).allowed
    assert not evaluate(request, alone).allowed
    named = Access("s3:GetObject", ("arn:aws:s3:::sagemaker-us-east-1-1/a.png",))
    assert evaluate(named.by(SESSION), alone).allowed


def given_or_looked_up(action: str, some: list[Access]) -> set[str]:
    keys = {key for one in some if one.action == action for key in one.context}
    return keys | {f"{prefix}resourcetag/x" for prefix in ("aws:", f"{action.partition(':')[0]}:", "iam:")}


def test_every_key_of_the_reference_is_known_or_named_or_of_what_there_is_not(accesses):
    """A key that AWS's reference gives to an action, and that nobody thought of, is found here."""
    forgotten: dict[str, set[str]] = defaultdict(set)
    for service, some in accesses.items():
        for action in {one.action for one in some}:
            known = given_or_looked_up(action, some)
            for pattern in condition_keys(action):
                text = pattern.pattern.replace("\\", "").replace(".+", "x")
                named = text in REGISTRY.unjudged_of(action) or text in LOOKED_UP
                if service == "ec2" and text not in OF_NETWORKS:
                    continue
                if not named and not text.startswith(HAS_NOT) and not any(map(pattern.fullmatch, known)):
                    forgotten[text].add(action)
    assert not forgotten


#: EC2's reference gives CreateTags every key of every kind of resource. These are of networks.
OF_NETWORKS = frozenset({"ec2:createaction", "ec2:tenancy", "ec2:vpceserviceowner", "ec2:availabilityzone"})
#: Keys whose values come from resources that exist, and from headers.
LOOKED_UP = frozenset(
    {
        *("iam:permissionsboundary", "ec2:createaction"),
        *("events:source", "events:detail-type", "events:detail.service", "events:detail.eventtypecode"),
        "events:detail.useridentity.principalid",
        *(f"kms:{name}" for name in ("keyorigin", "keyspec", "keyusage", "multiregion", "resourcealiases")),
        *(f"kms:{name}" for name in ("requestalias", "viaservice", "encryptioncontextkeys", "encryptioncontext:x")),
        *("kms:granteeprincipal", "kms:grantoperations", "kms:grantconstrainttype"),
        *("s3:existingobjecttag/x", "s3:requestobjecttag/x", "s3:requestobjecttagkeys", "s3:versionid"),
        *("s3:authtype", "s3:signatureage", "s3:signatureversion", "s3:if-match", "s3:if-none-match"),
        *("s3:prefix", "s3:delimiter", "s3:max-keys", "s3:resourceaccount", "s3:tlsversion"),
        *(f"s3:object-lock-{name}" for name in ("legal-hold", "mode", "retain-until-date")),
        *(f"sagemaker:currentmodellifecyclestage{name}" for name in ("", "status")),
        *("sagemaker:currentcustomermetadataproperties/x", "sagemaker:taggingaction"),
        *(f"s3:{name}" for name in HEADERS),
        *("states:statemachinequalifier", "lambda:vpcids", "lambda:functionarn"),
    }
)
