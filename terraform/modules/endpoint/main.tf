data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  # The served models, by variant. The variants' names stay the same across updates. Scaling targets, weights and
  # guardrails need this: https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
  main   = { image_uri = var.image_uri, artifact_uri = var.artifact_uri, artifact_sha256 = var.artifact_sha256, tags = var.model_tags }
  second = try(var.candidate.shadow, false) ? "Shadow" : "Candidate"
  served = merge({ AllTraffic = local.main }, var.candidate == null ? {} : { (local.second) = {
    image_uri       = var.candidate.image_uri
    artifact_uri    = var.candidate.artifact_uri
    artifact_sha256 = var.candidate.artifact_sha256
    tags            = var.candidate.model_tags
  } })
  production = [for name in ["AllTraffic", "Candidate"] : name if contains(keys(local.served), name)]

  # Weights are whole numbers. AWS stores them as 32-bit floats, so 0.9 would come back as a different number. A
  # shadow's share of copies is its weight divided by the production variant's weight.
  share   = try(var.candidate.share, 0)
  weights = { AllTraffic = var.candidate == null ? 1 : local.second == "Shadow" ? 100 : 100 - local.share, Candidate = local.share, Shadow = local.share }

  # SageMaker cannot change a model or a configuration in place, and refuses a name that exists. So each name ends in a
  # hash of the content. The hash is also the key of the Terraform resource. New content creates a new resource beside
  # the old one. Terraform deletes the old one after the endpoint's update. After a rollback, the old content has the
  # old name again, so Terraform finds the existing resource.
  hashes = { for name, model in local.served : name => substr(sha256(jsonencode([
    model.image_uri, model.artifact_uri, model.artifact_sha256, aws_iam_role.this.name, var.vpc,
  ])), 0, 12) }
  models = { for hash, same in { for name, model in local.served : local.hashes[name] => model... } : hash => same[0] }

  configuration_hash = substr(sha256(jsonencode([
    local.hashes, local.share, var.instance_type, local.fixed_count, local.destination, var.capture_percentage, var.kms_key_arn,
  ])), 0, 12)

  # A captured event does not say which model answered it. During an update both fleets answer, and each captures as its
  # own configuration says. So with a folder of its own, every configuration's events stay apart:
  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateEndpoint.html
  #
  # The folder is below capture_uri/name: the role may then write both fleets' captures, and one prefix has them all.
  destination = var.capture_folder == null ? var.capture_uri : "${var.capture_uri}/${var.name}/${var.capture_folder}"

  # With autoscaling, the scaling target sets the count. A new instance_count then creates no new configuration.
  fixed_count = var.autoscaling == null ? var.instance_count : null

  # An update's new fleet starts with this number of instances, however many the old fleet has. It is at least min.
  first_count = max(var.instance_count, try(var.autoscaling.min, 1))

  # Some instance types have a local disk, which their hardware encrypts. SageMaker refuses a KMS key for these types:
  # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateEndpointConfig.html
  own_disk   = can(regex("^ml\\.(g[5-9][a-z0-9]*|p5[a-z]*|trn[a-z0-9]*|[a-z]+[0-9]+[a-z]*d[a-z]*)\\.", var.instance_type))
  volume_key = local.own_disk ? null : var.kms_key_arn
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/sagemaker/Endpoints/${var.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  #checkov:skip=CKV_AWS_158:kms_key_arn is optional; without it, CloudWatch Logs encrypts with its own key
  #checkov:skip=CKV_AWS_338:log_retention_days sets this; the container's log lines are useful for weeks, and a year of them costs money
}

