locals {
  scaled    = var.autoscaling == null || !var.enabled ? {} : { AllTraffic = var.autoscaling }
  schedules = var.autoscaling == null || !var.enabled ? {} : var.autoscaling.schedules
}

# The limits and the instance type of the last apply. A change of one of them replaces the scaling target.
#
# Limits: scheduled actions change them too, and the next apply must not revert this.
# Instance type: SageMaker refuses a new type while the variant is a scaling target. So Terraform deletes the target
# before the endpoint's update and creates it again after it:
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
    # AWS deletes the policy together with its target.
    replace_triggered_by = [aws_appautoscaling_target.this[each.key].id]
  }
}

# Without requests there is no metric, and the policy above does not scale in. Scheduled actions do:
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
