variable "environment" {
  description = "The environment, which every name contains: scones-ENVIRONMENT-…. `invoke env` sets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "An environment has up to 12 lower-case letters and digits, a letter first; this is \"${var.environment}\"."
  }
}

variable "state_bucket" {
  description = "The bucket that holds the foundation stack's state. `invoke env` sets it."
  type        = string
  nullable    = false
}

variable "model" {
  description = "The pinned model, written by `invoke register` and `invoke pin` (model.tfvars.json). Another one replaces what the endpoint serves."
  type = object({
    package_arn         = string
    version             = number
    image_uri           = string
    artifact_uri        = string
    artifact_sha256     = string
    class_labels        = list(string)
    metrics             = optional(map(number), {})
    dataset_fingerprint = optional(string, "")
    git_commit          = optional(string, "")
  })
  nullable = false

  validation {
    condition     = length(var.model.class_labels) >= 2 && length(distinct(var.model.class_labels)) == length(var.model.class_labels)
    error_message = "model.class_labels are two or more different labels, in index order; these are ${jsonencode(var.model.class_labels)}."
  }
}

variable "confidence_threshold" {
  description = "From this probability of the most likely class on, an answer passes; below it the execution fails with ThresholdConfidenceNotMet."
  type        = number
  nullable    = false

  validation {
    condition     = var.confidence_threshold >= 0 && var.confidence_threshold <= 1
    error_message = "confidence_threshold is a probability from 0 to 1; this is ${var.confidence_threshold}."
  }
}

variable "endpoint_instance_type" {
  description = "The instance type that the endpoint runs on."
  type        = string
  default     = "ml.m5.large"
  nullable    = false
}

variable "endpoint_instance_count" {
  description = "How many instances the endpoint runs on."
  type        = number
  default     = 1
  nullable    = false
}

variable "capture_percentage" {
  description = "The share of requests to the endpoint that is captured, in percent."
  type        = number
  default     = 100
  nullable    = false
}

variable "image_buckets" {
  description = "Further buckets whose images may be classified, beside the project's own."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "lambda_packages" {
  description = "The folder of the functions' zips, as `invoke package` writes it."
  type        = string
  default     = "../../../build/lambdas"
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days the logs of functions, executions and endpoint are kept."
  type        = number
  default     = 30
  nullable    = false
}

variable "candidate" {
  description = "A second registered model and its share of the requests in percent, or with shadow of copies only, written by `invoke ab.start` (candidate.tfvars.json); null serves the pinned model alone."
  type = object({
    model = object({
      package_arn         = string
      version             = number
      image_uri           = string
      artifact_uri        = string
      artifact_sha256     = string
      class_labels        = list(string)
      metrics             = optional(map(number), {})
      dataset_fingerprint = optional(string, "")
      git_commit          = optional(string, "")
    })
    share  = number
    shadow = optional(bool, false)
  })
  default = null

  validation {
    # The function that asks the endpoint reads both models' answers by the same labels.
    condition     = var.candidate == null ? true : jsonencode(var.candidate.model.class_labels) == jsonencode(var.model.class_labels)
    error_message = "The candidate's labels must be the pinned model's, in its order; they are ${jsonencode(try(var.candidate.model.class_labels, []))}, not ${jsonencode(var.model.class_labels)}."
  }
}

variable "endpoint_deployment" {
  description = "How an update of the endpoint takes over: routing (ALL_AT_ONCE, CANARY or LINEAR), step_percent, wait_seconds under the eyes of the alarms after each step, termination_wait_seconds."
  type = object({
    routing                  = optional(string, "ALL_AT_ONCE")
    step_percent             = optional(number, 50)
    wait_seconds             = optional(number, 180)
    termination_wait_seconds = optional(number, 60)
  })
  default  = {}
  nullable = false
}

variable "endpoint_rollback" {
  description = "From which share of 5xx answers (error_percent) or slowest hundredth of the answers (latency_ms) on an update is turned back."
  type = object({
    error_percent = optional(number, 5)
    latency_ms    = optional(number, 5000)
  })
  default  = {}
  nullable = false
}

variable "endpoint_autoscaling" {
  description = "Between how many instances the endpoint is scaled (min, max), to how many requests_per_minute an instance, and schedules of other limits; null keeps endpoint_instance_count."
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
}

variable "alarm_emails" {
  description = "Who is written to when an alarm goes off or is over. Each address has to confirm by the mail that SNS sends it."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "alarm_thresholds" {
  description = "From which values on alarms go off, in counts of five minutes, milliseconds and percent; modules/monitoring has the whole list. silent_hours = 0 leaves out the alarm on an endpoint that nobody asks."
  type = object({
    endpoint_4xx           = optional(number)
    endpoint_5xx           = optional(number)
    latency_p99_ms         = optional(number)
    silent_hours           = optional(number)
    failed_executions      = optional(number)
    low_confidence_percent = optional(number)
    low_confidence_minimum = optional(number)
    function_errors        = optional(number)
    function_throttles     = optional(number)
    capture_stopped_after  = optional(number)
  })
  default  = {}
  nullable = false
}

variable "monthly_budget_usd" {
  description = "What this environment may cost a month, in US dollars, before the alarms' topic is told; null makes no budget. It counts what carries the tag Workload, once that is a cost allocation tag."
  type        = number
  default     = null
}

variable "activate_cost_tag" {
  description = "Whether the tag Workload is made a cost allocation tag here. Only the account that pays may do so, a day after something first carried the tag."
  type        = bool
  default     = false
  nullable    = false
}

variable "endpoint_hours" {
  description = "The hours of which days (Mon to Sun, all in UTC) the endpoint is there; null is always. An apply at any time gives what that hour asks for: have one run at both hours, invoke tf.apply --stack service --yes."
  type = object({
    from_utc  = number
    until_utc = number
    days      = optional(list(string), ["Mon", "Tue", "Wed", "Thu", "Fri"])
  })
  default = null

  validation {
    condition     = var.endpoint_hours == null ? true : contains(range(24), var.endpoint_hours.from_utc) && contains(range(1, 25), var.endpoint_hours.until_utc) && var.endpoint_hours.from_utc < var.endpoint_hours.until_utc
    error_message = "endpoint_hours.from_utc and until_utc are whole hours from 0 to 24, the first below the second; these are ${try(var.endpoint_hours.from_utc, "null")} and ${try(var.endpoint_hours.until_utc, "null")}."
  }

  validation {
    condition     = var.endpoint_hours == null ? true : length(setsubtract(var.endpoint_hours.days, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])) == 0
    error_message = "endpoint_hours.days are Mon, Tue, Wed, Thu, Fri, Sat and Sun; these are ${try(join(", ", var.endpoint_hours.days), "null")}."
  }
}
