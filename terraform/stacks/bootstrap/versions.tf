terraform {
  # Terraform 1.11 or OpenTofu 1.10: each reads this as a bound on its own version.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 6.0"
    }
  }

  # The bucket is given at init: `invoke env` exports it in TF_CLI_ARGS_init. Region, endpoint and credentials come from
  # AWS_* variables.
  backend "s3" {
    key          = "bootstrap.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

# The cloud is that of AWS_REGION, AWS_ENDPOINT_URL and the usual credentials.
provider "aws" {
  # An action that fails is tried five times more, not the provider's 25, which take minutes.
  max_retries = 5

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
