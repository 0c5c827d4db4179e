variable "name" {
  description = "The budget's name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[^:\\\\]{1,100}$", var.name))
    error_message = "A budget's name has up to 100 characters and neither a colon nor a backslash; this is \"${var.name}\"."
  }
}

variable "monthly_limit_usd" {
  description = "The limit for a month, in US dollars. The budget only sends alerts; it stops no resource."
  type        = number
  nullable    = false

  validation {
    condition     = var.monthly_limit_usd > 0
    error_message = "monthly_limit_usd is above 0; this is ${var.monthly_limit_usd}."
  }
}

variable "alert_percents" {
  description = "The percentages of the limit at which the budget sends an alert. It also sends an alert if the forecast is above the limit."
  type        = list(number)
  default     = [50, 80, 100]
  nullable    = false

  validation {
    # A budget can have five notifications. One is for the forecast:
    # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/billing-limits.html
    condition     = length(var.alert_percents) <= 4 && alltrue([for percent in var.alert_percents : percent > 0 && percent <= 1000])
    error_message = "alert_percents has at most four numbers, each above 0 and at most 1000; these are ${jsonencode(var.alert_percents)}."
  }
}

variable "tag" {
  description = "The budget counts only the cost of resources with this tag, from the day when it is a cost allocation tag. If null, it counts the cost of the whole account, from the first hour."
  type        = object({ key = string, value = string })
  default     = null
}

variable "topic_arn" {
  description = "The ARN of the SNS topic for the alerts. The topic's policy must allow budgets.amazonaws.com to publish. If null, alerts go to emails only."
  type        = string
  default     = null
}

variable "emails" {
  description = "The mail addresses for the alerts, up to ten. AWS Budgets needs no confirmation of the addresses."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.emails) <= 10 && alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "emails has at most ten addresses, such as you@example.com; these are ${jsonencode(var.emails)}."
  }
}
