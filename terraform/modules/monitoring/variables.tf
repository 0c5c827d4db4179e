variable "name" {
  description = "What the names of the topic, the alarms, the dashboard and the saved queries begin with, and the namespace of the metrics that are counted from logs."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_-]{0,99}$", var.name))
    error_message = "The name has up to 100 letters, digits, hyphens and underscores, a letter or digit first; this is \"${var.name}\"."
  }
}

variable "endpoint" {
  description = "The endpoint that is watched, its log group and its production variants, the pinned model's first. Each variant has alarms of its own."
  type = object({
    name           = string
    log_group_name = string
    variant_names  = optional(list(string), ["AllTraffic"])
  })
  nullable = false

  validation {
    condition     = length(var.endpoint.variant_names) > 0
    error_message = "endpoint.variant_names needs the variant that serves the pinned model; it is ${jsonencode(var.endpoint.variant_names)}."
  }
}

variable "state_machine" {
  description = "The state machine that is watched and the log group of its executions, at level ALL."
  type        = object({ arn = string, log_group_name = string })
  nullable    = false
}

variable "functions" {
  description = "The functions that are watched, by what they do: names, and log groups for the saved queries. The errors of one that refuses answers for low confidence are counted without those."
  type = map(object({
    name                = string
    log_group_name      = string
    refuses_low_answers = optional(bool, false)
  }))
  nullable = false
}

variable "captures" {
  description = "The bucket and the prefix that the endpoint's captured traffic lies under. Where null, nothing tells of a capture that has stopped."
  type        = object({ bucket = string, prefix = string })
  default     = null

  validation {
    condition     = var.captures == null || try(endswith(var.captures.prefix, "/"), false)
    error_message = "captures.prefix ends in \"/\", so that it names one endpoint's; this is \"${try(var.captures.prefix, "")}\"."
  }
}

variable "low_confidence_error" {
  description = "The error that an execution ends with when the model is not sure enough, which is no failure."
  type        = string
  default     = "ThresholdConfidenceNotMet"
  nullable    = false
}

variable "thresholds" {
  description = "From which values on alarms go off. silent_hours is after how long without a request; 0 leaves that alarm out. A share of low confidence counts from low_confidence_minimum executions in a quarter of an hour on."
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
  })
  default  = {}
  nullable = false

  validation {
    # The periods of an alarm span at most a day:
    # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    condition     = contains(range(25), var.thresholds.silent_hours)
    error_message = "thresholds.silent_hours is a whole number of hours up to 24, or 0; this is ${var.thresholds.silent_hours}."
  }

  validation {
    condition     = var.thresholds.low_confidence_percent > 0 && var.thresholds.low_confidence_percent <= 100
    error_message = "thresholds.low_confidence_percent is a share above 0 and up to 100 percent; this is ${var.thresholds.low_confidence_percent}."
  }
}

variable "emails" {
  description = "Who is written to when an alarm goes off and when it is over. Each address has to confirm the subscription by the mail that SNS sends it."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "emails are addresses such as you@example.com; these are ${jsonencode(var.emails)}."
  }
}

variable "kms_key_arn" {
  description = "The key that encrypts the topic; it must let cloudwatch.amazonaws.com use it, or alarms tell nobody. Where null, SNS encrypts nothing: its own key lets no alarm publish."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:", var.kms_key_arn))
    error_message = "kms_key_arn is the ARN of a KMS key, arn:aws:kms:…; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}
