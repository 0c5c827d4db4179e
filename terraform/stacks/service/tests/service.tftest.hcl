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

  mock_data "aws_s3_objects" {
    defaults = { keys = ["datasets/abc/test/bike_s_000001.png"] }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/scones-test" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:scones-test" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:us-east-1:123456789012:function:scones-test" }
  }

  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:us-east-1:123456789012:scones-test", url = "https://sqs.us-east-1.amazonaws.com/123456789012/scones-test" }
  }

  mock_resource "aws_cloudwatch_event_rule" {
    defaults = { arn = "arn:aws:events:us-east-1:123456789012:rule/scones-test" }
  }

  mock_resource "aws_sfn_state_machine" {
    defaults = { arn = "arn:aws:states:us-east-1:123456789012:stateMachine:scones-test-classify-image" }
  }

  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:us-east-1:123456789012:scones-test-alarms" }
  }

  mock_resource "aws_cloudwatch_metric_alarm" {
    defaults = { arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:scones-test" }
  }

  mock_resource "aws_sagemaker_endpoint" {
    defaults = { arn = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-test" }
  }
}

override_data {
  target = data.terraform_remote_state.foundation
  values = { outputs = { bucket = "scones-test-123456789012" } }
}

variables {
  environment          = "test"
  state_bucket         = "scones-test-tfstate-123456789012"
  lambda_packages      = "tests/packages"
  confidence_threshold = 0.8
  model = {
    package_arn         = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-test/1"
    version             = 1
    image_uri           = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
    artifact_uri        = "s3://scones-test-123456789012/models/job-1/output/model.tar.gz"
    artifact_sha256     = "0000000000000000000000000000000000000000000000000000000000000001"
    class_labels        = ["bicycle", "motorcycle"]
    dataset_fingerprint = "abc"
  }
}

run "needs_no_options" {
  assert {
    condition = jsondecode(output.console_input) == {
      image_url            = "s3://scones-test-123456789012/datasets/abc/test/bike_s_000001.png"
      confidence_threshold = 0.8
    }
    error_message = "The input must name an image of the model's data set."
  }

  assert {
    condition = output.function_names["classify-image"] == "scones-test-classify-image" && alltrue([
      for name in keys(local.functions) : output.function_names[name] == "scones-test-${name}"
    ])
    error_message = "The functions must be named after the environment and what they do."
  }

  assert {
    condition     = local.capture_folder == "AllTraffic.scones-test.1-43cf53844ecb"
    error_message = "A captured event must lie in a folder that names its model; this is ${local.capture_folder}."
  }

  assert {
    condition = local.functions["classify-image"].environment == {
      ENDPOINT_NAME = "scones-test"
      CLASS_LABELS  = jsonencode(["bicycle", "motorcycle"])
      MODEL_PACKAGE = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-test/1"
    }
    error_message = "classifyImage must know the endpoint, the labels in order and the model's package."
  }

  assert {
    condition     = local.functions["filter-low-confidence"].environment == { CONFIDENCE_THRESHOLD = "0.8" }
    error_message = "filterLowConfidence must know the threshold."
  }

  assert {
    condition     = keys(local.functions["serialize-image-data"].allow) == ["ReadImages", "TellMissingFromForbidden"]
    error_message = "serializeImageData reads images, nothing else."
  }

  assert {
    condition     = local.functions["classify-image"].allow.InvokeEndpoint.resources == ["arn:aws:sagemaker:us-east-1:123456789012:endpoint/scones-test"]
    error_message = "classifyImage may invoke its own endpoint only."
  }

  assert {
    condition     = length(local.functions["filter-low-confidence"].allow) == 0
    error_message = "filterLowConfidence calls nothing."
  }
}

run "uses_the_foundations_key_network_and_boundary" {
  command = plan

  override_data {
    target = data.terraform_remote_state.foundation
    values = { outputs = {
      bucket                   = "scones-test-123456789012"
      kms_key_arn              = "arn:aws:kms:us-east-1:123456789012:key/1"
      vpc                      = { subnet_ids = ["subnet-1"], security_group_ids = ["sg-1"] }
      permissions_boundary_arn = "arn:aws:iam::123456789012:policy/boundary"
    } }
  }

  assert {
    condition = (
      local.kms_key_arn == "arn:aws:kms:us-east-1:123456789012:key/1" && local.vpc.subnet_ids == ["subnet-1"] &&
      local.permissions_boundary_arn == "arn:aws:iam::123456789012:policy/boundary"
    )
    error_message = "What the foundation has must be used here."
  }

  assert {
    condition = can(local.functions["serialize-image-data"].allow.DecryptImages) && alltrue([
      for function in local.functions : can(function.allow.DecryptImages) == can(function.allow.ReadImages)
    ])
    error_message = "The functions that read images, and no other, must be able to decrypt them."
  }
}

run "puts_a_candidate_beside_the_pinned_model" {
  command = plan

  variables {
    candidate = {
      share = 10
      model = {
        package_arn     = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-test/2"
        version         = 2
        image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
        artifact_uri    = "s3://scones-test-123456789012/models/job-2/output/model.tar.gz"
        artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
        class_labels    = ["bicycle", "motorcycle"]
      }
    }
  }

  assert {
    condition     = join(" ", module.endpoint.variant_names) == "AllTraffic Candidate"
    error_message = "Both models must answer."
  }

  assert {
    condition     = local.functions["classify-image"].environment["CANDIDATE_PACKAGE"] == "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-test/2"
    error_message = "classifyImage must name the model that answered."
  }

  assert {
    condition     = local.capture_folder == "AllTraffic.scones-test.1-43cf53844ecb.Candidate.scones-test.2-554cfdd46c33"
    error_message = "The captures' folder must name the model of each variant; this is ${local.capture_folder}."
  }
}

run "scales_the_endpoint_when_asked" {
  variables {
    endpoint_autoscaling = { max = 4, requests_per_minute = 600 }
  }

  assert {
    condition     = output.endpoint_configuration_name != run.needs_no_options.endpoint_configuration_name
    error_message = "The configuration must leave the number of instances to the scaling."
  }
}

run "leaves_a_scaled_endpoint_alone_when_only_its_first_count_changes" {
  variables {
    endpoint_autoscaling    = { max = 4, requests_per_minute = 600 }
    endpoint_instance_count = 3
  }

  assert {
    condition     = output.endpoint_configuration_name == run.scales_the_endpoint_when_asked.endpoint_configuration_name
    error_message = "The scaling alone decides how many instances there are."
  }
}

run "tells_the_function_that_refuses_which_class_is_of_nothing_wanted" {
  command = plan

  variables {
    model = merge(var.model, { class_labels = ["bicycle", "motorcycle", "other"], other_class = "other" })
  }

  assert {
    condition     = local.functions["filter-low-confidence"].environment == { CONFIDENCE_THRESHOLD = "0.8", OTHER_CLASS = "other" }
    error_message = "filterLowConfidence must know which label is of images that are none of the others."
  }
}

run "has_alarms_and_a_budget_when_asked" {
  command = plan

  variables {
    alarm_emails       = ["you@example.com"]
    alarm_thresholds   = { silent_hours = 0 }
    monthly_budget_usd = 150
  }

  assert {
    condition     = contains(keys(module.monitoring.alarm_names), "capture-stopped") && !contains(keys(module.monitoring.alarm_names), "endpoint-silent")
    error_message = "Captures are watched, and the silence is not when it is 0."
  }

  assert {
    condition     = [for budget in module.budget : budget.name] == ["scones-test"]
    error_message = "A limit makes a budget."
  }

  assert {
    condition     = output.budget == { name = "scones-test", counts = "account" }
    error_message = "It counts the account, which works from the first hour."
  }
}

run "counts_the_environment_alone_when_asked" {
  command = plan

  variables {
    monthly_budget_usd = 150
    budget_scope       = "environment"
  }

  assert {
    condition     = output.budget.counts == "environment"
    error_message = "The tag decides what counts."
  }
}

run "reads_images_of_further_buckets_when_asked" {
  command = plan

  variables {
    image_buckets = ["pictures"]
  }

  assert {
    condition = local.functions["serialize-image-data"].allow.ReadImages.resources == [
      "arn:aws:s3:::scones-test-123456789012/datasets/*", "arn:aws:s3:::scones-test-123456789012/images/*", "arn:aws:s3:::pictures/*",
    ]
    error_message = "The named bucket must be readable, beside the project's own folders."
  }
}

run "removes_the_endpoint_outside_its_hours" {
  command = plan

  variables {
    endpoint_hours = { from_utc = 0, until_utc = 24, days = [] }
  }

  assert {
    condition     = !local.endpoint_enabled && output.endpoint_name == "scones-test"
    error_message = "On no day the endpoint is there, and its name stays."
  }

  assert {
    condition     = !contains(keys(module.monitoring.alarm_names), "endpoint-silent")
    error_message = "Its silence is no alarm then."
  }
}

run "takes_no_endpoint_back_outside_its_hours" {
  command = plan

  variables {
    endpoint_hours  = { from_utc = 0, until_utc = 24, days = [] }
    endpoint_stands = true
  }

  assert {
    condition     = !local.endpoint_enabled
    error_message = "What still stands then is not taken into the state."
  }
}

run "has_the_endpoint_within_its_hours" {
  command = plan

  variables {
    endpoint_hours = { from_utc = 0, until_utc = 24, days = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"] }
  }

  assert {
    condition     = local.endpoint_enabled
    error_message = "At every hour of every day the endpoint is there."
  }
}

run "lets_arrivals_start_the_workflow_when_asked" {
  command = plan

  variables {
    arrival = { prefix = "photos/" }
  }

  assert {
    condition     = output.arrival.uri == "s3://scones-test-123456789012/photos/" && output.arrival.results_uri == "s3://scones-test-123456789012/results/"
    error_message = "The output must say where to put objects."
  }

  assert {
    condition = alltrue([for key in ["arrivals-waiting", "arrivals-dead", "endings-waiting", "endings-dead", "start-workflow-errors", "record-result-errors"] :
      contains(keys(output.alarm_names), key)
    ])
    error_message = "What waits and what is dead must ring."
  }

  assert {
    condition = local.functions["serialize-image-data"].allow["ReadVersions"] == {
      actions = ["s3:GetObjectVersion"], resources = ["arn:aws:s3:::scones-test-123456789012/photos/*"]
    }
    error_message = "The version that arrived must be readable."
  }
}

run "classifies_batches_when_asked" {
  command = plan

  variables {
    batch   = { at_most = 4 }
    arrival = {}
  }

  assert {
    condition = (
      output.batch.function_name == "scones-test-classify-batch" && output.batch.at_most == 4 &&
      output.batch.transform_instance_type == "ml.m5.large" && startswith(output.batch.model_name, "scones-test-batch-")
    )
    error_message = "The output must say what classifies a batch: ${jsonencode(output.batch)}"
  }

  assert {
    condition = local.batch_environment == {
      ENDPOINT_NAME        = "scones-test"
      CLASS_LABELS         = jsonencode(["bicycle", "motorcycle"])
      MODEL_PACKAGE        = var.model.package_arn
      CONFIDENCE_THRESHOLD = "0.8"
      PINNED_VARIANT       = "AllTraffic"
    }
    error_message = "The function must know what the three functions know, and the variant of the pinned model."
  }

  assert {
    condition     = keys(local.batch_allow) == ["InvokeEndpoint", "ReadImages", "TellMissingFromForbidden"]
    error_message = "The function may do what the three functions may, without versions: ${jsonencode(keys(local.batch_allow))}"
  }

  assert {
    condition = alltrue([for key in ["batch-failed", "classify-batch-errors", "classify-batch-throttled"] :
      contains(keys(output.alarm_names), key)
    ])
    error_message = "A batch that fails must ring."
  }

  assert {
    condition     = local.images_a_child == 40
    error_message = "The rows of forty images fit into a child's output: ${local.images_a_child}"
  }
}

run "gives_a_child_forty_images_of_a_model_of_100_classes" {
  command = plan

  variables {
    batch = {}
    model = merge(var.model, { class_labels = [for number in range(100) : "class-${number}"] })
  }

  assert {
    condition     = local.images_a_child == 40
    error_message = "All probabilities of 40 images fit into a child's output, 256 KiB: ${local.images_a_child}"
  }
}

run "gives_a_child_seven_images_of_a_model_of_1000_classes" {
  command = plan

  variables {
    batch = {}
    model = merge(var.model, { class_labels = [for number in range(1000) : "class-${number}"] })
  }

  assert {
    condition     = local.images_a_child == 7
    error_message = "All probabilities of 7 images fit into a child's output, 256 KiB: ${local.images_a_child}"
  }
}

run "rejects_values_that_cannot_be_used" {
  command = plan

  variables {
    environment          = "Test"
    confidence_threshold = 80
    model                = merge(var.model, { class_labels = ["bicycle", "bicycle"] })
    budget_scope         = "stack"
    endpoint_hours       = { from_utc = 20, until_utc = 6 }
    arrival              = { prefix = "images/" } # the workflow's own objects
  }

  expect_failures = [
    var.environment, var.confidence_threshold, var.model, var.budget_scope, var.endpoint_hours, var.arrival,
  ]
}

run "rejects_further_values_that_cannot_be_used" {
  command = plan

  variables {
    endpoint_hours = { from_utc = 6, until_utc = 18, days = ["Monday"] }
    arrival        = { prefix = "inbox/new/", results = "inbox" } # arrivals among the results
    candidate = {
      share = 10
      model = {
        package_arn     = "arn:aws:sagemaker:us-east-1:123456789012:model-package/scones-test/2"
        version         = 2
        image_uri       = "811284229777.dkr.ecr.us-east-1.amazonaws.com/image-classification:1"
        artifact_uri    = "s3://scones-test-123456789012/models/job-2/output/model.tar.gz"
        artifact_sha256 = "0000000000000000000000000000000000000000000000000000000000000002"
        class_labels    = ["motorcycle", "bicycle"]
      }
    }
  }

  expect_failures = [var.candidate, var.endpoint_hours, var.arrival]
}

run "rejects_names_that_mean_something_else" {
  command = plan

  variables {
    arrival = { results = "captures" }
    model   = merge(var.model, { other_class = "other" }) # no class of this model
  }

  expect_failures = [var.arrival, var.model]
}

run "rejects_results_among_the_workflows_own_objects" {
  command = plan

  variables {
    arrival = { results = "models/results" }
  }

  expect_failures = [var.arrival]
}
