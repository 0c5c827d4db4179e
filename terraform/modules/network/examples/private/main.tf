# A network with no way to the internet: S3 through a gateway, the endpoint's runtime and the logs through interfaces.

module "network" {
  source = "../.."

  name                = "scones-example"
  cidr                = "10.30.0.0/20"
  availability_zones  = 2
  interface_endpoints = ["logs", "sagemaker.runtime"]
}

output "vpc" {
  description = "For the inputs named vpc of function, endpoint and training jobs."
  value       = module.network.vpc
}
