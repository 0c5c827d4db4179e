"""Every alarm of the monitoring module goes off and back to OK in the local cloud, and a second plan is empty."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from scones import settings
from scones.cost import budget
from scones.cost.budget import BudgetCheck
from scones.cost.usage import ROLLBACK_METRICS, alarm_metrics
from scones.terraform.binary import Binary
from tests.local.conftest import eventually

from . import provider

pytestmark = pytest.mark.usefixtures("provider_is_here")

NAME = "scones-alarms-test"
MACHINE = f"arn:aws:states:us-east-1:123456789012:stateMachine:{NAME}"
CONFIGURATION = f"""
terraform {{
  required_providers {{
    aws = {{ source = "hashicorp/aws" }}
  }}
}}

provider "aws" {{}}

resource "aws_cloudwatch_log_group" "states" {{
  name = "/aws/vendedlogs/states/{NAME}"
}}

resource "aws_s3_bucket" "captures" {{
  bucket        = "{NAME}-captures"
  force_destroy = true
}}

module "monitoring" {{
  source = "MODULES/monitoring"

  name          = "{NAME}"
  endpoint      = {{ name = "{NAME}", log_group_name = "/aws/sagemaker/Endpoints/{NAME}" }}
  state_machine = {{ arn = "{MACHINE}", log_group_name = aws_cloudwatch_log_group.states.name }}
  captures      = {{ bucket = aws_s3_bucket.captures.id, prefix = "captures/{NAME}/" }}
  emails        = ["you@example.com"]
  functions = {{
    classify = {{ name = "{NAME}-classify", log_group_name = "/aws/lambda/{NAME}-classify" }}
    filter   = {{ name = "{NAME}-filter", log_group_name = "/aws/lambda/{NAME}-filter", refuses_low_answers = true }}
  }}
}}

module "budget" {{
  source = "MODULES/budget"

  name              = "{NAME}"
  monthly_limit_usd = var.limit
  tag               = {{ key = "Workload", value = "{NAME}" }}
  topic_arn         = module.monitoring.topic_arn
}}

variable "limit" {{
  type    = number
  default = 150
}}

output "alarms" {{
  value = module.monitoring.alarm_names
}}
"""


@dataclass(frozen=True)
class Watched:
    """The watched resources. The test reports their metrics in place of their services.

    Attributes:
        cloud: The test run's local cloud.
        alarms: The alarms' names, by the watched fault.
    """

    cloud: Any
    alarms: dict[str, str]

    def states(self) -> dict[str, str]:
        """The state of every alarm, by the watched fault."""
        found = self.cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}-")["MetricAlarms"]
        names = {name: key for key, name in self.alarms.items()}
        return {names[one["AlarmName"]]: one["StateValue"] for one in found}

    def off(self) -> set[str]:
        """The alarms that have gone off."""
        return {key for key, state in self.states().items() if state == "ALARM"}

    def report(self, namespace: str, metric: str, dimensions: dict[str, str], *values: float) -> None:
        """Put metric values at the current time of the alarms' clock."""
        pairs = [{"Name": key, "Value": value} for key, value in dimensions.items()]
        data = [{"MetricName": metric, "Dimensions": pairs, "Value": value} for value in values]
        self.cloud.client("cloudwatch").put_metric_data(Namespace=namespace, MetricData=data)

    def endpoint(self, metric: str, *values: float) -> None:
        """Report as SageMaker does for the endpoint's variant."""
        self.report("AWS/SageMaker", metric, {"EndpointName": NAME, "VariantName": "AllTraffic"}, *values)

    def instance(self) -> None:
        """Report as an instance of the endpoint does every minute."""
        where = {"EndpointName": NAME, "VariantName": "AllTraffic"}
        self.report("/aws/sagemaker/Endpoints", "CPUUtilization", where, 0.0)

    def function(self, which: str, metric: str, *values: float) -> None:
        """Report as Lambda does for a function."""
        self.report("AWS/Lambda", metric, {"FunctionName": f"{NAME}-{which}"}, *values)

    def executions(self, *errors: str | None) -> None:
        """Log and report executions as Step Functions does. Each ended with an error or succeeded (None)."""
        now = int(time.time() * 1000)
        events = [
            {"timestamp": now, "message": json.dumps({"type": "ExecutionFailed", "details": {"error": error}})}
            for error in errors
            if error
        ]
        logs, group = self.cloud.client("logs"), f"/aws/vendedlogs/states/{NAME}"
        if events:
            logs.put_log_events(logGroupName=group, logStreamName="states", logEvents=events)
        good = errors.count(None)
        if good:
            self.report("AWS/States", "ExecutionsSucceeded", {"StateMachineArn": MACHINE}, *[1.0] * good)

    def capture(self) -> None:
        """Write captured traffic as SageMaker does."""
        key = f"captures/{NAME}/AllTraffic/2026/01/01/00/{time.monotonic_ns()}.jsonl"
        self.cloud.client("s3").put_object(Bucket=f"{NAME}-captures", Key=key, Body=b"{}")

    def advance(self, seconds: float) -> None:
        """Move the clock of metrics and alarms forward."""
        path = self.cloud.state / "alarm-clock"
        path.write_text(str(seconds + (float(path.read_text()) if path.exists() else 0.0)))


