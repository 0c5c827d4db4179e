# A monthly budget of one environment. It sends a mail at 50, 80 and 100 percent of the limit.

module "budget" {
  source = "../.."

  name              = "scones-example"
  monthly_limit_usd = 150
  tag               = { key = "Workload", value = "scones-example" }
  emails            = ["you@example.com"]
}
