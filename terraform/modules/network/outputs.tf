output "vpc_id" {
  description = "The network's id."
  value       = aws_vpc.this.id
}

output "vpc" {
  description = "Where to run something in the network: its private subnets, and the security group that may call S3 and the endpoints."
  value = {
    subnet_ids         = [for zone in sort(keys(aws_subnet.private)) : aws_subnet.private[zone].id]
    security_group_ids = [aws_security_group.clients.id]
  }

  # What runs there needs its ways out from the first second.
  depends_on = [
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_security_group_egress_rule.to_endpoints,
    aws_vpc_security_group_egress_rule.to_s3,
    aws_vpc_security_group_ingress_rule.from_clients,
  ]
}