@pytest.fixture(scope="module")
def terraform(cloud: Any, binary: Binary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Any]]:
    """Runs Terraform on the configuration above, after init, in the test run's cloud."""
    folder: Path = tmp_path_factory.mktemp("monitoring")
    modules = settings.ROOT / "terraform" / "modules"
    (folder / "main.tf").write_text(CONFIGURATION.replace("MODULES", os.path.relpath(modules, folder)))
    variables = {
        **provider.variables(settings.ROOT / "build", binary),
        "AWS_ENDPOINT_URL": cloud.endpoint,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": cloud.running.access_key_id,
        "AWS_SECRET_ACCESS_KEY": cloud.running.secret_access_key,
        "AWS_EC2_METADATA_DISABLED": "true",
    }

    def run(*words: str, given: Mapping[str, str] = variables) -> subprocess.CompletedProcess:
        line = [binary.path, f"-chdir={folder}", *words]
        ended = subprocess.run(line, env=given, capture_output=True, text=True, timeout=300)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended

    run("init", "-input=false", "-no-color")
    with provider.serving(folder, binary, variables) as attached:
        yield partial(run, given=attached)


@pytest.fixture(scope="module")
def watched(cloud: Any, terraform: Callable[..., Any]) -> Iterator[Watched]:
    """The applied modules. Nothing destroys them: they end with the cloud, and the examples test destroy."""
    terraform("apply", "-input=false", "-auto-approve", "-no-color")
    cloud.client("logs").create_log_stream(logGroupName=f"/aws/vendedlogs/states/{NAME}", logStreamName="states")
    yield Watched(cloud, json.loads(terraform("output", "-json", "alarms").stdout))
    (cloud.state / "alarm-clock").unlink(missing_ok=True)


