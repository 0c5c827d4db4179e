variable "name" {
  description = "The network's name. The names of its resources begin with it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{1,100}$", var.name))
    error_message = "The network's name has up to 100 letters, digits and hyphens; this is \"${var.name}\"."
  }
}

variable "cidr" {
  description = "The network's IPv4 addresses, from /16 to /25. Each subnet gets an eighth of them. A change replaces the network."
  type        = string
  default     = "10.20.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && can(regex("/(1[6-9]|2[0-5])$", var.cidr))
    error_message = "cidr is an IPv4 network from /16 to /25, such as 10.20.0.0/16; this is \"${var.cidr}\"."
  }
}

variable "availability_zones" {
  description = "The number of Availability Zones with a subnet. AWS charges for each interface endpoint in each zone."
  type        = number
  default     = 2
  nullable    = false

  validation {
    condition     = var.availability_zones >= 1 && var.availability_zones <= 6 && floor(var.availability_zones) == var.availability_zones
    error_message = "availability_zones is a whole number from 1 to 6; this is ${var.availability_zones}."
  }
}

variable "excluded_zone_ids" {
  description = "The IDs of Availability Zones that get no subnet, because some services are missing there. Newer services are missing in use1-az3, an old zone of us-east-1."
  type        = list(string)
  default     = ["use1-az3"]
  nullable    = false
}

variable "interface_endpoints" {
  description = "The services, besides S3, that the network can reach. Each costs about $0.01 an hour in each Availability Zone."
  type        = set(string)
  default     = ["sagemaker.runtime"]
  nullable    = false

  validation {
    condition = length(setsubtract(var.interface_endpoints, [
      "ecr.api", "ecr.dkr", "events", "kms", "lambda", "logs", "monitoring", "sagemaker.api", "sagemaker.runtime",
      "sns", "sqs", "states", "sts", "xray",
    ])) == 0
    error_message = "interface_endpoints may contain only ecr.api, ecr.dkr, events, kms, lambda, logs, monitoring, sagemaker.api, sagemaker.runtime, sns, sqs, states, sts, xray; these are ${join(", ", var.interface_endpoints)}."
  }
}

variable "bucket_accounts" {
  description = "The IDs of further accounts whose buckets the network can reach. It can always reach the buckets of its own account."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for account in var.bucket_accounts : can(regex("^[0-9]{12}$", account))])
    error_message = "bucket_accounts are account IDs with 12 digits; these are ${join(", ", var.bucket_accounts)}."
  }
}

variable "flow_log" {
  description = "The bucket that gets the VPC flow logs, under flow/. If null, there are no flow logs."
  type        = object({ bucket_arn = string })
  default     = null

  validation {
    condition     = var.flow_log == null ? true : can(regex("^arn:[a-z-]+:s3:::[^/*]+$", var.flow_log.bucket_arn))
    error_message = "flow_log.bucket_arn has the form arn:aws:s3:::BUCKET; this is \"${try(var.flow_log.bucket_arn, "")}\"."
  }
}
