variable "environment" {
  description = "The name of the environment. All resource names begin with scones-ENVIRONMENT. `invoke env` sets it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.environment))
    error_message = "An environment's name has up to 12 lower-case letters and digits, and begins with a letter; this is \"${var.environment}\"."
  }
}

variable "state_bucket" {
  description = "The name of the bucket with the state of the foundation stack. `invoke env` sets it."
  type        = string
  nullable    = false
}

variable "model" {
  description = "The pinned model, which the endpoint serves. other_class is the label of images that are none of the others: such answers fail with NotOneOfTheClasses. `invoke register` and `invoke pin` write it to model.tfvars.json."
  type = object({
    package_arn         = string
    version             = number
    image_uri           = string
    artifact_uri        = string
    artifact_sha256     = string
    class_labels        = list(string)
    other_class         = optional(string)
    metrics             = optional(map(number), {})
    dataset_fingerprint = optional(string, "")
    git_commit          = optional(string, "")
  })
  nullable = false

  validation {
    condition     = length(var.model.class_labels) >= 2 && length(distinct(var.model.class_labels)) == length(var.model.class_labels)
    error_message = "model.class_labels are two or more different labels, in index order; these are ${jsonencode(var.model.class_labels)}."
  }

  validation {
    condition     = var.model.other_class == null ? true : contains(var.model.class_labels, var.model.other_class)
    error_message = "model.other_class is the label of images that are none of the others, one of ${jsonencode(var.model.class_labels)}, or null; this is ${jsonencode(var.model.other_class)}."
  }
}

variable "confidence_threshold" {
  description = "The smallest probability of the most likely class with which an answer passes. Below it, the execution fails with ThresholdConfidenceNotMet."
  type        = number
  nullable    = false

  validation {
    condition     = var.confidence_threshold >= 0 && var.confidence_threshold <= 1
    error_message = "confidence_threshold is a probability from 0 to 1; this is ${var.confidence_threshold}."
  }
}

variable "endpoint_instance_type" {
  description = "The instance type of the endpoint."
  type        = string
  default     = "ml.m5.large"
  nullable    = false
}

variable "endpoint_instance_count" {
  description = "The number of the endpoint's instances. With endpoint_autoscaling, it is the number at the start of an update."
  type        = number
  default     = 1
  nullable    = false
}

variable "capture_percentage" {
  description = "The percentage of requests to the endpoint that SageMaker captures."
  type        = number
  default     = 100
  nullable    = false
}

variable "image_buckets" {
  description = "The names of further buckets with images to classify, besides the environment's own bucket. If the functions run in a network, and a bucket belongs to another account, name this account in the foundation's vpc.bucket_accounts. With a pipeline, apply the bootstrap stack first."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "lambda_packages" {
  description = "The folder with the functions' zips. `invoke package` writes them."
  type        = string
  default     = "../../../build/lambdas"
  nullable    = false
}

variable "log_retention_days" {
  description = "How many days CloudWatch Logs keeps the logs of the functions, the executions and the endpoint."
  type        = number
  default     = 30
  nullable    = false
}

variable "candidate" {
  description = "A second registered model. It gets share percent of the requests, or with shadow only copies of them. `invoke ab.start` writes it to candidate.tfvars.json. If null, the endpoint serves only the pinned model."
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
    # The function classifyImage uses one list of labels for the answers of both models.
    condition     = var.candidate == null ? true : jsonencode(var.candidate.model.class_labels) == jsonencode(var.model.class_labels)
    error_message = "The candidate must have the labels of the pinned model, ${jsonencode(var.model.class_labels)}, in the same order; it has ${jsonencode(try(var.candidate.model.class_labels, []))}."
  }
}

variable "endpoint_deployment" {
  description = "How an update of the endpoint shifts the traffic. routing is ALL_AT_ONCE, CANARY or LINEAR, with steps of step_percent. SageMaker watches the alarms for wait_seconds after each step. It keeps the old instances for another termination_wait_seconds."
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
  description = "The limits for rolling an update back: more than error_percent of a minute's requests to the new instances end in a 5xx error, or the slowest 1 percent of their answers takes longer than latency_ms. If enabled is false, no alarm rolls an update back: for emergencies, see invoke tf.apply --no-rollback."
  type = object({
    enabled       = optional(bool, true)
    error_percent = optional(number, 5)
    latency_ms    = optional(number, 5000)
  })
  default  = {}
  nullable = false
}