def test_every_alarm_goes_off_and_back(watched: Watched) -> None:
    """Each cause sets off its own alarm and no other, and the alarm ends with its cause."""
    # A new endpoint has no requests, and that is no fault.
    watched.instance()
    eventually(lambda: watched.states().keys() == set(watched.alarms) and set(watched.states().values()) == {"OK"})

    five = {
        "endpoint-4xx": lambda: watched.endpoint("Invocation4XXErrors", *[1.0] * 10),
        "endpoint-5xx": lambda: watched.endpoint("Invocation5XXErrors", 0, 1),
        "endpoint-latency": lambda: watched.endpoint("ModelLatency", *[1e5] * 90, *[2.5e6] * 2),
        "executions-failed": lambda: watched.executions("ThresholdConfidenceNotMet", "InvalidImageError"),
        "classify-errors": lambda: watched.function("classify", "Errors", 1, 1, 1),
        "classify-throttled": lambda: watched.function("classify", "Throttles", 1),
        "filter-throttled": lambda: watched.function("filter", "Throttles", 1),
    }
    for cause in five.values():
        cause()
    eventually(lambda: watched.off() == set(five))
    watched.advance(1200)
    eventually(lambda: watched.off() == set())

    # An unsure answer is an error of the function that refuses it, but not a failure to watch.
    watched.function("filter", "Errors", *[1.0] * 12)
    watched.executions(*["ThresholdConfidenceNotMet"] * 12, *[None] * 12)
    eventually(lambda: watched.off() == {"low-confidence"})
    watched.executions(*[None] * 12)
    eventually(lambda: watched.off() == set())
    watched.function("filter", "Errors", *[1.0] * 3)
    eventually(lambda: watched.off() == {"filter-errors"})
    watched.advance(1200)
    eventually(lambda: watched.off() == set())

    # Two hours of requests without a capture, then one.
    watched.endpoint("Invocations", *[1.0] * 20)
    watched.advance(3600)
    watched.endpoint("Invocations", *[1.0] * 20)
    eventually(lambda: watched.off() == {"capture-stopped"})
    watched.capture()
    eventually(lambda: watched.off() == set())

    # A day without an instance is no silent one. A day of instances without a request is.
    watched.advance(27 * 3600)
    watched.instance()
    eventually(lambda: set(watched.states().values()) == {"OK"})
    for _ in range(24):
        watched.advance(3600)
        watched.instance()
    eventually(lambda: watched.off() == {"endpoint-silent"})
    watched.endpoint("Invocations", 1)
    eventually(lambda: watched.off() == set())


def test_a_changed_budget_settles(watched: Watched, terraform: Callable[..., Any], cloud: Any) -> None:
    terraform("apply", "-input=false", "-auto-approve", "-no-color", "-var=limit=90")
    plan = terraform("plan", "-input=false", "-no-color", "-detailed-exitcode", "-var=limit=90")
    assert "No changes." in plan.stdout
    found = cloud.client("budgets").describe_budget(AccountId="123456789012", BudgetName=NAME)["Budget"]
    assert (found["BudgetLimit"]["Amount"], found["CostFilters"]) == ("90", {"TagKeyValue": [f"user:Workload${NAME}"]})
    left_out = {name for name, counted in found["CostTypes"].items() if not counted}
    assert left_out == {"IncludeCredit", "IncludeRefund", "UseAmortized", "UseBlended"}


def test_a_budget_that_would_stay_silent_is_seen(watched: Watched, cloud: Any) -> None:
    """Its tag is no cost allocation tag any more, and nobody has confirmed the mail's subscription."""
    environment = replace(settings.load("local"), name=NAME.removeprefix("scones-"))
    explorer = cloud.client("ce")

    def read() -> BudgetCheck:
        return budget.read(environment, client=lambda _, service: cloud.client(service))

    assert read().counts == "only what has the tag Workload of this environment"
    explorer.update_cost_allocation_tags_status(CostAllocationTagsStatus=[{"TagKey": "Workload", "Status": "Inactive"}])
    assert [fault.partition(":")[0] for fault in read().faults] == ["it counts nothing", "nobody hears of it"]
    budget.activate(environment, client=lambda _, service: cloud.client(service))
    [unheard] = read().faults
    assert unheard.startswith("nobody hears of it: you@example.com has not confirmed the subscription")


def test_the_alarms_cost_what_invoke_cost_says(watched: Watched, cloud: Any) -> None:
    """CloudWatch charges for each metric that an alarm watches."""
    alarms = cloud.client("cloudwatch").describe_alarms(AlarmNamePrefix=f"{NAME}-")["MetricAlarms"]
    queries = [[query for query in one.get("Metrics") or [] if "MetricStat" in query] for one in alarms]
    watches = sum(len(found) or 1 for found in queries)
    assert watches == alarm_metrics(answering=1, functions=2) - ROLLBACK_METRICS
