output "vpc_id" {
  description = "The ID of the VPC."
  value       = aws_vpc.this.id
}

output "vpc" {
  description = "The private subnets, and the security group that may reach S3 and the interface endpoints. It is the value for inputs named vpc."
  value = {
    subnet_ids         = [for zone in sort(keys(aws_subnet.private)) : aws_subnet.private[zone].id]
    security_group_ids = [aws_security_group.clients.id]
  }

  # A resource in the network needs the endpoints and rules from its start.
  depends_on = [
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.to_endpoints,
    aws_vpc_security_group_egress_rule.to_s3,
    aws_vpc_security_group_ingress_rule.from_clients,
  ]
}
