mock_provider "aws" {}

variables {
  name              = "scones-test"
  monthly_limit_usd = 150
  emails            = ["you@example.com"]
}

run "sends_mail_at_shares_of_the_limit_and_at_a_forecast_above_it" {
  assert {
    condition = toset([for one in aws_budgets_budget.this.notification : "${one.notification_type} ${one.threshold}"]) == toset([
      "ACTUAL 50", "ACTUAL 80", "ACTUAL 100", "FORECASTED 100",
    ])
    error_message = "Three shares and the forecast must be told."
  }

  assert {
    condition     = alltrue([for one in aws_budgets_budget.this.notification : one.subscriber_email_addresses == toset(["you@example.com"])])
    error_message = "Each alert goes to the address."
  }

  assert {
    condition     = aws_budgets_budget.this.limit_amount == "150" && length(aws_budgets_budget.this.cost_filter) == 0
    error_message = "Without a tag the whole account counts."
  }

  assert {
    condition     = alltrue([for one in aws_budgets_budget.this.cost_types : !one.include_credit && !one.include_refund]) && length(aws_budgets_budget.this.cost_types) == 1
    error_message = "Credits must not hide what is used."
  }
}

run "counts_resources_with_the_tag_and_notifies_a_topic" {
  variables {
    emails    = []
    topic_arn = "arn:aws:sns:us-east-1:123456789012:scones-test-alarms"
    tag       = { key = "Workload", value = "scones-test" }
  }

  assert {
    condition     = [for one in aws_budgets_budget.this.cost_filter : one.values[0]] == ["user:Workload$scones-test"]
    error_message = "Costs are filtered by the tag."
  }

  assert {
    condition     = alltrue([for one in aws_budgets_budget.this.notification : one.subscriber_sns_topic_arns == toset([var.topic_arn])])
    error_message = "Each alert goes to the topic."
  }
}

run "rejects_a_budget_without_a_recipient" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [aws_budgets_budget.this]
}

run "rejects_a_name_with_a_colon" {
  command = plan

  variables {
    name = "scones:test"
  }

  expect_failures = [var.name]
}

run "rejects_a_limit_of_zero" {
  command = plan

  variables {
    monthly_limit_usd = 0
  }

  expect_failures = [var.monthly_limit_usd]
}

run "rejects_more_alerts_than_a_budget_can_have" {
  command = plan

  variables {
    alert_percents = [20, 40, 60, 80, 100]
  }

  expect_failures = [var.alert_percents]
}

run "rejects_an_email_address_without_a_domain" {
  command = plan

  variables {
    emails = ["you"]
  }

  expect_failures = [var.emails]
}
