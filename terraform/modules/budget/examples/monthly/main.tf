# A month's budget of one environment, which tells people by mail at half, at four fifths and at all of it.

module "budget" {
  source = "../.."

  name              = "scones-example"
  monthly_limit_usd = 150
  tag               = { key = "Workload", value = "scones-example" }
  emails            = ["you@example.com"]
}
