variable "name" {
  description = "The endpoint's name. The names of its models, configurations, role and alarms begin with it."
  type        = string
  nullable    = false

  validation {
    # A model's name is this name, a hyphen and 12 digits of a hash. It has at most 63 characters.
    condition     = can(regex("^[a-zA-Z0-9](-?[a-zA-Z0-9]){0,49}$", var.name))
    error_message = "The endpoint's name has up to 50 letters, digits and single hyphens, and begins and ends with a letter or digit; this is \"${var.name}\"."
  }
}

variable "image_uri" {
  description = "The URI of the container image in Amazon ECR that serves the model."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[^:@]+", var.image_uri))
    error_message = "image_uri has the form ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY:TAG; this is \"${var.image_uri}\"."
  }
}

variable "artifact_uri" {
  description = "The model artifact, as s3://BUCKET/KEY. A change replaces the model behind the endpoint."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[^/]+/.+\\.tar\\.gz$", var.artifact_uri))
    error_message = "artifact_uri has the form s3://BUCKET/KEY.tar.gz; this is \"${var.artifact_uri}\"."
  }
}

variable "artifact_sha256" {
  description = "The artifact's SHA-256, in hexadecimal. It lets Terraform see a new artifact under the same key."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.artifact_sha256))
    error_message = "artifact_sha256 is 64 hexadecimal digits in lower case; this is \"${var.artifact_sha256}\"."
  }
}

variable "model_tags" {
  description = "Tags of the model, such as the model package it comes from."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "instance_type" {
  description = "The instance type of the endpoint. For a change, SageMaker starts new instances; the old ones answer until these are ready."
  type        = string
  default     = "ml.m5.large"
  nullable    = false

  validation {
    condition     = can(regex("^ml\\.[a-z0-9-]+\\.[a-z0-9]+$", var.instance_type))
    error_message = "A SageMaker instance type begins with \"ml.\", as ml.m5.large does; this is \"${var.instance_type}\"."
  }
}

variable "instance_count" {
  description = "The number of instances. With autoscaling, it is the number at the start. SageMaker spreads two or more instances across Availability Zones."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.instance_count >= 1 && floor(var.instance_count) == var.instance_count
    error_message = "instance_count is a whole number, 1 or more; this is ${var.instance_count}."
  }
}

variable "capture_uri" {
  description = "Where SageMaker stores the captured requests and answers: s3://BUCKET/PREFIX, without a slash at the end."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^s3://[^/]+/.*[^/]$", var.capture_uri))
    error_message = "capture_uri has the form s3://BUCKET/PREFIX; this is \"${var.capture_uri}\"."
  }
}

variable "capture_folder" {
  description = "A folder for what this configuration captures, below capture_uri/NAME. Name the served models in it, because a captured event does not. If null, all configurations capture into capture_uri."
  type        = string
  default     = null

  validation {
    condition     = var.capture_folder == null ? true : can(regex("^[A-Za-z0-9.-]+$", var.capture_folder))
    error_message = "capture_folder has only letters, digits, dots and dashes; this is \"${coalesce(var.capture_folder, "null")}\"."
  }
}

variable "capture_percentage" {
  description = "The percentage of requests that SageMaker captures. 0 turns capture off."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.capture_percentage >= 0 && var.capture_percentage <= 100 && floor(var.capture_percentage) == var.capture_percentage
    error_message = "capture_percentage is a whole number from 0 to 100; this is ${var.capture_percentage}."
  }
}

variable "log_retention_days" {
  description = "How many days CloudWatch Logs keeps the container's log. It allows only some numbers, such as 7, 30, 90 and 365."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch Logs keeps lines for 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653 days; this is ${var.log_retention_days}."
  }
}

