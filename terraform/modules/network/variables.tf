variable "name" {
  description = "The network's name, which the names of everything in it begin with."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{1,100}$", var.name))
    error_message = "The network's name has up to 100 letters, digits and hyphens; this is \"${var.name}\"."
  }
}

variable "cidr" {
  description = "The network's addresses, from /16 to /25; each subnet gets an eighth. Changing it makes a new network."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && can(regex("/(1[6-9]|2[0-5])$", var.cidr))
    error_message = "cidr is an IPv4 network from /16 to /25, such as 10.20.0.0/16; this is \"${var.cidr}\"."
  }
}

variable "availability_zones" {
  description = "In how many Availability Zones there is a subnet. Interface endpoints are paid for in each."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.availability_zones >= 1 && var.availability_zones <= 6 && floor(var.availability_zones) == var.availability_zones
    error_message = "availability_zones is a whole number from 1 to 6; this is ${var.availability_zones}."
  }
}

variable "excluded_zone_ids" {
  description = "Zones, by id, that get no subnet, since not every service is in each; use1-az3 is the old zone of us-east-1 that newer services lack."
  type        = list(string)
  default     = ["use1-az3"]
  nullable    = false
}

variable "interface_endpoints" {
  description = "The services, beside S3, that can be called from the network. Each costs about $0.01 an hour and zone."
  type        = set(string)
  default     = ["sagemaker.runtime"]
  nullable    = false

  validation {
    condition = length(setsubtract(var.interface_endpoints, [
      "ecr.api", "ecr.dkr", "events", "kms", "lambda", "logs", "monitoring", "sagemaker.api", "sagemaker.runtime",
      "sns", "sqs", "states", "sts", "xray",
    ])) == 0
    error_message = "interface_endpoints are some of ecr.api, ecr.dkr, events, kms, lambda, logs, monitoring, sagemaker.api, sagemaker.runtime, sns, sqs, states, sts, xray; these are ${join(", ", var.interface_endpoints)}."
  }
}

variable "bucket_accounts" {
  description = "Further accounts whose buckets can be reached from the network. Buckets of its own account always can."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.bucket_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "bucket_accounts are accounts, 12 digits each; these are ${join(", ", var.bucket_accounts)}."
  }
}

variable "flow_log" {
  description = "The bucket that a record of all traffic is delivered to, under flow/; null keeps none."
  type        = object({ bucket_arn = string })
  default     = null

  validation {
    condition     = var.flow_log == null ? true : can(regex("^arn:[a-z-]+:s3:::[^/*]+$", var.flow_log.bucket_arn))
    error_message = "flow_log.bucket_arn has the form arn:aws:s3:::BUCKET; this is \"${try(var.flow_log.bucket_arn, "")}\"."
  }
}
