mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "us-east-1" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test-hosting" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/scones-test" }
  }
}

variables {
  name            = "scones-test"
  image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
  artifact_uri    = "s3://pictures/models/job-1/output/model.tar.gz"
  artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000001"
  capture_uri     = "s3://pictures/captures"
}

run "captures_all_requests_and_answers_as_json" {
  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].enable_capture &&
      one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].initial_sampling_percentage == 100
    )
    error_message = "Every request must be captured."
  }

  assert {
    condition     = [for option in one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].capture_options : option.capture_mode] == ["Input", "Output"]
    error_message = "Requests and answers must both be captured."
  }

  assert {
    condition     = one(one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].capture_content_type_header[0].json_content_types) == "application/json"
    error_message = "Answers must be captured as JSON."
  }
}

run "captures_in_the_folder_of_the_configuration" {
  variables {
    capture_folder = "AllTraffic.scones-test.7"
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].destination_s3_uri == "s3://pictures/captures/scones-test/AllTraffic.scones-test.7"
    error_message = "Another configuration's captures must lie apart."
  }

  assert {
    condition     = output.configuration_name != run.captures_all_requests_and_answers_as_json.configuration_name
    error_message = "Another folder is another configuration."
  }

  assert {
    condition     = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Resource if statement.Sid == "WriteCaptures"] == ["arn:aws:s3:::pictures/captures/scones-test/*"]
    error_message = "The fleet of the former configuration must still be allowed to write its captures."
  }
}

run "may_only_do_what_hosting_this_model_needs" {
  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource } == {
      ReadArtifacts           = ["arn:aws:s3:::pictures/models/*"]
      WriteCaptures           = "arn:aws:s3:::pictures/captures/scones-test/*"
      WriteLogs               = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/scones-test:*"
      PutMetrics              = "*"
      LogInToTheImageRegistry = "*"
      PullTheImage            = ["arn:aws:ecr:us-east-1:811284229777:repository/image-classification"]
      WatchTheAlarmsThatRollBack = [
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:scones-test-rollback-5xx",
        "arn:aws:cloudwatch:us-east-1:123456789012:alarm:scones-test-rollback-latency",
      ]
    }
    error_message = "Each statement must name its own artifacts, captures, logs and image."
  }

  assert {
    condition     = alltrue([for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Effect == "Allow"])
    error_message = "Nothing in the list above is a refusal."
  }

  assert {
    condition = [for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Condition if statement.Sid == "PutMetrics"] == [
      { StringEquals = { "cloudwatch:namespace" = "/aws/sagemaker/Endpoints" } },
    ]
    error_message = "Metrics must be bound to the endpoints' namespace."
  }

  assert {
    condition = jsondecode(aws_iam_role.this.assume_role_policy).Statement == [{
      Sid       = "SageMakerOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "sagemaker.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "The role's trust must be bound to the account."
  }

  assert {
    condition     = one(values(aws_sagemaker_model.this)).enable_network_isolation
    error_message = "The container must have no network."
  }
}

run "reads_an_artifact_at_the_buckets_root_and_nothing_else_there" {
  command = plan

  variables {
    artifact_uri = "s3://pictures/model.tar.gz"
  }

  assert {
    condition     = local.artifact_arns == tolist(["arn:aws:s3:::pictures/model.tar.gz"])
    error_message = "An artifact that lies in no folder must be named itself."
  }
}

run "gives_new_content_a_new_model_and_a_new_configuration" {
  variables {
    artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
  }

  assert {
    condition     = output.model_name != run.may_only_do_what_hosting_this_model_needs.model_name
    error_message = "Another artifact must give another model name."
  }

  assert {
    condition     = output.configuration_name != run.may_only_do_what_hosting_this_model_needs.configuration_name
    error_message = "Another model must give another configuration name."
  }
}

run "keeps_the_model_when_only_instances_change" {
  variables {
    artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
    instance_type   = "ml.m5.xlarge"
  }

  assert {
    condition     = output.model_name == run.gives_new_content_a_new_model_and_a_new_configuration.model_name
    error_message = "The same artifact must keep the model's name."
  }

  assert {
    condition     = output.configuration_name != run.gives_new_content_a_new_model_and_a_new_configuration.configuration_name
    error_message = "Another instance type must give another configuration name."
  }

  assert {
    condition     = output.variant_name == run.gives_new_content_a_new_model_and_a_new_configuration.variant_name
    error_message = "The variant's name must stay the same."
  }
}

run "rejects_a_capture_folder_that_leads_elsewhere" {
  command = plan

  variables {
    capture_folder = "../other"
  }

  expect_failures = [var.capture_folder]
}

run "captures_nothing_at_zero_percent" {
  variables {
    capture_percentage = 0
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].enable_capture == false
    error_message = "0 percent must turn capture off."
  }
}

