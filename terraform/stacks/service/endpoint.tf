# The endpoint that serves the pinned model. After `invoke ab.start`, it also serves a candidate.

module "endpoint" {
  source = "../../modules/endpoint"

  name                     = local.prefix
  enabled                  = local.endpoint_enabled
  hours                    = var.endpoint_hours
  image_uri                = var.model.image_uri
  artifact_uri             = var.model.artifact_uri
  artifact_sha256          = var.model.artifact_sha256
  model_tags               = local.model_tags["model"]
  instance_type            = var.endpoint_instance_type
  instance_count           = var.endpoint_instance_count
  autoscaling              = var.endpoint_autoscaling
  deployment               = var.endpoint_deployment
  rollback                 = var.endpoint_rollback
  capture_uri              = local.capture_uri
  capture_folder           = local.capture_folder
  capture_percentage       = var.capture_percentage
  log_retention_days       = var.log_retention_days
  kms_key_arn              = local.kms_key_arn
  vpc                      = local.vpc
  permissions_boundary_arn = local.permissions_boundary_arn
  alarm_topic_arn          = module.monitoring.topic_arn

  candidate = var.candidate == null ? null : {
    image_uri       = var.candidate.model.image_uri
    artifact_uri    = var.candidate.model.artifact_uri
    artifact_sha256 = var.candidate.model.artifact_sha256
    model_tags      = local.model_tags["candidate"]
    share           = var.candidate.share
    shadow          = var.candidate.shadow
  }
}

locals {
  # The models by variant: AllTraffic.GROUP.VERSION-MARK, then Candidate.… or Shadow.… So a captured event lies in a folder
  # with the name of the model that answered it. The mark tells it from a model of the same version in a registry that was
  # made anew. scones.service.capture.models reads the name, and computes the mark too.
  capture_folder = join(".", flatten([
    for variant, model in merge(
      { AllTraffic = var.model },
      { for one in var.candidate[*] : (one.shadow ? "Shadow" : "Candidate") => one.model },
      ) : [
      variant,
      split("/", model.package_arn)[1],
      "${split("/", model.package_arn)[2]}-${substr(sha256(join("\n", concat([model.artifact_sha256], model.class_labels))), 0, 12)}",
    ]
  ]))

  model_tags = {
    for name, model in merge({ model = var.model }, { for one in var.candidate[*] : "candidate" => one.model }) : name => {
      ModelPackage       = model.package_arn
      DatasetFingerprint = model.dataset_fingerprint
      GitCommit          = model.git_commit
    }
  }
}

locals {
  # Whether the time of the plan is within endpoint_hours. EEE is Mon to Sun, h is 0 to 23:
  # https://developer.hashicorp.com/terraform/language/functions/formatdate
  endpoint_enabled = var.endpoint_hours == null ? true : (
    contains(var.endpoint_hours.days, formatdate("EEE", plantimestamp())) &&
    tonumber(formatdate("h", plantimestamp())) >= var.endpoint_hours.from_utc &&
    tonumber(formatdate("h", plantimestamp())) < var.endpoint_hours.until_utc
  )
}

# An apply outside the hours takes the endpoint out of the state. When a schedule has created it again, the next plan
# takes it back. So does one without hours, after they were removed.
import {
  for_each = toset(local.endpoint_enabled && var.endpoint_stands ? [local.prefix] : [])

  to = module.endpoint.aws_sagemaker_endpoint.this[0]
  id = each.value
}
