resource "aws_budgets_budget" "this" {
  name         = var.name
  budget_type  = "COST"
  limit_amount = tostring(var.monthly_limit_usd)
  limit_unit   = "USD"
  time_unit    = "MONTHLY"

  # What is used counts. By default, AWS Budgets takes credits and refunds off, so a new account's budget would count
  # nothing while its credits burn:
  # https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_budgets_CostTypes.html
  cost_types {
    include_credit = false
    include_refund = false
  }

  # Without a filter, the budget counts from its first hour. With a tag, it counts nothing until the tag is a cost
  # allocation tag. A tag can be activated a day after its first use, and activation takes up to another day:
  # https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
  dynamic "cost_filter" {
    for_each = var.tag[*]

    content {
      name   = "TagKeyValue"
      values = [join("$", ["user:${cost_filter.value.key}", cost_filter.value.value])]
    }
  }

  # Notifications for the actual cost, and one for the month's forecast.
  dynamic "notification" {
    for_each = merge(
      { for percent in var.alert_percents : "actual-${percent}" => { type = "ACTUAL", percent = percent } },
      { forecast = { type = "FORECASTED", percent = 100 } },
    )

    content {
      comparison_operator        = "GREATER_THAN"
      notification_type          = notification.value.type
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_sns_topic_arns  = var.topic_arn[*]
      subscriber_email_addresses = var.emails
    }
  }

  lifecycle {
    precondition {
      condition     = var.topic_arn != null || length(var.emails) > 0
      error_message = "A budget must notify somebody, but topic_arn is null and emails is empty; give one of them."
    }
  }
}

# A cost allocation tag is the account's: all environments share its key. To destroy it is to deactivate it, and the
# budgets of other environments would then count nothing. So an apply forgets one of an earlier version, and keeps it.
removed {
  from = aws_ce_cost_allocation_tag.this

  lifecycle {
    destroy = false
  }
}
