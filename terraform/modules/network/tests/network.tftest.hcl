mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["us-east-1b", "us-east-1a", "us-east-1c"] }
  }

  mock_resource "aws_vpc_endpoint" {
    defaults = { prefix_list_id = "pl-63a5400a" }
  }

  mock_resource "aws_flow_log" {
    defaults = { arn = "arn:aws:ec2:us-east-1:123456789012:vpc-flow-log/fl-1" }
  }
}

variables {
  name = "scones-test"
}

run "has_private_subnets_and_no_way_to_the_internet" {
  assert {
    condition     = { for zone, subnet in aws_subnet.private : zone => subnet.cidr_block } == { us-east-1a = "10.20.0.0/19", us-east-1b = "10.20.32.0/19" }
    error_message = "There must be a subnet in each of the first two zones, by name."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.private : !subnet.map_public_ip_on_launch])
    error_message = "Nothing in a subnet may get a public address."
  }

  assert {
    condition     = length(aws_route_table.private.route) == 0 && toset(keys(aws_route_table_association.private)) == toset(["us-east-1a", "us-east-1b"])
    error_message = "Every subnet must have the route table without a route out."
  }

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "The default security group must let nothing through."
  }
}

run "lets_its_clients_reach_only_s3_and_its_endpoints" {
  assert {
    condition = (
      aws_vpc_security_group_egress_rule.to_s3.prefix_list_id == "pl-63a5400a" &&
      aws_vpc_security_group_egress_rule.to_endpoints.referenced_security_group_id == aws_security_group.endpoints.id &&
      aws_vpc_security_group_ingress_rule.from_clients.referenced_security_group_id == aws_security_group.clients.id
    )
    error_message = "Clients must reach S3 and the endpoints, and the endpoints must be reached by clients."
  }

  assert {
    condition = alltrue([
      for rule in [
        aws_vpc_security_group_egress_rule.to_s3, aws_vpc_security_group_egress_rule.to_endpoints,
        aws_vpc_security_group_ingress_rule.from_clients,
      ] : rule.ip_protocol == "tcp" && rule.from_port == 443 && rule.to_port == 443 && rule.cidr_ipv4 == null
    ])
    error_message = "TLS alone may pass, and no range of addresses."
  }

  assert {
    condition     = output.vpc.security_group_ids == [aws_security_group.clients.id] && length(output.vpc.subnet_ids) == 2
    error_message = "What runs in the network must be a client, in every subnet."
  }
}

run "reaches_only_buckets_of_its_account" {
  assert {
    condition = jsondecode(aws_vpc_endpoint.s3.policy).Statement == [{
      Sid       = "LetOwnPrincipalsReachOwnBuckets"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "arn:aws:s3:::*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = "123456789012", "aws:ResourceAccount" = ["123456789012"] } }
    }]
    error_message = "The gateway must be bound to the account's principals and buckets."
  }

  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && aws_vpc_endpoint.s3.service_name == "com.amazonaws.us-east-1.s3"
    error_message = "S3 must be reached through its gateway, which costs nothing."
  }
}

run "has_an_interface_for_each_service_named" {
  variables {
    interface_endpoints = ["sagemaker.runtime", "logs"]
    bucket_accounts     = ["999999999999"]
    availability_zones  = 3
    cidr                = "10.0.0.0/24"
  }

  assert {
    condition = { for name, endpoint in aws_vpc_endpoint.interface : name => endpoint.service_name } == {
      "sagemaker.runtime" = "com.amazonaws.us-east-1.sagemaker.runtime"
      "logs"              = "com.amazonaws.us-east-1.logs"
    }
    error_message = "Each service must have its endpoint."
  }

  assert {
    condition = alltrue([
      for endpoint in aws_vpc_endpoint.interface :
      endpoint.private_dns_enabled && length(endpoint.subnet_ids) == 3 &&
      jsondecode(endpoint.policy).Statement == [{
        Sid       = "LetOwnPrincipalsThrough"
        Effect    = "Allow"
        Principal = "*"
        Action    = "*"
        Resource  = "*"
        Condition = { StringEquals = { "aws:PrincipalAccount" = "123456789012" } }
      }]
    ])
    error_message = "An endpoint must answer under the service's name in every subnet, and to the account's principals only."
  }

  assert {
    condition     = jsondecode(aws_vpc_endpoint.s3.policy).Statement[0].Condition.StringEquals["aws:ResourceAccount"] == ["123456789012", "999999999999"]
    error_message = "Buckets of the accounts named must be reached too."
  }

  assert {
    condition     = aws_subnet.private["us-east-1c"].cidr_block == "10.0.0.64/27"
    error_message = "A subnet must be an eighth of the network."
  }
}

run "has_no_interface_endpoint_and_no_flow_log_unless_asked" {
  variables {
    interface_endpoints = []
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0 && length(aws_flow_log.this) == 0
    error_message = "Interfaces and flow logs must be options."
  }
}

run "records_its_traffic_in_the_given_bucket" {
  variables {
    flow_log = { bucket_arn = "arn:aws:s3:::scones-test-logs" }
  }

  assert {
    condition = (
      aws_flow_log.this[0].log_destination == "arn:aws:s3:::scones-test-logs/flow/" && aws_flow_log.this[0].traffic_type == "ALL"
    )
    error_message = "All traffic must be recorded in the bucket, under flow/."
  }
}

run "rejects_a_name_with_a_slash" {
  command = plan

  variables {
    name = "scones/test"
  }

  expect_failures = [var.name]
}

run "rejects_a_network_too_small_for_eight_subnets" {
  command = plan

  variables {
    cidr = "10.0.0.0/26"
  }

  expect_failures = [var.cidr]
}

run "rejects_zero_availability_zones" {
  command = plan

  variables {
    availability_zones = 0
  }

  expect_failures = [var.availability_zones]
}

run "rejects_an_unknown_interface_endpoint" {
  command = plan

  variables {
    interface_endpoints = ["sagemaker-runtime"]
  }

  expect_failures = [var.interface_endpoints]
}

run "rejects_an_account_of_eleven_digits" {
  command = plan

  variables {
    bucket_accounts = ["12345678901"]
  }

  expect_failures = [var.bucket_accounts]
}

run "rejects_a_flow_log_to_a_name_instead_of_an_arn" {
  command = plan

  variables {
    flow_log = { bucket_arn = "scones-test-logs" }
  }

  expect_failures = [var.flow_log]
}
