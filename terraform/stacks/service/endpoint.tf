# The endpoint on the pinned model, and a candidate beside it while `invoke ab.start` compares the two.

module "endpoint" {
  source = "../../modules/endpoint"

  name                     = local.prefix
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
  capture_percentage       = var.capture_percentage
  log_retention_days       = var.log_retention_days
  kms_key_arn              = local.kms_key_arn
  vpc                      = local.vpc
  permissions_boundary_arn = local.permissions_boundary_arn

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
  model_tags = {
    for name, model in merge({ model = var.model }, { for one in var.candidate[*] : "candidate" => one.model }) : name => {
      ModelPackage       = model.package_arn
      DatasetFingerprint = model.dataset_fingerprint
      GitCommit          = model.git_commit
    }
  }
}