run "updates_blue_green_and_rolls_back_on_alarms" {
  command = plan

  assert {
    condition = (
      aws_sagemaker_endpoint.this[0].deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].type == "ALL_AT_ONCE" &&
      aws_sagemaker_endpoint.this[0].deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].wait_interval_in_seconds == 180 &&
      aws_sagemaker_endpoint.this[0].deployment_config[0].blue_green_update_policy[0].termination_wait_in_seconds == 60
    )
    error_message = "By default all traffic moves at once, is watched for three minutes, and may go back."
  }

  assert {
    condition     = toset(aws_sagemaker_endpoint.this[0].deployment_config[0].auto_rollback_configuration[0].alarms[*].alarm_name) == toset(["scones-test-rollback-5xx", "scones-test-rollback-latency"])
    error_message = "Both alarms must turn an update back."
  }

  assert {
    condition = (
      aws_cloudwatch_metric_alarm.rollback["5xx"].threshold == 5 &&
      [for query in aws_cloudwatch_metric_alarm.rollback["5xx"].metric_query : query.expression if query.return_data == true] == [
        "100 * (FILL(errorsAllTraffic, 0)) / (FILL(requestsAllTraffic, 0))"
      ] &&
      [for query in aws_cloudwatch_metric_alarm.rollback["latency"].metric_query : query.metric[0].dimensions if query.id == "latencyAllTraffic"] == [
        tomap({ EndpointName = "scones-test", VariantName = "AllTraffic", EndpointConfigName = output.configuration_name })
      ]
    )
    error_message = "The alarms must watch this endpoint's variant, in the new fleet only."
  }

  assert {
    condition     = length(aws_appautoscaling_target.this) == 0 && length(aws_cloudwatch_metric_alarm.rollback["5xx"].alarm_actions) == 0
    error_message = "Nothing is scaled and nobody told where that was not asked for."
  }
}

run "rolls_nothing_back_in_an_emergency_and_keeps_the_alarms" {
  command = plan

  variables {
    rollback = { enabled = false, error_percent = 0, latency_ms = 1 }
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.rollback) : alarm.threshold == 1000000000])
    error_message = "No alarm may go off."
  }

  assert {
    condition     = length(aws_sagemaker_endpoint.this[0].deployment_config[0].auto_rollback_configuration[0].alarms) == 2
    error_message = "The alarms must stay: the provider replaces an endpoint that loses them."
  }
}

run "gives_a_canary_half_of_two_instances" {
  command = plan

  variables {
    instance_count = 2
    deployment     = { routing = "CANARY", step_percent = 50, wait_seconds = 300 }
  }

  assert {
    condition     = aws_sagemaker_endpoint.this[0].deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].canary_size == tolist([{ type = "CAPACITY_PERCENT", value = 50 }])
    error_message = "The canary's size must reach SageMaker."
  }
}

run "moves_traffic_in_linear_steps" {
  command = plan

  variables {
    instance_count = 4
    deployment     = { routing = "LINEAR", step_percent = 25 }
  }

  assert {
    condition     = aws_sagemaker_endpoint.this[0].deployment_config[0].blue_green_update_policy[0].traffic_routing_configuration[0].linear_step_size == tolist([{ type = "CAPACITY_PERCENT", value = 25 }])
    error_message = "The step's size must reach SageMaker."
  }
}

run "shares_traffic_with_a_candidate_under_constant_names" {
  variables {
    candidate = {
      image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
      artifact_uri    = "s3://pictures/models/job-2/output/model.tar.gz"
      artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000009"
      share           = 10
    }
  }

  assert {
    condition = { for variant in one(values(aws_sagemaker_endpoint_configuration.this)).production_variants : variant.variant_name => variant.initial_variant_weight } == {
      AllTraffic = 90
      Candidate  = 10
    }
    error_message = "Weights must be whole numbers that sum to 100."
  }

  assert {
    condition     = length(distinct(one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[*].model_name)) == 2 && output.variant_names == tolist(["AllTraffic", "Candidate"])
    error_message = "Each variant must serve its own model."
  }

  assert {
    condition     = join(" ", output.rollback_alarm_names) == "scones-test-rollback-5xx scones-test-rollback-latency"
    error_message = "The alarms' names must stay the same: the provider replaces an endpoint where they change."
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.rollback["latency"].metric_query) == 3
    error_message = "Both variants must be watched."
  }
}

