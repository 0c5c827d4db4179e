locals {
  scaled    = var.autoscaling == null || !var.enabled ? {} : { AllTraffic = var.autoscaling }
  schedules = var.autoscaling == null || !var.enabled ? {} : var.autoscaling.schedules
}

# What the limits were last set to here. Scheduled actions change them too, and must not be undone by the next apply.
# And on which instances: SageMaker refuses another type while the variant is a target, so that the target goes before
# the endpoint is updated, and comes back after it:
# https://docs.aws.amazon.com/sagemaker/latest/dg/endpoint-scaling-update.html
resource "terraform_data" "capacity" {
  for_each = local.scaled

  input = { min = each.value.min, max = each.value.max, instance_type = var.instance_type }
}

resource "aws_appautoscaling_target" "this" {
  for_each = local.scaled

  service_namespace  = "sagemaker"
  scalable_dimension = "sagemaker:variant:DesiredInstanceCount"
  resource_id        = "endpoint/${aws_sagemaker_endpoint.this[0].name}/variant/${each.key}"
  min_capacity       = each.value.min
  max_capacity       = each.value.max

  lifecycle {
    ignore_changes       = [min_capacity, max_capacity]
    replace_triggered_by = [terraform_data.capacity[each.key]]
  }
}

resource "aws_appautoscaling_policy" "this" {
  for_each = local.scaled

  name               = "${var.name}-requests"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this[each.key].service_namespace
  scalable_dimension = aws_appautoscaling_target.this[each.key].scalable_dimension
  resource_id        = aws_appautoscaling_target.this[each.key].resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = each.value.requests_per_minute
    scale_in_cooldown  = each.value.scale_in_cooldown
    scale_out_cooldown = each.value.scale_out_cooldown

    predefined_metric_specification {
      predefined_metric_type = "SageMakerVariantInvocationsPerInstance"
    }
  }

  lifecycle {
    # It goes with its target.
    replace_triggered_by = [aws_appautoscaling_target.this[each.key].id]
  }
}

# An endpoint without a request has no metric, and is not scaled in by the policy above:
# https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking.html
resource "aws_appautoscaling_scheduled_action" "this" {
  for_each = local.schedules

  name               = "${var.name}-${each.key}"
  service_namespace  = aws_appautoscaling_target.this["AllTraffic"].service_namespace
  scalable_dimension = aws_appautoscaling_target.this["AllTraffic"].scalable_dimension
  resource_id        = aws_appautoscaling_target.this["AllTraffic"].resource_id
  schedule           = each.value.schedule
  timezone           = each.value.timezone

  scalable_target_action {
    min_capacity = each.value.min
    max_capacity = each.value.max
  }

  lifecycle {
    replace_triggered_by = [aws_appautoscaling_target.this["AllTraffic"].id]
  }
}
