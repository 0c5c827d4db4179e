# The alarms, and the budget if there is one.

module "monitoring" {
  source = "../../modules/monitoring"

  name   = local.prefix
  emails = var.alarm_emails
  # With endpoint_hours, the endpoint has no requests at night. The alarm endpoint-silent is therefore off.
  thresholds  = merge(var.alarm_thresholds, var.endpoint_hours == null ? {} : { silent_hours = 0 })
  kms_key_arn = local.kms_key_arn

  endpoint = {
    name           = module.endpoint.name
    log_group_name = "/aws/sagemaker/Endpoints/${module.endpoint.name}"
    variant_names  = module.endpoint.variant_names
  }

  state_machine = {
    arn            = module.state_machine.arn
    log_group_name = module.state_machine.log_group_name
  }

  functions = {
    for key, function in merge(
      module.function,
      merge([for arrival in module.arrival : arrival.functions]...),
      { for batch in module.batch : "classify-batch" => batch.function },
      ) : key => {
      name                = function.name
      log_group_name      = function.log_group_name
      refuses_low_answers = key == "filter-low-confidence"
    }
  }

  batches = { for batch in module.batch : "batch" => batch.state_machine.arn }

  queues = {
    for key, queue in merge([for arrival in module.arrival : arrival.queues]...) :
    key => { name = queue.name, dead_letters_name = queue.dead_letters.name }
  }

  # Below 100 percent, there may be no captures for a while without a fault. So the alarm capture-stopped is off.
  captures = var.capture_percentage < 100 ? null : {
    bucket = local.bucket
    prefix = "${trimprefix(local.capture_uri, "s3://${local.bucket}/")}/${module.endpoint.name}/"
  }
}

module "budget" {
  source   = "../../modules/budget"
  for_each = { for limit in var.monthly_budget_usd[*] : "monthly" => limit }

  name              = local.prefix
  monthly_limit_usd = each.value
  tag               = var.budget_scope == "account" ? null : { key = "Workload", value = local.prefix }
  topic_arn         = module.monitoring.topic_arn
}