run "copies_requests_to_a_shadow" {
  variables {
    candidate = {
      image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
      artifact_uri    = "s3://elsewhere/models/job-2/output/model.tar.gz"
      artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000009"
      share           = 40
      shadow          = true
    }
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[*].initial_variant_weight == tolist([100]) &&
      one(values(aws_sagemaker_endpoint_configuration.this)).shadow_production_variants[*].initial_variant_weight == tolist([40]) &&
      one(values(aws_sagemaker_endpoint_configuration.this)).shadow_production_variants[*].variant_name == tolist(["Shadow"])
    )
    error_message = "The shadow's share is its weight over the production variant's."
  }

  assert {
    condition     = local.artifact_arns == tolist(["arn:aws:s3:::pictures/models/*", "arn:aws:s3:::elsewhere/models/*"])
    error_message = "The role must read both models."
  }
}

run "has_no_instance_count_in_any_name_when_scaled" {
  variables {
    instance_count = 1
    autoscaling = {
      max                 = 4
      requests_per_minute = 600
      schedules           = { night = { schedule = "cron(0 20 * * ? *)", timezone = "Europe/Berlin", min = 1, max = 1 } }
    }
  }

  assert {
    condition = (
      aws_appautoscaling_target.this["AllTraffic"].resource_id == "endpoint/scones-test/variant/AllTraffic" &&
      aws_appautoscaling_target.this["AllTraffic"].min_capacity == 1 &&
      aws_appautoscaling_target.this["AllTraffic"].max_capacity == 4
    )
    error_message = "The constant variant must be scaled, from one instance on."
  }

  assert {
    condition     = aws_appautoscaling_policy.this["AllTraffic"].target_tracking_scaling_policy_configuration[0].predefined_metric_specification[0].predefined_metric_type == "SageMakerVariantInvocationsPerInstance"
    error_message = "Requests an instance must be what is tracked."
  }

  assert {
    condition     = aws_appautoscaling_scheduled_action.this["night"].scalable_target_action[0].max_capacity == "1"
    error_message = "The night must scale in."
  }
}

run "keeps_the_configuration_when_only_the_count_of_a_scaled_endpoint_changes" {
  variables {
    instance_count = 3
    autoscaling    = { max = 4, requests_per_minute = 600 }
  }

  assert {
    condition     = output.configuration_name == run.has_no_instance_count_in_any_name_when_scaled.configuration_name
    error_message = "The scaling target owns the count: another one to begin with must not move the endpoint."
  }
}

run "begins_an_update_with_at_least_the_scaling_minimum" {
  variables {
    instance_count     = 1
    capture_percentage = 50 # any change of what is asked of the endpoint
    autoscaling        = { min = 3, max = 4, requests_per_minute = 600 }
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).production_variants[0].initial_instance_count == 3
    error_message = "An update's new fleet must not begin below the scaling target's minimum."
  }
}

run "replaces_the_scaling_target_with_the_instance_type" {
  variables {
    instance_type = "ml.m5.xlarge"
    autoscaling   = { min = 3, max = 4, requests_per_minute = 600 }
  }

  assert {
    condition     = terraform_data.capacity["AllTraffic"].input.instance_type == "ml.m5.xlarge"
    error_message = "SageMaker refuses another instance type of a scaled variant: the target must be replaced with it."
  }
}

run "uses_the_given_network_key_and_boundary" {
  variables {
    kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/1234"
    vpc                      = { subnet_ids = ["subnet-1", "subnet-2"], security_group_ids = ["sg-1"] }
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    alarm_topic_arn          = "arn:aws:sns:us-east-1:123456789012:alarms"
  }

  assert {
    condition = (
      one(values(aws_sagemaker_endpoint_configuration.this)).kms_key_arn == var.kms_key_arn &&
      one(values(aws_sagemaker_endpoint_configuration.this)).data_capture_config[0].kms_key_id == var.kms_key_arn &&
      aws_cloudwatch_log_group.this.kms_key_id == var.kms_key_arn
    )
    error_message = "Disk, captures and logs must be encrypted with the key."
  }

  assert {
    condition     = one(values(aws_sagemaker_model.this)).vpc_config[0].subnets == toset(["subnet-1", "subnet-2"]) && one(values(aws_sagemaker_model.this)).enable_network_isolation
    error_message = "The model must lie in the network, its container still without one."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn
    error_message = "The role must be bounded."
  }

  assert {
    condition     = alltrue([for alarm in values(aws_cloudwatch_metric_alarm.rollback) : alarm.alarm_actions == toset([var.alarm_topic_arn]) && length(coalesce(alarm.ok_actions, [])) == 0])
    error_message = "The topic must be told when an alarm goes off, and not when a promotion makes a new alarm."
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.this.policy).Statement : statement.Sid => statement.Resource if contains(["UseTheKey", "MakeNetworkInterfaces", "DescribeTheNetwork"], statement.Sid) } == {
      UseTheKey = "arn:aws:kms:us-east-1:123456789012:key/1234"
      MakeNetworkInterfaces = [
        "arn:aws:ec2:us-east-1:123456789012:network-interface/*",
        "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-1",
        "arn:aws:ec2:us-east-1:123456789012:subnet/subnet-2",
        "arn:aws:ec2:us-east-1:123456789012:security-group/sg-1",
      ]
      DescribeTheNetwork = "*"
    }
    error_message = "The role must use the key and the network, and no other."
  }
}

