"""An execution that is interrupted after every single move ends as one that is not."""

from __future__ import annotations

import pytest

from localcloud.stepfunctions.engine import tasks
from localcloud.stepfunctions.engine.effects import Invoke, Offer, Poll
from localcloud.stepfunctions.language.scope import StateFailure

from .driver import ACTIVITY, CALLBACK, HANG, Driver, chain, one, task

RETRY = {"Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 2, "MaxAttempts": 2}]}
CATCH = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}]}
BAD = StateFailure("Bad", "it broke")

DEFINITIONS = {
    "a chain": (chain({"A": task(), "W": {"Type": "Wait", "Seconds": 5}, "B": task(), "P": {"Type": "Pass"}}), [1, 2]),
    "retries": (one(task(**RETRY)), [BAD, BAD, 3]),
    "a catch": (chain({"A": task(**CATCH), "Z": {"Type": "Pass"}}), [BAD]),
    "a failure": (chain({"A": task(), "B": task()}), [1, BAD]),
    "a timeout": (one(task(TimeoutSeconds=3)), [HANG]),
    "a machine's timeout": (one(task(), TimeoutSeconds=3), [HANG]),
    "a parallel": (
        one({"Type": "Parallel", "Branches": [one(task()), one({"Type": "Wait", "Seconds": 4}), one(task(**RETRY))]}),
        [1, BAD, 2],
    ),
    "a parallel that fails": (
        one({"Type": "Parallel", "Branches": [one(task()), one({"Type": "Wait", "Seconds": 4})], **RETRY}),
        [BAD, 1],
    ),
    "a map": (
        one({"Type": "Map", "ItemsPath": "$.n", "MaxConcurrency": 2, "ItemProcessor": chain({"A": task()})}),
        [1, 2, 3, 4, 5],
    ),
    "variables": (
        chain(
            {
                "A": task(Assign={"x.$": "$.a"}, ResultPath="$.r"),
                "W": {"Type": "Wait", "Seconds": 1},
                "B": {"Type": "Pass", "Parameters": {"x.$": "$x", "id.$": "$$.Execution.StartTime"}},
            }
        ),
        [{"a": 7}],
    ),
}


@pytest.mark.parametrize("name", DEFINITIONS)
def test_an_interrupted_execution_ends_as_another(name):
    definition, answers = DEFINITIONS[name]
    given = {"n": [1, 2, 3, 4, 5]}
    plain = Driver(definition, answers=answers).start(given)
    broken = Driver(definition, answers=answers, crashes=True).start(given)
    assert broken.run.status == plain.run.status != "RUNNING"
    assert (broken.run.output, broken.run.error, broken.run.cause) == (
        plain.run.output,
        plain.run.error,
        plain.run.cause,
    )
    assert broken.events == plain.events
    assert broken.arguments == plain.arguments, "no call was made twice"


def again(driver):
    driver.machine.effects = []
    driver.machine.resume()
    return driver.machine.effects


def test_a_call_that_was_answered_is_not_made_again_while_the_task_waits_for_its_token():
    driver = Driver(one(task(Resource=CALLBACK, Parameters={"t.$": "$$.Task.Token"})), answers=[{"MessageId": "1"}])
    driver.start()
    assert not [effect for effect in again(driver) if isinstance(effect, Invoke)]
    driver.tell(driver.seen[0], tasks.with_token, {"output": 5})
    assert driver.run.output == 5


def test_a_job_is_looked_after_again():
    resource = "arn:aws:states:::sagemaker:createTrainingJob.sync"
    driver = Driver(one(task(Resource=resource, Parameters={})), answers=[HANG]).start()
    call = next(effect for effect in driver.seen if isinstance(effect, Invoke))
    job = {"service": "sagemaker", "action": "createTrainingJob", "pattern": "sync", "name": "j"}
    driver.tell(call, tasks.answered, {}, job)
    assert [type(effect) for effect in again(driver)] == [Poll]
    driver.tell(call, tasks.succeeded, {"TrainingJobName": "j"})
    assert driver.run.status == "SUCCEEDED"


def test_an_activitys_task_is_offered_again_until_a_worker_has_taken_it():
    driver = Driver(one(task(Resource=ACTIVITY, HeartbeatSeconds=60))).start()
    offer = next(effect for effect in driver.seen if isinstance(effect, Offer))
    assert [effect.queued for effect in again(driver)] == [False]
    driver.tell(offer, tasks.offered)
    assert [effect.queued for effect in again(driver) if isinstance(effect, Offer)] == [True]
    driver.tell(offer, tasks.taken, "worker")
    assert not [effect for effect in again(driver) if isinstance(effect, Offer)]
