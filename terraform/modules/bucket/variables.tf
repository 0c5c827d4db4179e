variable "name" {
  description = "The bucket's name. It must be unique in the AWS partition. A change replaces the bucket with a new, empty one."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.name))
    error_message = "A bucket's name has 3 to 63 lower-case letters, digits and hyphens, and begins and ends with a letter or digit; this is \"${var.name}\"."
  }
}

variable "force_destroy" {
  description = "If true, destroying the bucket also deletes the objects in it. If false, destroy fails while the bucket has objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "noncurrent_version_days" {
  description = "How many days S3 keeps the old version of a replaced or deleted object. Until then, you can restore it."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.noncurrent_version_days >= 1 && floor(var.noncurrent_version_days) == var.noncurrent_version_days
    error_message = "noncurrent_version_days is a whole number of days, 1 or more; this is ${var.noncurrent_version_days}."
  }
}

variable "expirations" {
  description = "Rules that delete old objects, by the name of the rule. A rule deletes the objects under prefix after this number of days. It keeps their old versions for noncurrent_days (default: noncurrent_version_days)."
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
  description = "Rules that move old objects to a cheaper storage class, by the name of the rule. A rule moves the objects under prefix after this number of days. S3 charges no retrieval fee for the default class, INTELLIGENT_TIERING."
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
    # Objects in these classes can be read at once. Objects in the other classes must be restored first.
    condition     = alltrue([for rule in var.transitions : contains(["GLACIER_IR", "INTELLIGENT_TIERING", "ONEZONE_IA", "STANDARD_IA"], rule.storage_class)])
    error_message = "A transition's storage_class is one of GLACIER_IR, INTELLIGENT_TIERING, ONEZONE_IA, STANDARD_IA; these are ${jsonencode({ for name, rule in var.transitions : name => rule.storage_class })}."
  }

  validation {
    condition     = length(setintersection(keys(var.transitions), keys(var.expirations))) == 0
    error_message = "Transitions and expirations must have different names, because they are rules of one bucket; both have ${join(", ", setintersection(keys(var.transitions), keys(var.expirations)))}; rename one."
  }
}

variable "kms_key_arn" {
  description = "The ARN of the KMS key that encrypts the objects. If null, S3 encrypts them with its own key, at no cost."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null ? true : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/.+$", var.kms_key_arn))
    error_message = "kms_key_arn has the form arn:aws:kms:REGION:ACCOUNT:key/ID; this is \"${coalesce(var.kms_key_arn, "null")}\"."
  }
}

variable "access_log" {
  description = "The bucket that gets the server access logs, under access/NAME/. It needs \"access\" in its log_sources. If null, S3 logs no requests."
  type        = object({ bucket = string })
  default     = null
}

variable "log_sources" {
  description = "The logs that AWS may deliver to this bucket: access (server access logs of other buckets, under access/) and flow (VPC flow logs, under flow/)."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(setsubtract(var.log_sources, ["access", "flow"])) == 0
    error_message = "log_sources may contain only access and flow; these are ${join(", ", var.log_sources)}."
  }

  validation {
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
    condition     = length(var.log_sources) == 0 || var.kms_key_arn == null
    error_message = "A bucket with kms_key_arn cannot receive logs, and log_sources are ${join(", ", var.log_sources)}; leave out kms_key_arn or log_sources."
  }
}
