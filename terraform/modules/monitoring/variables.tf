variable "name" {
  description = "The beginning of the names of the topic, the alarms, the dashboard and the saved queries. It is also the namespace of the metrics from logs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$", var.name))
    error_message = "The name has up to 100 letters, digits, hyphens and underscores, and begins with a letter or digit; this is \"${var.name}\"."
  }
}

variable "endpoint" {
  description = "The endpoint to watch, its log group and its production variants. The first variant must be the pinned model's. Each variant has its own alarms."
  type = object({
    name           = string
    log_group_name = string
    variant_names  = optional(list(string), ["AllTraffic"])
  })
  nullable = false

  validation {
    condition     = length(var.endpoint.variant_names) > 0
    error_message = "endpoint.variant_names needs at least the variant of the pinned model, such as AllTraffic; it is ${jsonencode(var.endpoint.variant_names)}."
  }
}

variable "state_machine" {
  description = "The state machine to watch, and the log group of its executions. Its log level must be ALL."
  type        = object({ arn = string, log_group_name = string })
  nullable    = false
}

variable "functions" {
  description = "The functions to watch, by what they do. log_group_name is for the saved queries. Set refuses_low_answers for the function that fails for low confidence; its alarm does not count these errors."
  type = map(object({
    name                = string
    log_group_name      = string
    refuses_low_answers = optional(bool, false)
  }))
  nullable = false
}

variable "queues" {
  description = "The queues to watch, by what waits in them, each with the queue of its dead letters."
  type        = map(object({ name = string, dead_letters_name = string }))
  default     = {}
  nullable    = false
}

variable "batches" {
  description = "The ARNs of the state machines that classify batches of images, by the beginning of the name of their alarm."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "captures" {
  description = "The bucket and the prefix of the endpoint's captured traffic. If null, no alarm watches whether data capture has stopped."
  type        = object({ bucket = string, prefix = string })
  default     = null

  validation {
    condition     = var.captures == null || try(endswith(var.captures.prefix, "/"), false)
    error_message = "captures.prefix ends in \"/\", so that it covers one endpoint only; this is \"${try(var.captures.prefix, "")}\"."
  }
}

variable "refusal_errors" {
  description = "The names of the errors of an execution that refuses the model's answer: low confidence, or an image that is not one of the classes. The alarms do not count them as failures."
  type        = list(string)
  default     = ["ThresholdConfidenceNotMet", "NotOneOfTheClasses"]
  nullable    = false

  validation {
    condition     = length(var.refusal_errors) > 0
    error_message = "refusal_errors has at least one error: without any, every refused answer would be a failure."
  }
}

variable "thresholds" {
  description = "The values from which the alarms go off. silent_hours is the time for which the endpoint runs without a request; 0 turns this alarm off. The alarm for low_confidence_percent needs at least low_confidence_minimum executions in 15 minutes."
  type = object({
    endpoint_4xx           = optional(number, 10)
    endpoint_5xx           = optional(number, 1)
    latency_p99_ms         = optional(number, 2000)
    silent_hours           = optional(number, 24)
    failed_executions      = optional(number, 1)
    low_confidence_percent = optional(number, 50)
    low_confidence_minimum = optional(number, 20)
    function_errors        = optional(number, 3)
    function_throttles     = optional(number, 1)
    capture_stopped_after  = optional(number, 20)
    waiting_seconds        = optional(number, 900)
  })
  default  = {}
  nullable = false

  validation {
    # All periods of an alarm together are at most one day:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    condition     = contains(range(25), var.thresholds.silent_hours)
    error_message = "thresholds.silent_hours is a whole number of hours from 0 to 24; this is ${var.thresholds.silent_hours}."
  }

  validation {
    condition     = var.thresholds.low_confidence_percent > 0 && var.thresholds.low_confidence_percent <= 100
    error_message = "thresholds.low_confidence_percent is a number above 0 and at most 100; this is ${var.thresholds.low_confidence_percent}."
  }
}

variable "emails" {
  description = "The mail addresses to notify when an alarm goes off and when it is over. SNS sends a mail to each address, and its owner must confirm the subscription."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "emails are addresses such as you@example.com; these are ${jsonencode(var.emails)}."
  }
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the topic. The key's policy must allow cloudwatch.amazonaws.com, or the alarms cannot publish. If null, the topic is not encrypted, because alarms cannot publish with SNS's own key."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a KMS key, arn:aws:kms:…; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}
