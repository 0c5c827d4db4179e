data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

# Those that every account has; local and wavelength zones have to be asked for.
data "aws_availability_zones" "this" {
  state            = "available"
  exclude_zone_ids = var.excluded_zone_ids

  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  #checkov:skip=CKV_AWS_394:the first zones by name are taken, so one that AWS adds later changes nothing
}

locals {
  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id

  # Always the first of eight equal parts of the network: another zone later moves none of those before it.
  subnets = {
    for number, zone in slice(sort(data.aws_availability_zones.this.names), 0, var.availability_zones) :
    zone => cidrsubnet(var.cidr, 3, number)
  }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true # without it an interface endpoint cannot answer under its service's own name

  tags = { Name = var.name }

  #checkov:skip=CKV2_AWS_11:flow logs are an option, flow_log, and cost by the volume of traffic
}

# Nothing is in it, and nothing that lands in it by mistake can talk to anything.
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

# No route leads out: there is no internet gateway and no NAT.
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
