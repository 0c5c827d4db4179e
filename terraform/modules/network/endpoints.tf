# The VPC endpoints. The gateway endpoint leads to S3 and costs nothing. Each service in interface_endpoints has an
# interface endpoint with a network interface in each subnet. Inside the VPC, the service's DNS name resolves to it.

locals {
  # The policy allows all actions and resources of the service, but only for principals of this account:
  # https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html
  own_principals_only = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetOwnPrincipalsThrough"
      Effect    = "Allow"
      Principal = "*"
      Action    = "*"
      Resource  = "*"
      Condition = { StringEquals = { "aws:PrincipalAccount" = local.account } }
    }]
  })

  # The policy prevents writes to the buckets of other accounts, also with credentials of these accounts.
  own_buckets_only = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "LetOwnPrincipalsReachOwnBuckets"
      Effect    = "Allow"
      Principal = "*"
      Action    = "s3:*"
      Resource  = "arn:${local.partition}:s3:::*"
      Condition = { StringEquals = {
        "aws:PrincipalAccount" = local.account
        "aws:ResourceAccount"  = concat([local.account], var.bucket_accounts)
      } }
    }]
  })
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${local.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  policy            = local.own_buckets_only

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "interface" {
  for_each = var.interface_endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.${local.region}.${each.key}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  policy              = local.own_principals_only

  tags = { Name = "${var.name}-${each.key}" }
}

resource "aws_security_group" "clients" {
  name        = "${var.name}-clients"
  description = "What runs in the network: out over TLS to S3 and the endpoints, in from nowhere."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-clients" }

  #checkov:skip=CKV2_AWS_5:functions, training jobs and models use it, some of them in other stacks
}

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "The interfaces of AWS's services: in over TLS from what runs in the network."
  vpc_id      = aws_vpc.this.id

  tags = { Name = "${var.name}-endpoints" }

  #checkov:skip=CKV2_AWS_5:the interface endpoints use it, and there may be none
}

resource "aws_vpc_security_group_egress_rule" "to_endpoints" {
  security_group_id            = aws_security_group.clients.id
  description                  = "To the interface endpoints, over TLS."
  referenced_security_group_id = aws_security_group.endpoints.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}

resource "aws_vpc_security_group_egress_rule" "to_s3" {
  security_group_id = aws_security_group.clients.id
  description       = "To S3 through its gateway, over TLS."
  prefix_list_id    = aws_vpc_endpoint.s3.prefix_list_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "from_clients" {
  security_group_id            = aws_security_group.endpoints.id
  description                  = "From what runs in the network, over TLS."
  referenced_security_group_id = aws_security_group.clients.id
  ip_protocol                  = "tcp"
  from_port                    = 443
  to_port                      = 443
}
