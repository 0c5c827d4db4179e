variable "name" {
  description = "The bucket's name, unique in the whole partition. Changing it makes a new, empty bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens, with a letter or digit at both ends; this is \"${var.name}\"."
  }
}

variable "force_destroy" {
  description = "Whether destroying the bucket deletes the objects in it. Without it, destroy stops at a bucket that is not empty."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "How many days a replaced or deleted object can still be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days is a whole number of days, 1 or more; this is ${var.noncurrent_version_days}."
  }
}

variable "expirations" {
  description = "What is deleted by age: for each rule's name the key prefix it covers and the age in days, and how many days a replaced object of it is kept (noncurrent_version_days, unless given)."
  type = map(object({
    prefix          = string
    days            = number
    noncurrent_days = optional(number)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.expirations : rule.days >= 1 && floor(rule.days) == rule.days])
    error_message = "An expiration's days are a whole number, 1 or more; these are ${jsonencode({ for name, rule in var.expirations : name => rule.days })}."
  }

  validation {
    condition     = alltrue([for rule in var.expirations : rule.noncurrent_days == null ? true : rule.noncurrent_days >= 1 && floor(rule.noncurrent_days) == rule.noncurrent_days])
    error_message = "An expiration's noncurrent_days are a whole number, 1 or more; these are ${jsonencode({ for name, rule in var.expirations : name => rule.noncurrent_days })}."
  }

  validation {
    condition     = alltrue([for rule in var.expirations : endswith(rule.prefix, "/")])
    error_message = "An expiration's prefix ends with \"/\", so that it covers one folder only; these are ${jsonencode({ for name, rule in var.expirations : name => rule.prefix })}."
  }
}

variable "transitions" {
  description = "What moves to a cheaper class by age: for each rule's name the key prefix it covers, the age in days and the class (INTELLIGENT_TIERING, which costs nothing to read from, unless given)."
  type = map(object({
    prefix        = string
    days          = number
    storage_class = optional(string, "INTELLIGENT_TIERING")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for rule in var.transitions : rule.days >= 0 && floor(rule.days) == rule.days])
    error_message = "A transition's days are a whole number, 0 or more; these are ${jsonencode({ for name, rule in var.transitions : name => rule.days })}."
  }

  validation {
    # The classes that are read from at once; objects of the others have to be restored first.
    condition     = alltrue([for rule in var.transitions : contains(["GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"], rule.storage_class)])
    error_message = "A transition's storage_class is one of GLACIER_IR, INTELLIGENT_TIERING, ONEZONE_IA, STANDARD_IA; these are ${jsonencode({ for name, rule in var.transitions : name => rule.storage_class })}."
  }

  validation {
    condition     = length(setintersection(keys(var.transitions), keys(var.expirations))) == 0
    error_message = "Transitions and expirations are rules of one list, so each needs a name of its own; both have ${join(", ", setintersection(keys(var.transitions), keys(var.expirations)))}."
  }
}

variable "kms_key_arn" {
  description = "The KMS key that encrypts the objects; null leaves them to S3's own key, which costs nothing."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}

variable "access_log" {
  description = "The bucket that a record of every request is delivered to, under access/NAME/; null keeps none. It is one with log_sources [\"access\"]."
  type        = object({ bucket = string })
  default     = null
}

variable "log_sources" {
  description = "Whose logs may be delivered to the bucket: access (of other buckets' requests, to access/) and flow (of a network's traffic, to flow/)."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.log_sources, ["access", "flow"])) == 0
    error_message = "log_sources are some of access, flow; these are ${join(", ", var.log_sources)}."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    condition     = length(var.log_sources) == 0 || var.kms_key_arn == null
    error_message = "S3 delivers no logs to a bucket that a KMS key encrypts by default: leave out kms_key_arn, or log_sources (${join(", ", var.log_sources)})."
  }
}
