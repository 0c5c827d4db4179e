"""Networks and the functions in them work as AWS documents, also where moto lacks it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest
from botocore.exceptions import ClientError

CODE = "def handler(event, context): pass"


class Network(NamedTuple):
    vpc: str
    subnet: str
    group: str


def make_network(ec2: Any, cidr: str) -> Network:
    vpc = ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="tests-clients", Description="Clients.", VpcId=vpc)["GroupId"]
    return Network(vpc, subnet, group)


def delete_network(ec2: Any, network: Network) -> None:
    ec2.delete_security_group(GroupId=network.group)
    ec2.delete_subnet(SubnetId=network.subnet)
    ec2.delete_vpc(VpcId=network.vpc)


@pytest.fixture
def network(cloud: Any) -> Any:
    ec2 = cloud.client("ec2")
    made = make_network(ec2, "10.99.0.0/24")
    yield made
    delete_network(ec2, made)


# ec2/gaps/security_group_rule_descriptions.py


def rules_of(ec2: Any, group: str) -> dict[str, Any]:
    found = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    return {rule.get("Description"): rule for rule in found if not rule["IsEgress"]}


def test_a_rule_keeps_its_description_whatever_it_names(cloud, network):
    ec2 = cloud.client("ec2")
    named = {
        "IpRanges": [{"CidrIp": "10.0.0.0/8", "Description": "Addresses."}],
        "UserIdGroupPairs": [{"GroupId": network.group, "Description": "Itself."}],
        "PrefixListIds": [{"PrefixListId": "pl-1", "Description": "A list."}],
    }
    port = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443}
    for kind, entries in named.items():
        ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[{**port, kind: entries}])
    found = rules_of(ec2, network.group)
    assert set(found) == {"Addresses.", "Itself.", "A list."}
    assert found["Itself."]["ReferencedGroupInfo"]["GroupId"] == network.group
    changed = {**port, "ReferencedGroupId": network.group, "Description": "Its own."}
    ec2.modify_security_group_rules(
        GroupId=network.group,
        SecurityGroupRules=[
            {"SecurityGroupRuleId": found["Itself."]["SecurityGroupRuleId"], "SecurityGroupRule": changed}
        ],
    )
    assert set(rules_of(ec2, network.group)) == {"Addresses.", "Its own.", "A list."}


def test_two_rules_that_differ_in_their_description_only_are_one(cloud, network):
    ec2 = cloud.client("ec2")

    def allow(description: str) -> None:
        pair = {"GroupId": network.group, "Description": description}
        permission = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [pair]}
        ec2.authorize_security_group_ingress(GroupId=network.group, IpPermissions=[permission])

    allow("First.")
    with pytest.raises(ClientError, match=r"InvalidPermission\.Duplicate"):
        allow("Second.")


# ec2/gaps/flow_log_folders.py


def test_a_flow_log_goes_to_a_folder_of_a_bucket_that_is_there(cloud, network):
    ec2, s3 = cloud.client("ec2"), cloud.client("s3")
    s3.create_bucket(Bucket="tests-flow-logs")
    deliver = {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}}
    statements = [
        {**deliver, "Action": "s3:GetBucketAcl", "Resource": "arn:aws:s3:::tests-flow-logs"},
        {**deliver, "Action": "s3:PutObject", "Resource": "arn:aws:s3:::tests-flow-logs/flow/*"},
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    s3.put_bucket_policy(Bucket="tests-flow-logs", Policy=policy)
    given = {"ResourceIds": [network.vpc], "ResourceType": "VPC", "TrafficType": "ALL", "LogDestinationType": "s3"}
    made = ec2.create_flow_logs(**given, LogDestination="arn:aws:s3:::tests-flow-logs/flow/")["FlowLogIds"]
    (found,) = ec2.describe_flow_logs(FlowLogIds=made)["FlowLogs"]
    assert found["LogDestination"] == "arn:aws:s3:::tests-flow-logs/flow/"
    ec2.delete_flow_logs(FlowLogIds=made)
    (failed,) = ec2.create_flow_logs(**given, LogDestination="arn:aws:s3:::tests-missing/flow/")["Unsuccessful"]
    assert "tests-missing" in failed["Error"]["Message"]


# lambda_/gaps/vpc.py


def test_a_function_says_in_which_network_it_is(cloud, network, function):
    client = cloud.client("lambda")
    arn = function(CODE, VpcConfig={"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]})
    found = client.get_function_configuration(FunctionName=arn)["VpcConfig"]
    assert (found["VpcId"], found["SubnetIds"]) == (network.vpc, [network.subnet])
    client.update_function_configuration(FunctionName=arn, VpcConfig={"SubnetIds": [], "SecurityGroupIds": []})
    found = client.get_function_configuration(FunctionName=arn)["VpcConfig"]
    assert (found["VpcId"], found["SubnetIds"]) == ("", [])
    assert "VpcConfig" not in client.get_function_configuration(FunctionName=function(CODE))


def test_a_function_is_refused_in_a_network_that_is_not_there(cloud, network, function):
    with pytest.raises(ClientError, match=r"InvalidSubnetID\.NotFound.*subnet-0"):
        function(CODE, VpcConfig={"SubnetIds": ["subnet-0"], "SecurityGroupIds": [network.group]})
    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound.*sg-0"):
        function(CODE, VpcConfig={"SubnetIds": [network.subnet], "SecurityGroupIds": ["sg-0"]})


def test_a_function_is_refused_in_two_networks_at_once(cloud, network, function):
    ec2 = cloud.client("ec2")
    other = make_network(ec2, "10.98.0.0/24")
    with pytest.raises(ClientError, match="different VPCs"):
        function(CODE, VpcConfig={"SubnetIds": [network.subnet], "SecurityGroupIds": [other.group]})
    delete_network(ec2, other)
