# Saved queries, to find the cause of an alarm in the logs. The console shows them under Logs Insights, Saved queries.

locals {
  function_logs = [for key in sort(keys(var.functions)) : var.functions[key].log_group_name]

  queries = {
    "errors" = {
      logs  = local.function_logs
      query = <<-EOT
        fields @timestamp, function, execution, error, message
        | filter level = "ERROR" and error not in ${jsonencode(var.refusal_errors)}
        | sort @timestamp desc
        | limit 100
      EOT
    }
    "low-confidence-by-hour" = {
      logs  = local.function_logs
      query = <<-EOT
        filter error in ${jsonencode(var.refusal_errors)} or ispresent(passed_threshold)
        | stats count(*) as answers, count(error) as refused by bin(1h)
      EOT
    }
    "one-execution" = {
      logs  = concat(local.function_logs, [var.state_machine.log_group_name])
      query = <<-EOT
        fields @timestamp, type, details.name, function, level, error, message
        | filter execution = "NAME" or execution_arn like "NAME"
        | sort @timestamp asc
      EOT
    }
    "slowest-executions" = {
      logs  = [var.state_machine.log_group_name]
      query = <<-EOT
        stats max(@timestamp) - min(@timestamp) as milliseconds by execution_arn
        | sort milliseconds desc
        | limit 20
      EOT
    }
    "cold-starts" = {
      logs  = local.function_logs
      query = <<-EOT
        filter @type = "REPORT"
        | stats count(*) as calls, count(@initDuration) as cold, avg(@initDuration) as cold_ms, pct(@duration, 99) as p99_ms by @log
      EOT
    }
    "endpoint-log" = {
      logs  = [var.endpoint.log_group_name]
      query = <<-EOT
        fields @timestamp, @logStream, @message
        | filter @message like /(?i)error|exception|fail/
        | sort @timestamp desc
        | limit 100
      EOT
    }
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = local.queries

  name            = "${var.name}/${each.key}"
  log_group_names = each.value.logs
  query_string    = each.value.query
}
