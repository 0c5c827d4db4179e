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
  description = "What a month may cost, in US dollars. Alerts go by shares of it; nothing is switched off."
  type        = number
  nullable    = false

  validation {
    condition     = var.monthly_limit_usd > 0
    error_message = "monthly_limit_usd is above 0; this is ${var.monthly_limit_usd}."
  }
}

variable "alert_percents" {
  description = "At which percentages of the limit, once spent, somebody is told; a forecast above the limit is told in any case."
  type        = list(number)
  default     = [50, 80, 100]
  nullable    = false

  validation {
    # A budget takes five notifications, and the forecast is one:
    # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/billing-limits.html
    condition     = length(var.alert_percents) <= 4 && alltrue([for percent in var.alert_percents : percent > 0 && percent <= 1000])
    error_message = "alert_percents are up to four percentages above 0 and up to 1000; these are ${jsonencode(var.alert_percents)}."
  }
}

variable "tag" {
  description = "What is counted: the costs of what has this tag. Where null, the whole account's."
  type        = object({ key = string, value = string })
  default     = null
}

variable "activate_tag" {
  description = "Whether the tag's key is made a cost allocation tag here. Only the account that pays may do so, and only once something has carried the tag for a day."
  type        = bool
  default     = false
  nullable    = false
}

variable "topic_arn" {
  description = "The topic that alerts are published to; its policy must let budgets.amazonaws.com do so. Where null, only emails are told."
  type        = string
  default     = null
}

variable "emails" {
  description = "Who is written to, up to ten addresses; budgets ask nobody to confirm."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.emails) <= 10 && alltrue([for address in var.emails : can(regex("^[^@ ]+@[^@ ]+\\.[^@ ]+$", address))])
    error_message = "emails are up to ten addresses such as you@example.com; these are ${jsonencode(var.emails)}."
  }
}