variable "endpoint_autoscaling" {
  description = "Autoscaling between min and max instances, with a target of requests_per_minute for each instance. schedules set other limits at given times. If null, the endpoint always has endpoint_instance_count instances."
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
  description = "The mail addresses to notify when an alarm goes off and when it is over. SNS sends a mail to each address, and its owner must confirm the subscription."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "alarm_thresholds" {
  description = "The values from which the alarms go off: counts in five minutes, milliseconds, or percent. terraform/modules/monitoring has the defaults. silent_hours = 0 turns off the alarm for an endpoint without requests."
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
    waiting_seconds        = optional(number)
  })
  default  = {}
  nullable = false
}

variable "monthly_budget_usd" {
  description = "The monthly budget, in US dollars. It notifies the alarms' topic. budget_scope says what it counts. If null, there is no budget."
  type        = number
  default     = null
}

variable "budget_scope" {
  description = "What the budget counts: account is everything in the account, from the first hour (in an organisation's management account, the organisation). environment is only what has the tag Workload of this environment, and nothing until this tag is a cost allocation tag. `invoke budget` says whether it counts."
  type        = string
  default     = "account"
  nullable    = false

  validation {
    condition     = contains(["account", "environment"], var.budget_scope)
    error_message = "budget_scope is account or environment; this is \"${var.budget_scope}\"."
  }
}

variable "endpoint_hours" {
  description = "The hours and days (Mon to Sun) when the endpoint exists, in UTC. If null, it always exists. EventBridge Scheduler creates and deletes it, with the model of the last apply. An apply outside the hours changes everything else."
  type = object({
    from_utc  = number
    until_utc = number
    days      = optional(list(string), ["Mon", "Tue", "Wed", "Thu", "Fri"])
  })
  default = null

  validation {
    condition     = var.endpoint_hours == null ? true : contains(range(24), var.endpoint_hours.from_utc) && contains(range(1, 25), var.endpoint_hours.until_utc) && var.endpoint_hours.from_utc < var.endpoint_hours.until_utc
    error_message = "endpoint_hours.from_utc and until_utc are whole hours from 0 to 24, and from_utc is below until_utc; these are ${try(var.endpoint_hours.from_utc, "null")} and ${try(var.endpoint_hours.until_utc, "null")}."
  }

  validation {
    condition     = var.endpoint_hours == null ? true : length(setsubtract(var.endpoint_hours.days, ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"])) == 0
    error_message = "endpoint_hours.days may contain only Mon, Tue, Wed, Thu, Fri, Sat and Sun; these are ${try(join(", ", var.endpoint_hours.days), "null")}."
  }
}

variable "endpoint_stands" {
  description = "Whether the endpoint exists in AWS. A plan takes an endpoint that a schedule has created into the state. `invoke env` sets it."
  type        = bool
  default     = false
  nullable    = false
}

variable "arrival" {
  description = "What happens when objects arrive in the environment's bucket. Each new object under prefix, with one of the suffixes, starts an execution, and its result is under results. With at_most, no more executions run at once for arrivals. In a network, the foundation's vpc.interface_endpoints needs states and events. If null, nothing happens."
  type = object({
    prefix   = optional(string, "incoming/")
    suffixes = optional(list(string), [".png", ".jpg", ".jpeg"])
    results  = optional(string, "results")
    at_most  = optional(number)
  })
  default = null

  validation {
    # Neither may lie in a folder of the workflow's own objects, nor contain one. `invoke batch` reads the file too.
    condition = var.arrival == null ? true : alltrue([
      for pair in setproduct(
        flatten(values(jsondecode(file("${path.module}/folders.json")))), [var.arrival.prefix, "${var.arrival.results}/"],
      ) : !startswith(pair[0], pair[1]) && !startswith(pair[1], pair[0])
    ])
    error_message = "arrival.prefix is \"${try(var.arrival.prefix, "null")}\" and arrival.results \"${try(var.arrival.results, "null")}\", but ${join(", ", sort(flatten(values(jsondecode(file("${path.module}/folders.json"))))))} are for the workflow's own objects."
  }

  validation {
    # The other way round, a result would be an arrival: modules/arrival refuses that.
    condition     = var.arrival == null ? true : !startswith(var.arrival.prefix, "${var.arrival.results}/")
    error_message = "arrival.prefix is \"${try(var.arrival.prefix, "null")}\", which lies under arrival.results, \"${try(var.arrival.results, "null")}\": arrivals would be among the results."
  }
}

variable "batch" {
  description = "Whether batches of images can be classified. A batch runs at_most executions of a function at once, each of 40 images, or fewer if the model has more than 136 classes, and fails if AWS gives no answer for more than tolerated_failure_percentage of its images. Transform jobs have an instance of transform_instance_type; they do not take every type that endpoints take. If null, there are no batches, and nothing costs anything."
  type = object({
    at_most                      = optional(number, 8)
    tolerated_failure_percentage = optional(number, 5)
    transform_instance_type      = optional(string, "ml.m5.large")
  })
  default = null
}
