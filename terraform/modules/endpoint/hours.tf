# The hours of the endpoint. SageMaker cannot pause an endpoint, so a schedule deletes it and another creates it again,
# with the configuration of the last apply. They run in AWS: no machine, no checkout and no pipeline's role is needed.
#
# Terraform knows the same hours (enabled): outside of them, its plan is empty without the endpoint.
locals {
  week = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
  on   = [for day in try(var.hours.days, []) : upper(day)]

  # The endpoint is deleted on the same day, or, at 24, at the beginning of the next. Between two days that meet at
  # midnight, it stays.
  whole    = try(var.hours.from_utc == 0 && var.hours.until_utc == 24, false)
  tomorrow = { for number, day in local.week : day => local.week[(number + 1) % 7] }
  starting = [for day in local.week : day if contains(local.on, day) && !(local.whole && contains([for on in local.on : local.tomorrow[on]], day))]
  ending   = [for day in local.week : day if contains(local.on, day) && !(local.whole && contains(local.on, local.tomorrow[day]))]
  gone     = try(var.hours.until_utc, 0) == 24 ? [for day in local.ending : local.tomorrow[day]] : local.ending

  endpoint_arn = format(local.arn_of, "sagemaker", "endpoint/${var.name}")

  created = {
    EndpointName       = var.name
    EndpointConfigName = aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name
    Tags               = [for key, value in data.aws_default_tags.current.tags : { Key = key, Value = value }]
    DeploymentConfig   = local.deployment_config
  }

  schedules_of_hours = { for name, schedule in {
    on  = { action = "createEndpoint", hour = try(var.hours.from_utc, 0), days = local.starting, input = jsonencode(local.created) }
    off = { action = "deleteEndpoint", hour = try(var.hours.until_utc, 0) % 24, days = local.gone, input = jsonencode({ EndpointName = var.name }) }
  } : name => schedule if length(schedule.days) > 0 }

  hours_statements = concat(
    [
      {
        Sid      = "CreateTheEndpoint"
        Effect   = "Allow"
        Action   = ["sagemaker:CreateEndpoint"]
        Resource = [local.endpoint_arn, format(local.arn_of, "sagemaker", "endpoint-config/${var.name}-*")]
      },
      {
        Sid      = "TagAndDeleteTheEndpoint"
        Effect   = "Allow"
        Action   = ["sagemaker:AddTags", "sagemaker:DeleteEndpoint"]
        Resource = [local.endpoint_arn]
      },
    ],
    # SageMaker makes a grant for the volumes in the name of whoever creates the endpoint:
    # https://docs.aws.amazon.com/sagemaker/latest/dg/encryption-at-rest.html
    [for arn in var.kms_key_arn[*] : {
      Sid       = "LetSageMakerUseTheKey"
      Effect    = "Allow"
      Action    = ["kms:CreateGrant"]
      Resource  = [arn]
      Condition = { StringEquals = { "kms:ViaService" = "sagemaker.${data.aws_region.current.id}.amazonaws.com" }, Bool = { "kms:GrantIsForAWSResource" = "true" } }
    }],
  )
}

data "aws_default_tags" "current" {}

resource "aws_scheduler_schedule" "hours" {
  for_each = local.schedules_of_hours

  #checkov:skip=CKV_AWS_297:it holds the endpoint's name and settings, and no secret; Scheduler encrypts it with its own key

  name                         = "${var.name}-${each.key}"
  description                  = "The endpoint ${var.name} is ${each.key}: the hours of its variable hours."
  schedule_expression          = "cron(0 ${each.value.hour} ? * ${join(",", each.value.days)} *)"
  schedule_expression_timezone = "UTC"

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = "arn:${local.partition}:scheduler:::aws-sdk:sagemaker:${each.value.action}"
    role_arn = aws_iam_role.hours[0].arn
    input    = each.value.input

    # An endpoint that is being updated cannot be deleted. Scheduler tries again for an hour.
    retry_policy {
      maximum_event_age_in_seconds = 3600
      maximum_retry_attempts       = 60
    }
  }

  # After an update that fails, the schedule still has the configuration that answers.
  depends_on = [aws_sagemaker_endpoint.this, aws_iam_role_policy.hours]
}

resource "aws_iam_role" "hours" {
  count = var.hours == null ? 0 : 1

  name                 = "${var.name}-hours"
  description          = "Creates and deletes the endpoint ${var.name} at its hours."
  permissions_boundary = var.permissions_boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "SchedulerOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.current.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "hours" {
  count = var.hours == null ? 0 : 1

  name   = "hours"
  role   = aws_iam_role.hours[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.hours_statements })
}
