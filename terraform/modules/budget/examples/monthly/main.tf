# A monthly budget of an account. It sends a mail at 50, 80 and 100 percent of the limit.

module "budget" {
  source = "../.."

  name              = "scones-example"
  monthly_limit_usd = 150
  emails            = ["you@example.com"]
}
