"""Executions under kills: each ends as it would have, and no state that has finished runs again."""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
from collections import Counter
from typing import Any

from botocore.exceptions import ClientError

from benchmarks.beacon import beacon
from benchmarks.kills import machines
from benchmarks.kills.machines import ARN, ENDINGS, INNER
from benchmarks.kills.victim import NoAnswer, Victim, until, working

EXECUTIONS, CLIENTS = 200, 4
#: How long the cloud has, after a call's end, to keep its answer: long, on a busy machine.
SLACK = 2.0
LONGEST = 300.0


class Executions:
    """Executions of every kind, started by several clients."""

    name, patience = "executions", 4.0

    def __init__(self, victim: Victim, chance: random.Random) -> None:
        self._victim, self._chance = victim, chance
        self._open = contextlib.ExitStack()
        self._told = self._open.enter_context(beacon())
        self._started: dict[str, tuple[str, int]] = {}
        self._numbers = iter(range(EXECUTIONS))
        self._over: set[str] = set()
        self._lock = threading.Lock()
        self._asking: Counter[str] = Counter()
        self._ended: Counter[str] = Counter()
        self._work: Any = None

    def prepare(self) -> None:
        """Make the function, the queue, the activity and the state machines."""
        role, ask = self._victim.role(), self._victim.ask
        ask(
            "lambda", "create_function",
            FunctionName=machines.FUNCTION, Runtime="python3.13", Role=role, Handler="handler.handler", Timeout=60,
            Code={"ZipFile": machines.packaged(self._told.code + machines.HANDLER)},
        )  # fmt: skip
        self._queue = ask("sqs", "create_queue", QueueName=machines.QUEUE)["QueueUrl"]
        ask("stepfunctions", "create_activity", name=machines.ACTIVITY)
        for name, definition in machines.definitions().items():
            text = json.dumps(definition).replace(
                f"https://sqs.us-east-1.amazonaws.com/123456789012/{machines.QUEUE}", self._queue
            )
            kind = "EXPRESS" if name == "express" else "STANDARD"
            ask("stepfunctions", "create_state_machine", name=name, definition=text, roleArn=role, type=kind)

    def begin(self, rounds: int) -> None:
        """Start the clients and the workers."""
        self._share = max(1, EXECUTIONS // (rounds + 1))
        self._allowed = threading.Semaphore(self._share)
        self._work = working(*[self._start] * CLIENTS, self._answer_tokens, self._answer_tasks)
        self._broken = self._work.__enter__()

    def doing(self) -> str:
        """What the clients ask for, or else the last event of an execution that runs."""
        asking = sorted(name for name, count in self._asking.items() if count)
        running = [arn for arn, (kind, _) in self._started.items() if kind != "express" and arn not in self._over]
        self._chance.shuffle(running)
        for arn in [] if asking else running:
            asked = {"executionArn": arn, "reverseOrder": True, "maxResults": 1}
            (event,) = self._victim.sure("stepfunctions", "get_execution_history", **asked)["events"]
            if event["type"] not in ("ExecutionSucceeded", "ExecutionFailed"):
                return f"after {event['type']}"
            self._over.add(arn)
        return self._chance.choice(asking) if asking else "nothing"

    def problems(self) -> list[str]:
        """What was started is there. More may be started now."""
        self._allowed.release(self._share)
        return [f"{arn} is gone" for arn in list(self._started) if not self._is_there(arn)]

    def finish(self) -> list[str]:
        """Wait until every execution has ended, and check it."""
        self._allowed.release(EXECUTIONS)
        until(lambda: len(self._started) >= EXECUTIONS, seconds=LONGEST, what=f"{EXECUTIONS} executions start")
        said = []
        left = {arn for arn, (kind, _) in self._started.items() if kind != "express"}
        give_up = time.monotonic() + LONGEST
        while left and time.monotonic() < give_up:
            left -= {arn for arn in left if self._has_ended(arn)}
            time.sleep(0.2)
        said += [f"{arn} has not ended" for arn in sorted(left)]
        self._work.__exit__(None, None, None)
        self._open.close()
        for arn, (kind, number) in self._started.items():
            if kind != "express" and arn not in left:
                said += [f"{arn}: {words}" for words in self._checked(arn, kind, number)]
        return said + self._listed() + self._called() + [f"a client failed: {words}" for words in set(self._broken)]

    def done(self) -> dict[str, int]:
        """How many executions have ended, by their status."""
        return {**self._ended, "calls": len(self._lines())}

    # The clients

    def _start(self) -> None:
        if not self._allowed.acquire(timeout=0.5):
            return
        with self._lock:
            number = next(self._numbers, None)
        if number is None:
            return
        kind = list(ENDINGS)[number % len(ENDINGS)]
        wanted = {
            "stateMachineArn": f"{ARN}:stateMachine:{kind}",
            "name": f"e{number}",
            "input": machines.given(number),
        }
        with self._lock:
            pause = self._chance.uniform(0.2, 1.2)
        arn = self._named(
            "StartExecution", "start_execution", "executionArn", f"{ARN}:execution:{kind}:e{number}", **wanted
        )
        self._started[arn] = kind, number
        time.sleep(pause)

    def _named(self, doing: str, operation: str, key: str, there: str, **given: Any) -> str:
        """Ask until there is an answer. A request without an answer may have been carried out."""
        while True:
            try:
                self._asking[doing] += 1
                return str(self._victim.ask("stepfunctions", operation, **given)[key])
            except NoAnswer:
                continue
            except ClientError as error:
                if error.response["Error"]["Code"] != "ExecutionAlreadyExists":
                    raise
                return there
            finally:
                self._asking[doing] -= 1

    def _answer_tokens(self) -> None:
        found = self._victim.ask("sqs", "receive_message", QueueUrl=self._queue, WaitTimeSeconds=1)
        for message in found.get("Messages", []):
            self._succeed(message["Body"])
            self._victim.sure("sqs", "delete_message", QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def _answer_tasks(self) -> None:
        activity = f"{ARN}:activity:{machines.ACTIVITY}"
        found = self._victim.ask("stepfunctions", "get_activity_task", activityArn=activity, workerName="kills")
        if token := found.get("taskToken"):
            self._succeed(token)

    def _succeed(self, token: str) -> None:
        while True:
            try:
                self._asking["SendTaskSuccess"] += 1
                self._victim.ask("stepfunctions", "send_task_success", taskToken=token, output="{}")
                return
            except NoAnswer:
                continue
            except ClientError as error:  # it was answered before: the execution shows whether that was kept
                if error.response["Error"]["Code"] not in ("TaskTimedOut", "InvalidToken"):
                    raise
                return
            finally:
                self._asking["SendTaskSuccess"] -= 1

    # The checks

    def _is_there(self, arn: str) -> bool:
        if ":express:" in arn or self._started[arn][0] == "express":
            return True  # nobody can ask for it: the function's calls show that it ran
        try:
            self._victim.sure("stepfunctions", "describe_execution", executionArn=arn)
        except ClientError:
            return False
        return True

    def _has_ended(self, arn: str) -> bool:
        found = self._victim.sure("stepfunctions", "describe_execution", executionArn=arn)
        kind, _ = self._started[arn]
        if found["status"] == "FAILED" and found["redriveCount"] < ENDINGS[kind].redrives:
            self._victim.sure("stepfunctions", "redrive_execution", executionArn=arn)
            return False
        return bool(found["status"] != "RUNNING")

    def _checked(self, arn: str, kind: str, number: int) -> list[str]:
        found = self._victim.sure("stepfunctions", "describe_execution", executionArn=arn)
        ending = ENDINGS[kind]
        self._ended[found["status"].lower()] += 1
        said = []
        if found["status"] != ending.status:
            said.append(f"{found['status']}, not {ending.status}: {found.get('error')} {found.get('cause')}")
        elif ending.error != found.get("error"):
            said.append(f"its error is {found.get('error')}, not {ending.error}")
        elif ending.status == "SUCCEEDED" and json.loads(found["output"]) != json.loads(machines.given(number)):
            said.append(f"its output is {found['output']}")
        pages = self._victim.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        return said + history_problems([event for page in pages for event in page["events"]], ending.redrives)

    def _listed(self) -> list[str]:
        listing = self._victim.client("stepfunctions").get_paginator("list_executions")
        said = []
        for kind in (*ENDINGS, *INNER):
            if kind == "express":
                continue
            pages = listing.paginate(stateMachineArn=f"{ARN}:stateMachine:{kind}")
            those = Counter(one["executionArn"] for page in pages for one in page["executions"])
            said += [f"{arn} is listed {count} times" for arn, count in those.items() if count > 1]
            wanted = {arn for arn, (its, _) in self._started.items() if its == kind}
            said += [f"{arn} is not listed" for arn in wanted - set(those)]
            if kind == "child":
                said += [f"{arn} still runs" for page in listing.paginate(
                    stateMachineArn=f"{ARN}:stateMachine:child", statusFilter="RUNNING"
                ) for arn in (one["executionArn"] for one in page["executions"])]  # fmt: skip
        return said

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._told.heard("calls")]

    def _called(self) -> list[str]:
        lines = self._lines()
        again = machines.repeated(lines, self._victim.kills, slack=SLACK)
        said = [f"a finished call was made again: {name}" for name in again]
        made = Counter(name.split()[0] for name in {line["call"] for line in lines})
        for kind, number in self._started.values():
            if kind in ("flows", "parent"):  # some calls are those of other executions
                continue
            if made[f"e{number}"] != ENDINGS[kind].calls:
                said.append(f"{kind} e{number} has made {made[f'e{number}']} calls, not {ENDINGS[kind].calls}")
        return said


def history_problems(events: list[dict[str, Any]], redrives: int) -> list[str]:
    """What is wrong with a history."""
    said = []
    ids = [event["id"] for event in events]
    if ids != list(range(1, len(ids) + 1)):
        said.append(f"the ids of its events are not consecutive: {ids}")
    kinds = Counter(event["type"] for event in events)
    ends = sum(kinds[f"Execution{end}"] for end in ("Succeeded", "Failed", "TimedOut", "Aborted"))
    if ends != 1 + redrives:
        said.append(f"it has {ends} ends")
    if kinds["ExecutionStarted"] != 1 or kinds["ExecutionRedriven"] != redrives:
        said.append(f"it has {kinds['ExecutionStarted']} starts and {kinds['ExecutionRedriven']} redrives")
    entered = Counter(
        event["stateEnteredEventDetails"]["name"] for event in events if "stateEnteredEventDetails" in event
    )
    left = Counter(event["stateExitedEventDetails"]["name"] for event in events if "stateExitedEventDetails" in event)
    if more := left - entered:
        said.append(f"it has left states more often than it has entered them: {dict(more)}")
    return said