variable "candidate" {
  description = "A second model to compare with the first. It gets share percent of the requests. With shadow, it gets copies of that share, and its answers are captured but not returned."
  type = object({
    image_uri       = string
    artifact_uri    = string
    artifact_sha256 = string
    model_tags      = optional(map(string), {})
    share           = number
    shadow          = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.candidate == null ? true : var.candidate.share >= 1 && var.candidate.share <= (var.candidate.shadow ? 100 : 99) && floor(var.candidate.share) == var.candidate.share
    error_message = "candidate.share is a whole number from 1 to 99 (100 for a shadow); this is ${try(var.candidate.share, "null")}."
  }

  validation {
    condition     = var.candidate == null ? true : can(regex("^[0-9]{12}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com(\\.cn)?/[^:@]+", var.candidate.image_uri)) && can(regex("^s3://[^/]+/.+\\.tar\\.gz$", var.candidate.artifact_uri)) && can(regex("^[0-9a-f]{64}$", var.candidate.artifact_sha256))
    error_message = "candidate has an image_uri in ECR, an artifact_uri of the form s3://BUCKET/KEY.tar.gz and an artifact_sha256 of 64 hexadecimal digits; this is ${jsonencode(var.candidate)}."
  }
}

variable "deployment" {
  description = "How an update shifts the traffic. routing is ALL_AT_ONCE, CANARY (step_percent of the capacity first) or LINEAR (steps of step_percent). SageMaker watches the alarms for wait_seconds after each step. It keeps the old instances for another termination_wait_seconds."
  type = object({
    routing                  = optional(string, "ALL_AT_ONCE")
    step_percent             = optional(number, 50)
    wait_seconds             = optional(number, 180)
    termination_wait_seconds = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    condition     = contains(["ALL_AT_ONCE", "CANARY", "LINEAR"], var.deployment.routing)
    error_message = "deployment.routing is ALL_AT_ONCE, CANARY or LINEAR; this is \"${var.deployment.routing}\"."
  }

  validation {
    # A step is at most half of the instances, so a step needs two instances.
    condition     = var.deployment.routing == "ALL_AT_ONCE" || var.instance_count >= 2
    error_message = "deployment.routing ${var.deployment.routing} needs two or more instances, because a step is at most half of them; instance_count is ${var.instance_count}; raise it, or use ALL_AT_ONCE."
  }

  validation {
    condition     = var.deployment.step_percent >= (var.deployment.routing == "LINEAR" ? 10 : 1) && var.deployment.step_percent <= 50 && floor(var.deployment.step_percent) == var.deployment.step_percent
    error_message = "deployment.step_percent is a whole number from 1 (from 10 for LINEAR) to 50; this is ${var.deployment.step_percent}."
  }

  validation {
    condition     = alltrue([for seconds in [var.deployment.wait_seconds, var.deployment.termination_wait_seconds] : seconds >= 0 && seconds <= 3600]) && var.deployment.wait_seconds * (var.deployment.routing == "LINEAR" ? ceil(100 / var.deployment.step_percent) : 2) + var.deployment.termination_wait_seconds <= 2400
    error_message = "A deployment may wait at most 2400 seconds in total (wait_seconds after each step, and termination_wait_seconds), or Terraform stops waiting before its end; wait_seconds is ${var.deployment.wait_seconds} and termination_wait_seconds is ${var.deployment.termination_wait_seconds}; lower one."
  }
}

variable "rollback" {
  description = "The limits for rolling an update back: more than error_percent of a minute's requests to the new instances end in a 5xx error, or the slowest 1 percent of their answers takes longer than latency_ms. If enabled is false, no alarm rolls an update back."
  type = object({
    enabled       = optional(bool, true)
    error_percent = optional(number, 5)
    latency_ms    = optional(number, 5000)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.rollback.error_percent >= 0 && var.rollback.error_percent < 100 && var.rollback.latency_ms > 0
    error_message = "rollback.error_percent is at least 0 and below 100, and rollback.latency_ms is above 0; these are ${var.rollback.error_percent} and ${var.rollback.latency_ms}."
  }
}

variable "autoscaling" {
  description = "Autoscaling between min and max instances, with a target of requests_per_minute for each instance. schedules set other limits at given times. instance_count is then only the number at the start. If null, the number is fixed."
  type = object({
    min                 = optional(number, 1)
    max                 = number
    requests_per_minute = number
    scale_in_cooldown   = optional(number, 300)
    scale_out_cooldown  = optional(number, 60)
    schedules = optional(map(object({
      schedule = string
      timezone = optional(string, "UTC")
      min      = number
      max      = number
    })), {})
  })
  default = null

  validation {
    condition     = var.autoscaling == null ? true : alltrue([for limits in concat([var.autoscaling], values(var.autoscaling.schedules)) : limits.min >= 1 && limits.max >= limits.min])
    error_message = "Every min of autoscaling is 1 or more, because an endpoint cannot scale to zero, and every max is at least its min; this is ${jsonencode(var.autoscaling)}."
  }

  validation {
    condition     = var.autoscaling == null ? true : var.autoscaling.requests_per_minute > 0
    error_message = "autoscaling.requests_per_minute is more than 0; this is ${try(var.autoscaling.requests_per_minute, "null")}."
  }

  validation {
    condition     = var.autoscaling == null ? true : alltrue([for one in values(var.autoscaling.schedules) : can(regex("^(at|cron|rate)\\(.+\\)$", one.schedule))])
    error_message = "A schedule of autoscaling has the form cron(…), rate(…) or at(…); these are ${jsonencode(try(values(var.autoscaling.schedules)[*].schedule, []))}."
  }
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the captures, the log group and the instances' disks. If null, AWS encrypts them with its own keys."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}

variable "vpc" {
  description = "The subnets and security groups of the model's instances. If null, the instances run in SageMaker's own network."
  type = object({
    subnet_ids         = list(string)
    security_group_ids = list(string)
  })
  default = null

  validation {
    condition     = var.vpc == null ? true : length(var.vpc.subnet_ids) >= 1 && length(var.vpc.security_group_ids) >= 1
    error_message = "vpc has at least one subnet and one security group; this is ${jsonencode(var.vpc)}."
  }
}

variable "permissions_boundary_arn" {
  description = "The ARN of the permissions boundary of the role. If null, the role has no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null ? true : can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn has the form arn:aws:iam::ACCOUNT:policy/NAME; this is \"${coalesce(var.permissions_boundary_arn, "null")}\"."
  }
}

variable "alarm_topic_arn" {
  description = "The ARN of the SNS topic that the rollback alarms notify when they go off. If null, they notify nobody."
  type        = string
  default     = null

  validation {
    condition     = var.alarm_topic_arn == null ? true : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:.+$", var.alarm_topic_arn))
    error_message = "alarm_topic_arn has the form arn:aws:sns:REGION:ACCOUNT:NAME; this is \"${coalesce(var.alarm_topic_arn, "null")}\"."
  }
}

variable "enabled" {
  description = "If false, Terraform deletes the endpoint, and no instance costs money. The model, configuration, role and alarms stay. Turning it on again takes some minutes."
  type        = bool
  default     = true
  nullable    = false
}

variable "hours" {
  description = "The hours and days (Mon to Sun) of the endpoint, in UTC. EventBridge Scheduler creates and deletes the endpoint with a role of its own. If null, the endpoint always exists."
  type        = object({ from_utc = number, until_utc = number, days = list(string) })
  default     = null

  validation {
    condition     = var.hours == null || var.autoscaling == null
    error_message = "An endpoint with hours cannot have autoscaling, because its scaling target goes with it; leave out one of them. The schedules of autoscaling set other limits at night."
  }
}