run "gives_no_key_to_a_disk_that_accepts_none" {
  command = plan

  variables {
    kms_key_arn   = "arn:aws:kms:us-east-1:123456789012:key/1234"
    instance_type = "ml.g4dn.xlarge"
  }

  assert {
    condition     = one(values(aws_sagemaker_endpoint_configuration.this)).kms_key_arn == null
    error_message = "SageMaker refuses a key for an instance with a disk of its own."
  }
}

run "removes_the_endpoint_and_keeps_its_model_and_configuration" {
  variables {
    enabled     = false
    autoscaling = { max = 2, requests_per_minute = 100 }
  }

  assert {
    condition     = length(aws_sagemaker_endpoint.this) == 0 && length(aws_appautoscaling_target.this) == 0
    error_message = "Nothing that costs may be left, nor anything that scales it."
  }

  assert {
    condition     = output.name == "scones-test" && output.arn == "arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-test" && length(aws_sagemaker_endpoint_configuration.this) == 1
    error_message = "Who asks the endpoint must go on naming it, and its configuration must wait."
  }
}

run "rejects_a_candidate_with_a_share_of_100_percent" {
  command = plan

  variables {
    candidate = {
      image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
      artifact_uri    = "s3://pictures/models/job-2/output/model.tar.gz"
      artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000009"
      share           = 100
    }
  }

  expect_failures = [var.candidate]
}

run "rejects_a_candidate_that_is_not_a_tar_gz" {
  command = plan

  variables {
    candidate = {
      image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
      artifact_uri    = "s3://pictures/models/job-2/output/model.zip"
      artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000009"
      share           = 10
    }
  }

  expect_failures = [var.candidate]
}

run "rejects_an_unknown_kind_of_deployment" {
  command = plan

  variables {
    deployment = { routing = "ROLLING" }
  }

  expect_failures = [var.deployment]
}

run "rejects_a_canary_of_a_single_instance" {
  command = plan

  variables {
    deployment = { routing = "CANARY" }
  }

  expect_failures = [var.deployment]
}

run "rejects_a_canary_of_more_than_half" {
  command = plan

  variables {
    instance_count = 2
    deployment     = { routing = "CANARY", step_percent = 60 }
  }

  expect_failures = [var.deployment]
}

run "rejects_a_longer_wait_than_terraforms_own" {
  command = plan

  variables {
    deployment = { wait_seconds = 1800 }
  }

  expect_failures = [var.deployment]
}

run "rejects_a_negative_error_percentage" {
  command = plan

  variables {
    rollback = { error_percent = -1 }
  }

  expect_failures = [var.rollback]
}

run "rejects_scaling_to_zero_instances" {
  command = plan

  variables {
    autoscaling = { min = 0, max = 4, requests_per_minute = 600 }
  }

  expect_failures = [var.autoscaling]
}

run "rejects_scaling_at_zero_requests" {
  command = plan

  variables {
    autoscaling = { max = 4, requests_per_minute = 0 }
  }

  expect_failures = [var.autoscaling]
}

run "rejects_a_schedule_that_is_not_an_expression" {
  command = plan

  variables {
    autoscaling = { max = 4, requests_per_minute = 600, schedules = { night = { schedule = "at night", min = 1, max = 1 } } }
  }

  expect_failures = [var.autoscaling]
}

run "rejects_a_key_by_its_alias" {
  command = plan

  variables {
    kms_key_arn = "alias/scones"
  }

  expect_failures = [var.kms_key_arn]
}

run "rejects_a_network_without_subnets" {
  command = plan

  variables {
    vpc = { subnet_ids = [], security_group_ids = ["sg-1"] }
  }

  expect_failures = [var.vpc]
}

