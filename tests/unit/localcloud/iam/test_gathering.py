"""Which policies apply to a request, and which needs come from existing resources, with moto's backends in process."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from localcloud.iam.evaluation import Access, Decision, Principal, evaluate
from localcloud.iam.gathering import policies_of
from localcloud.iam.lookups import completed

from .samples import ACCOUNT, HERE, REGION, REGISTRY, derive

READ = {"Sid": "Read", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
LAMBDA = Principal("lambda.amazonaws.com", "", "service")
GET = Access("s3:GetObject", ("arn:aws:s3:::images/a.png",))


class Account:
    """An AWS account in memory."""

    def __getattr__(self, service: str) -> Any:
        made = boto3.client(service, region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x")
        setattr(self, service, made)
        return made

    def role(self, name: str, *statements: dict[str, Any], trust: Any = None, **more: Any) -> Principal:
        trusted = trust or {"Effect": "Allow", "Principal": {"Service": LAMBDA.arn}, "Action": "sts:AssumeRole"}
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=document(trusted), **more)["Role"]["Arn"]
        if statements:
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=document(*statements))
        return Principal(f"arn:aws:sts::{ACCOUNT}:assumed-role/{name}/one", ACCOUNT, "role", made)

    def policy(self, name: str, *statements: dict[str, Any]) -> str:
        return self.iam.create_policy(PolicyName=name, PolicyDocument=document(*statements))["Policy"]["Arn"]


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def judged(who: Principal, access: Access = GET) -> Decision:
    request = access.by(who)
    policies = policies_of(request, REGISTRY)
    return evaluate(completed(request, policies.keys, REGISTRY), policies)


def needs(service: str, operation: str, **parameters: Any) -> list[str]:
    """A request's needs, each as ``action resource``. The resource is the part of its ARN after the account."""
    found = derive({}, service, operation, parameters)
    return [f"{one.action} {one.resources[0].split(':', 5)[-1]}" for one in found]


@pytest.fixture
def account() -> Iterator[Account]:
    with mock_aws():
        yield Account()


def test_a_roles_inline_and_attached_policies_count(account):
    who = account.role("inline", READ)
    assert judged(who).matched == ("role/inline/inline/Read",)

    other = account.role("attached")
    assert not judged(other).allowed
    account.iam.attach_role_policy(RoleName="attached", PolicyArn=account.policy("readers", READ))
    assert judged(other).matched == ("role/attached/readers/Read",)


def test_a_policy_that_changes_is_judged_as_it_is(account):
    who = account.role("one", READ)
    account.iam.put_role_policy(
        RoleName="one", PolicyName="inline", PolicyDocument=document(READ | {"Action": "s3:PutObject"})
    )
    assert not judged(who).allowed
    account.iam.delete_role_policy(RoleName="one", PolicyName="inline")
    assert not judged(who, Access("s3:PutObject", GET.resources)).allowed


def test_a_session_of_a_role_that_is_gone_may_do_nothing(account):
    who = account.role("one", READ)
    account.iam.delete_role_policy(RoleName="one", PolicyName="inline")
    account.iam.delete_role(RoleName="one")
    assert not judged(who).allowed


def test_a_user_has_its_own_policies_and_its_groups(account):
    account.iam.create_user(UserName="ada")
    account.iam.create_group(GroupName="readers")
    account.iam.put_group_policy(GroupName="readers", PolicyName="inline", PolicyDocument=document(READ))
    ada = Principal(f"arn:aws:iam::{ACCOUNT}:user/ada", ACCOUNT, "user")
    assert not judged(ada).allowed
    account.iam.add_user_to_group(GroupName="readers", UserName="ada")
    assert judged(ada).matched == ("group/readers/inline/Read",)


def test_a_boundary_limits_a_role(account):
    boundary = account.policy("limits", READ | {"Action": "logs:*"})
    decision = judged(account.role("one", READ, PermissionsBoundary=boundary))
    assert decision.reason == "because no permissions boundary allows the s3:GetObject action"


def test_a_session_policy_limits_a_session(account):
    who = account.role("one", READ)
    limited = Principal(who.arn, ACCOUNT, "role", who.role_arn, document(READ | {"Action": "logs:*"}))
    assert judged(limited).reason == "because no session policy allows the s3:GetObject action"


