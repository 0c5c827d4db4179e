# A network without internet access. It reaches S3 through a gateway endpoint, and SageMaker's runtime and CloudWatch
# Logs through interface endpoints.

module "network" {
  source = "../.."

  name                = "scones-example"
  cidr                = "10.30.0.0/20"
  availability_zones  = 2
  interface_endpoints = ["logs", "sagemaker.runtime"]
}

output "vpc" {
  description = "The value for the inputs named vpc of the modules function, endpoint and training_role."
  value       = module.network.vpc
}