resource "aws_sagemaker_model" "this" {
  for_each = local.models

  name               = "${var.name}-${each.key}"
  execution_role_arn = aws_iam_role.this.arn
  # The container needs only its artifact, and no network.
  enable_network_isolation = true
  tags                     = each.value.tags

  primary_container {
    image          = each.value.image_uri
    model_data_url = each.value.artifact_uri
  }

  dynamic "vpc_config" {
    for_each = var.vpc[*]

    content {
      subnets            = vpc_config.value.subnet_ids
      security_group_ids = vpc_config.value.security_group_ids
    }
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [aws_iam_role_policy.this]
}

resource "aws_sagemaker_endpoint_configuration" "this" {
  for_each = toset([local.configuration_hash])

  name        = "${var.name}-${each.key}"
  kms_key_arn = local.volume_key

  dynamic "production_variants" {
    for_each = local.production

    content {
      variant_name           = production_variants.value
      model_name             = aws_sagemaker_model.this[local.hashes[production_variants.value]].name
      instance_type          = var.instance_type
      initial_instance_count = production_variants.value == "AllTraffic" ? local.first_count : 1
      initial_variant_weight = local.weights[production_variants.value]
    }
  }

  dynamic "shadow_production_variants" {
    for_each = setsubtract(keys(local.served), local.production)

    content {
      variant_name           = shadow_production_variants.value
      model_name             = aws_sagemaker_model.this[local.hashes[shadow_production_variants.value]].name
      instance_type          = var.instance_type
      initial_instance_count = 1
      initial_variant_weight = local.weights[shadow_production_variants.value]
    }
  }

  data_capture_config {
    enable_capture              = var.capture_percentage > 0
    initial_sampling_percentage = var.capture_percentage
    destination_s3_uri          = local.destination
    kms_key_id                  = var.kms_key_arn

    capture_options {
      capture_mode = "Input"
    }

    capture_options {
      capture_mode = "Output"
    }

    # Captures hold the answers as JSON. Without this, they hold them in base64.
    capture_content_type_header {
      json_content_types = ["application/json"]
    }
  }

  lifecycle {
    create_before_destroy = true
    # This is for a scaled variant. Without autoscaling, the count is part of the hash in the configuration's name.
    ignore_changes = [production_variants[0].initial_instance_count]
  }
}

# In SageMaker's words, because a schedule creates the endpoint too (hours.tf). Terraform gives the same, so that its plan
# is empty afterwards.
locals {
  deployment_config = {
    AutoRollbackConfiguration = { Alarms = [for alarm in aws_cloudwatch_metric_alarm.rollback : { AlarmName = alarm.alarm_name }] }
    BlueGreenUpdatePolicy = {
      MaximumExecutionTimeoutInSeconds = 3600 # the provider's own timeout is also one hour
      TerminationWaitInSeconds         = var.deployment.termination_wait_seconds
      TrafficRoutingConfiguration      = local.traffic_routing
    }
  }

  traffic_routing = merge(
    { Type = var.deployment.routing, WaitIntervalInSeconds = var.deployment.wait_seconds },
    { for routing, key in { CANARY = "CanarySize", LINEAR = "LinearStepSize" } : key => { Type = "CAPACITY_PERCENT", Value = var.deployment.step_percent } if routing == var.deployment.routing },
  )
}

resource "aws_sagemaker_endpoint" "this" {
  count = var.enabled ? 1 : 0

  name                 = var.name
  endpoint_config_name = aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name

  # If this block appears or disappears, the provider replaces the endpoint. So the alarms always exist, under the same
  # names.
  deployment_config {
    auto_rollback_configuration {
      dynamic "alarms" {
        for_each = local.deployment_config.AutoRollbackConfiguration.Alarms

        content {
          alarm_name = alarms.value.AlarmName
        }
      }
    }

    blue_green_update_policy {
      maximum_execution_timeout_in_seconds = local.deployment_config.BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds
      termination_wait_in_seconds          = local.deployment_config.BlueGreenUpdatePolicy.TerminationWaitInSeconds

      traffic_routing_configuration {
        type                     = local.traffic_routing.Type
        wait_interval_in_seconds = local.traffic_routing.WaitIntervalInSeconds

        dynamic "canary_size" {
          for_each = try([local.traffic_routing.CanarySize], [])

          content {
            type  = canary_size.value.Type
            value = canary_size.value.Value
          }
        }

        dynamic "linear_step_size" {
          for_each = try([local.traffic_routing.LinearStepSize], [])

          content {
            type  = linear_step_size.value.Type
            value = linear_step_size.value.Value
          }
        }
      }
    }
  }

  lifecycle {
    # SageMaker rolls back an update that fails, and the provider reports a success. Without this condition, Terraform
    # would then destroy the old configuration and model, although the endpoint runs them.
    postcondition {
      condition     = self.endpoint_config_name == aws_sagemaker_endpoint_configuration.this[local.configuration_hash].name
      error_message = "SageMaker rolled the update back. The endpoint ${self.name} still runs ${self.endpoint_config_name} and answers; Terraform destroyed nothing of it. To see the reason, run: aws sagemaker describe-endpoint --endpoint-name ${self.name} --query FailureReason"
    }
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