def test_a_buckets_policy_is_its_objects(account):
    who = account.role("one", READ)
    account.s3.create_bucket(Bucket="images")
    shut = {
        "Sid": "Shut",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::images/*",
    }
    account.s3.put_bucket_policy(Bucket="images", Policy=document(shut))
    assert judged(who).matched == ("bucket/images/Shut",)
    account.s3.delete_bucket_policy(Bucket="images")
    assert judged(who).allowed


def test_whom_a_role_trusts_is_its_own_policy(account):
    who = account.role("one")
    assume = Access("sts:AssumeRole", (who.role_arn,))
    assert judged(LAMBDA, assume).matched == ("role/one/trust/1",)
    assert not judged(Principal("states.amazonaws.com", "", "service"), assume).allowed


def test_no_one_is_trusted_by_a_role_that_is_not_there(account):
    assert not judged(LAMBDA, Access("sts:AssumeRole", (f"arn:aws:iam::{ACCOUNT}:role/gone",))).allowed


def test_a_path_is_part_of_a_roles_name(account):
    account.role("one", Path="/service/")
    assert judged(LAMBDA, Access("sts:AssumeRole", (f"arn:aws:iam::{ACCOUNT}:role/service/one",))).allowed
    assert not judged(LAMBDA, Access("sts:AssumeRole", (f"arn:aws:iam::{ACCOUNT}:role/one",))).allowed


def test_a_key_is_used_by_its_policy_and_its_grants(account):
    key = account.kms.create_key()["KeyMetadata"]["Arn"]
    who = account.role("one")
    decrypt = Access("kms:Decrypt", (key,), {"kms:encryptioncontext:stage": ("prod",)})
    assert not judged(who, decrypt).allowed
    account.kms.create_grant(
        KeyId=key,
        GranteePrincipal=who.role_arn,
        Operations=["Decrypt"],
        Name="reading",
        Constraints={"EncryptionContextSubset": {"stage": "prod"}},
    )
    assert judged(who, decrypt).matched == (f"key/{key.rpartition('/')[2]}/grant/reading",)
    assert not judged(who, Access("kms:Decrypt", (key,), {"kms:encryptioncontext:stage": ("dev",)})).allowed
    assert not judged(who, Access("kms:Encrypt", (key,), decrypt.context)).allowed


def test_a_queues_and_a_topics_policy_lets_services_in(account):
    events = Principal("events.amazonaws.com", "", "service")
    let = {"Sid": "Let", "Effect": "Allow", "Principal": {"Service": events.arn}, "Action": "*", "Resource": "*"}
    queue = f"arn:aws:sqs:{HERE}:left"
    account.sqs.create_queue(QueueName="left")
    assert not judged(events, Access("sqs:SendMessage", (queue,))).allowed
    account.sqs.create_queue(QueueName="right", Attributes={"Policy": document(let)})
    assert judged(events, Access("sqs:SendMessage", (f"arn:aws:sqs:{HERE}:right",))).matched == ("queue/right/Let",)

    topic = account.sns.create_topic(Name="alarms")["TopicArn"]
    assert not judged(events, Access("sns:Publish", (topic,))).allowed
    # The default policy allows requests from the topic owner's account.
    owned = Access("sns:Publish", (topic,), {"aws:sourceowner": (ACCOUNT,)})
    assert judged(events, owned).allowed
    account.sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=document(let))
    assert judged(events, Access("sns:Publish", (topic,))).matched == ("topic/alarms/Let",)


def test_the_tags_of_resources_and_principals_are_looked_up_where_a_policy_asks(account):
    queue = f"arn:aws:sqs:{HERE}:tagged"
    send = Access("sqs:SendMessage", (queue,))
    matching = {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}
    by_tag = READ | {"Action": "sqs:SendMessage", "Condition": matching}
    who = account.role("one", by_tag)
    assert not judged(who, send).allowed
    account.sqs.create_queue(QueueName="tagged", tags={"team": "ml"})
    assert not judged(who, send).allowed
    account.iam.tag_role(RoleName="one", Tags=[{"Key": "team", "Value": "ml"}])
    assert judged(who, send).allowed
    account.sqs.tag_queue(QueueUrl="http://sqs/tagged", Tags={"team": "ops"})
    assert not judged(who, send).allowed


def test_a_bucket_is_not_judged_by_its_tags_and_an_object_is_by_its_own(account):
    """Tags of buckets count only after PutBucketAbac, which the local cloud refuses."""
    account.s3.create_bucket(Bucket="images")
    tags = [{"Key": "team", "Value": "ml"}]
    account.s3.put_bucket_tagging(Bucket="images", Tagging={"TagSet": tags})
    account.s3.put_object(Bucket="images", Key="a.png", Body=b"a")
    by_bucket = READ | {"Condition": {"StringEquals": {"aws:ResourceTag/team": "ml"}}}
    by_object = READ | {"Condition": {"StringEquals": {"s3:ExistingObjectTag/team": "ml"}}}
    assert not judged(account.role("one", by_bucket)).allowed
    who = account.role("two", by_object)
    assert not judged(who).allowed
    account.s3.put_object_tagging(Bucket="images", Key="a.png", Tagging={"TagSet": tags})
    assert judged(who).allowed
    # The key belongs to actions on an object that is there, and not to its upload.
    writes = READ | {"Action": "s3:PutObject", "Condition": by_object["Condition"]}
    assert not judged(account.role("three", writes), Access("s3:PutObject", GET.resources)).allowed


def test_who_asks_has_an_id_and_a_sessions_tags_come_before_its_roles(account):
    who = account.role("one", READ | {"Condition": {"StringLike": {"aws:userid": "AROA*:one"}}})
    account.iam.tag_role(RoleName="one", Tags=[{"Key": "team", "Value": "ops"}])
    assert judged(who).allowed
    by_tag = READ | {"Sid": "Tag", "Condition": {"StringEquals": {"aws:PrincipalTag/Team": "ml"}}}
    account.iam.put_role_policy(RoleName="one", PolicyName="inline", PolicyDocument=document(by_tag))
    assert not judged(who).allowed
    tagged = dataclasses.replace(who, session_context=(("aws:principaltag/team", ("ml",)),))
    assert judged(tagged).allowed


def test_a_role_is_judged_with_the_path_it_has(account):
    account.role("one", Path="/service/")
    assert needs("iam", "GetRole", RoleName="one") == ["iam:GetRole role/service/one"]
    assert needs("iam", "GetRole", RoleName="two") == ["iam:GetRole role/two"]


def test_to_read_what_is_not_there_needs_the_permission_to_list(account):
    account.s3.create_bucket(Bucket="images")
    account.s3.put_object(Bucket="images", Key="a.png", Body=b"a")
    assert needs("s3", "GetObject", Bucket="images", Key="a.png") == ["s3:GetObject images/a.png"]
    assert needs("s3", "GetObject", Bucket="images", Key="b.png") == [
        "s3:GetObject images/b.png",
        "s3:ListBucket images",
    ]


class TestEncrypted:
    """Using an encrypted resource needs permissions for its key."""

    def bucket(self, account: Account, **rule: Any) -> str:
        key = account.kms.create_key(Tags=[{"TagKey": "Team", "TagValue": "ml"}])["KeyMetadata"]["Arn"]
        account.s3.create_bucket(Bucket="images")
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        account.s3.put_bucket_encryption(
            Bucket="images",
            ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": by_default, **rule}]},
        )
        account.s3.put_object(Bucket="images", Key="a.png", Body=b"a")
        return key.split(":", 5)[-1]

    def test_objects_are_written_and_read_with_the_buckets_key(self, account):
        key = self.bucket(account)
        written = needs("s3", "PutObject", Bucket="images", Key="b.png")
        assert written == ["s3:PutObject images/b.png", f"kms:GenerateDataKey {key}"]
        assert needs("s3", "GetObject", Bucket="images", Key="a.png") == [
            "s3:GetObject images/a.png",
            f"kms:Decrypt {key}",
        ]
        # A multipart upload reads its parts again to join them.
        upload = needs("s3", "CreateMultipartUpload", Bucket="images", Key="b.png")
        assert upload[1:] == [f"kms:GenerateDataKey {key}", f"kms:Decrypt {key}"]

    @pytest.mark.parametrize(("by_bucket", "about"), [(False, "images/a.png"), (True, "images")])
    def test_the_key_is_used_by_way_of_s3_for_the_object_or_its_bucket(self, account, by_bucket, about):
        self.bucket(account, BucketKeyEnabled=by_bucket)
        context = derive({}, "s3", "GetObject", {"Bucket": "images", "Key": "a.png"})[1].context
        assert context["kms:viaservice"] == (f"s3.{REGION}.amazonaws.com",)
        assert context["kms:encryptioncontext:aws:s3:arn"] == (f"arn:aws:s3:::{about}",)
        assert context["aws:resourcetag/team"] == ("ml",)

    def test_aws_own_keys_need_nothing(self, account):
        account.s3.create_bucket(Bucket="images")
        assert needs("s3", "PutObject", Bucket="images", Key="a", ServerSideEncryption="aws:kms") == [
            "s3:PutObject images/a"
        ]

    def test_messages_to_a_topic_with_a_key_need_it(self, account):
        key = account.kms.create_key()["KeyMetadata"]["KeyId"]
        topic = account.sns.create_topic(Name="alarms", Attributes={"KmsMasterKeyId": key})["TopicArn"]
        assert needs("sns", "Publish", TopicArn=topic)[1:] == [
            f"kms:GenerateDataKey key/{key}",
            f"kms:Decrypt key/{key}",
        ]

    def test_a_key_is_judged_by_its_arn_whatever_a_request_calls_it(self, account):
        key = account.kms.create_key()["KeyMetadata"]
        account.kms.create_alias(AliasName="alias/images", TargetKeyId=key["KeyId"])
        for called in (key["KeyId"], key["Arn"], "alias/images", f"arn:aws:kms:{HERE}:alias/images"):
            assert needs("kms", "DescribeKey", KeyId=called) == [f"kms:DescribeKey key/{key['KeyId']}"]
        text = account.kms.encrypt(KeyId=key["KeyId"], Plaintext=b"a")["CiphertextBlob"]
        assert needs("kms", "Decrypt", CiphertextBlob=text) == [f"kms:Decrypt key/{key['KeyId']}"]
        assert needs("kms", "DeleteAlias", AliasName="alias/images")[1] == f"kms:DeleteAlias key/{key['KeyId']}"


class TestNetworks:
    """EC2 chooses identifiers only at creation, so policies use tags and the VPC instead."""

    def test_a_subnet_is_judged_by_its_tags_and_its_vpc(self, account):
        vpc = account.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = account.ec2.create_subnet(
            VpcId=vpc,
            CidrBlock="10.0.0.0/24",
            TagSpecifications=[{"ResourceType": "subnet", "Tags": [{"Key": "Team", "Value": "ml"}]}],
        )["Subnet"]["SubnetId"]
        (access,) = derive({}, "ec2", "DeleteSubnet", {"SubnetId": subnet})
        assert access.resources == (f"arn:aws:ec2:{HERE}:subnet/{subnet}",)
        assert access.context["aws:resourcetag/team"] == ("ml",)
        assert access.context["ec2:vpc"] == (f"arn:aws:ec2:{HERE}:vpc/{vpc}",)

    def test_something_new_is_made_and_tagged_in_what_is_there(self, account):
        given = {"VpcId": "vpc-1", "TagSpecifications": [{"Tags": [{"Key": "Team", "Value": "ml"}]}]}
        made = derive({}, "ec2", "CreateSubnet", given)
        assert [f"{one.action} {one.resources[0].split(':', 5)[-1]}" for one in made] == [
            "ec2:CreateSubnet subnet/*",
            "ec2:CreateSubnet vpc/vpc-1",
            "ec2:CreateTags subnet/*",
        ]
        assert made[2].context["ec2:createaction"] == ("CreateSubnet",)
        assert made[2].context["aws:requesttag/team"] == ("ml",)

    def test_a_network_interface_is_judged_by_its_subnet(self, account):
        vpc = account.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = account.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        expected = (f"arn:aws:ec2:{HERE}:subnet/{subnet}",)
        assert derive({}, "ec2", "CreateNetworkInterface", {"SubnetId": subnet})[0].context["ec2:subnet"] == expected
        made = account.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        (access,) = derive({}, "ec2", "DeleteNetworkInterface", {"NetworkInterfaceId": made})
        assert access.context["ec2:subnet"] == expected

    def test_a_route_tables_association_is_the_tables_and_the_subnets(self, account):
        vpc = account.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = account.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        table = account.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
        joined = account.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
        assert needs("ec2", "DisassociateRouteTable", AssociationId=joined) == [
            f"ec2:DisassociateRouteTable route-table/{table}",
            f"ec2:DisassociateRouteTable subnet/{subnet}",
        ]


def test_an_endpoint_with_an_encrypted_volume_lets_sagemaker_make_grants(account):
    key = account.kms.create_key()["KeyMetadata"]["KeyId"]
    account.sagemaker.create_model(
        ModelName="one",
        ExecutionRoleArn=f"arn:aws:iam::{ACCOUNT}:role/one",
        PrimaryContainer={"Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/one:1"},
    )
    variant = {"VariantName": "a", "ModelName": "one", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    account.sagemaker.create_endpoint_config(EndpointConfigName="one", ProductionVariants=[variant], KmsKeyId=key)
    assert needs("sagemaker", "CreateEndpoint", EndpointName="one", EndpointConfigName="one") == [
        "sagemaker:CreateEndpoint endpoint/one",
        "sagemaker:CreateEndpoint endpoint-config/one",
        f"kms:CreateGrant key/{key}",
    ]


def test_a_resource_of_a_region_that_there_is_not_has_no_policy_and_no_tags(account):
    by_tag = READ | {"Action": "sqs:*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "ml"}}}
    assert not judged(account.role("one", by_tag), Access("sqs:SendMessage", ("arn:aws:sqs:nowhere:1:a",))).allowed
    assert not judged(
        account.role("two", by_tag), Access("sqs:SendMessage", (f"arn:aws:sqs:nowhere:{ACCOUNT}:a",))
    ).allowed