run "rejects_a_boundary_that_is_a_role" {
  command = plan

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "rejects_a_topic_by_its_name" {
  command = plan

  variables {
    alarm_topic_arn = "alarms"
  }

  expect_failures = [var.alarm_topic_arn]
}

run "rejects_a_name_that_ends_in_a_hyphen" {
  command = plan

  variables {
    name = "scones-"
  }

  expect_failures = [var.name]
}

run "rejects_an_image_outside_ecr" {
  command = plan

  variables {
    image_uri = "docker.io/library/python:3.13"
  }

  expect_failures = [var.image_uri]
}

run "rejects_an_artifact_that_is_not_a_tar_gz" {
  command = plan

  variables {
    artifact_uri = "s3://pictures/models/model.zip"
  }

  expect_failures = [var.artifact_uri]
}

run "rejects_a_checksum_of_the_wrong_length" {
  command = plan

  variables {
    artifact_sha256 = "abc123"
  }

  expect_failures = [var.artifact_sha256]
}

run "rejects_an_instance_type_of_ec2" {
  command = plan

  variables {
    instance_type = "m5.large"
  }

  expect_failures = [var.instance_type]
}

run "rejects_zero_instances" {
  command = plan

  variables {
    instance_count = 0
  }

  expect_failures = [var.instance_count]
}

run "rejects_a_capture_folder_with_a_slash_at_its_end" {
  command = plan

  variables {
    capture_uri = "s3://pictures/captures/"
  }

  expect_failures = [var.capture_uri]
}

run "rejects_a_capture_above_100_percent" {
  command = plan

  variables {
    capture_percentage = 101
  }

  expect_failures = [var.capture_percentage]
}

run "rejects_a_log_retention_that_cloudwatch_lacks" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "goes_at_night_and_comes_in_the_morning" {
  command = plan

  variables {
    hours = { from_utc = 7, until_utc = 17, days = ["Mon", "Fri"] }
  }

  assert {
    condition = { for name, one in aws_scheduler_schedule.hours : name => one.schedule_expression } == {
      on  = "cron(0 7 ? * MON,FRI *)"
      off = "cron(0 17 ? * MON,FRI *)"
    }
    error_message = "A schedule creates it and one deletes it, on its days."
  }

  assert {
    condition     = { for name, one in aws_scheduler_schedule.hours : name => one.target[0].arn } == { on = "arn:aws:scheduler:::aws-sdk:sagemaker:createEndpoint", off = "arn:aws:scheduler:::aws-sdk:sagemaker:deleteEndpoint" }
    error_message = "SageMaker is called without a function between."
  }
}

run "lets_the_schedules_only_make_and_delete_this_endpoint" {
  variables {
    hours       = { from_utc = 7, until_utc = 17, days = ["Mon", "Fri"] }
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }

  assert {
    condition = { for statement in jsondecode(aws_iam_role_policy.hours[0].policy).Statement : statement.Sid => [statement.Action, statement.Resource] } == {
      CreateTheEndpoint       = [["sagemaker:CreateEndpoint"], ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-test", "arn:aws:sagemaker:us-east-1:123456789012:endpoint-config/scones-test-*"]]
      TagAndDeleteTheEndpoint = [["sagemaker:AddTags", "sagemaker:DeleteEndpoint"], ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-test"]]
      LetSageMakerUseTheKey   = [["kms:CreateGrant"], ["arn:aws:kms:us-east-1:123456789012:key/11111111-2222-3333-4444-555555555555"]]
    }
    error_message = "The role may do nothing else."
  }

  assert {
    condition = jsondecode(aws_iam_role.hours[0].assume_role_policy).Statement == [{
      Sid       = "SchedulerOfThisAccount"
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = "123456789012" } }
    }]
    error_message = "Only Scheduler may take the role, for this account."
  }
}

run "stays_over_midnight_between_days_that_meet" {
  command = plan

  variables {
    hours = { from_utc = 0, until_utc = 24, days = ["Mon", "Tue", "Wed", "Thu", "Fri"] }
  }

  assert {
    condition = { for name, one in aws_scheduler_schedule.hours : name => one.schedule_expression } == {
      on  = "cron(0 0 ? * MON *)"
      off = "cron(0 0 ? * SAT *)"
    }
    error_message = "It goes for the weekend only."
  }
}

run "has_no_schedule_if_it_is_always_on" {
  command = plan

  variables {
    hours = { from_utc = 0, until_utc = 24, days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] }
  }

  assert {
    condition     = length(aws_scheduler_schedule.hours) == 0
    error_message = "Nothing deletes it."
  }
}

run "rejects_hours_with_autoscaling" {
  command = plan

  variables {
    hours       = { from_utc = 7, until_utc = 17, days = ["Mon"] }
    autoscaling = { max = 2, requests_per_minute = 100 }
  }

  expect_failures = [var.hours]
}
