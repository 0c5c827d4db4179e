data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# The Availability Zones that every account has. Local Zones and Wavelength Zones need an opt-in.
data "aws_availability_zones" "this" {
  state            = "available"
  exclude_zone_ids = var.excluded_zone_ids

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  #checkov:skip=CKV_AWS_394:the module uses the first zones by name, so a zone that AWS adds later changes nothing
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # The network is divided into eight equal parts, and the subnets get the first ones. So an additional zone moves no
  # existing subnet.
  subnets = {
    for number, zone in slice(sort(data.aws_availability_zones.this.names), 0, var.availability_zones) :
    zone => cidrsubnet(var.cidr, 3, number)
  }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # the service's DNS name resolves to the interface endpoint only with this

  tags = { Name = var.name }

  #checkov:skip=CKV2_AWS_11:flow_log is optional, and the cost of flow logs depends on the traffic
}

# The default security group, without rules. A resource that is in it by mistake has no network access.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-default-closed" }
}

resource "aws_subnet" "private" {
  for_each = local.subnets

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-${each.key}" }
}

# There is no route to the internet: the VPC has no internet gateway and no NAT gateway.
resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

resource "aws_flow_log" "this" {
  count = var.flow_log == null ? 0 : 1

  vpc_id                   = aws_vpc.this.id
  traffic_type             = "ALL"
  log_destination_type     = "s3"
  log_destination          = "${var.flow_log.bucket_arn}/flow/"
  max_aggregation_interval = 600

  tags = { Name = var.name }
}
