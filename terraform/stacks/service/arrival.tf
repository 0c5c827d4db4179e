# Objects that arrive in the bucket start the workflow, if the variable arrival says so.

module "arrival" {
  source   = "../../modules/arrival"
  for_each = { for arrival in var.arrival[*] : "on" => arrival }

  name              = local.prefix
  bucket            = local.bucket
  prefix            = each.value.prefix
  suffixes          = each.value.suffixes
  results           = each.value.results
  at_most           = each.value.at_most
  state_machine_arn = module.state_machine.arn

  packages = {
    for name in ["start_workflow", "record_result"] : name => "${var.lambda_packages}/${name}.zip"
  }

  log_retention_days       = var.log_retention_days
  kms_key_arn              = local.kms_key_arn
  vpc                      = local.vpc
  permissions_boundary_arn = local.permissions_boundary_arn
}
