terraform {
  # Terraform 1.11 or OpenTofu 1.10: each reads this as a bound on its own version.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }

  # terraform init gets the bucket from TF_CLI_ARGS_init, which `invoke env` exports. The region, the endpoint and the
  # credentials come from environment variables AWS_*.
  backend "s3" {
    key          = "bootstrap.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

# The region, the endpoint and the credentials come from AWS_REGION, AWS_ENDPOINT_URL and the usual AWS variables.
provider "aws" {
  # AWS throttles the operations that manage resources, and a new role counts some seconds after it was made. Ten retries,
  # with waits of up to 20 seconds between them, last a minute or two. The default, 25, takes up to eight minutes to say
  # that nobody listens.
  max_retries = 10

  default_tags {
    tags = {
      Project     = "scones"
      Environment = var.environment
      Stack       = "bootstrap"
      ManagedBy   = "terraform"
      Workload    = "scones-${var.environment}"
    }
  }
}
