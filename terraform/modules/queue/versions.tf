terraform {
  # Terraform 1.11 or OpenTofu 1.10: each reads this as a bound on its own version.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
