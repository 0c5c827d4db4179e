"""A list of executions is followed: all of it once, then what is new, what has ended, and what was redriven."""

from datetime import UTC, datetime, timedelta

from scones.console.listing import PAGE, SELDOM, ListWatch
from scones.console.live import MORE

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:m"
PREFIX = "arn:aws:states:us-east-1:123456789012:execution:m:"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class States:
    """Step Functions with the executions that the test begins and ends."""

    def __init__(self):
        self.found, self.asked = {}, []

    def begin(self, name):
        moment = NOON + timedelta(seconds=len(self.found))
        self.found[PREFIX + name] = {
            "executionArn": PREFIX + name,
            "name": name,
            "status": "RUNNING",
            "startDate": moment,
        }

    def end(self, name, status="SUCCEEDED"):
        found = self.found[PREFIX + name]
        found.update(status=status, stopDate=found["startDate"] + timedelta(seconds=1))

    def redrive(self, name):
        self.found[PREFIX + name].update(status="RUNNING")
        del self.found[PREFIX + name]["stopDate"]

    def list_executions(self, stateMachineArn, maxResults, statusFilter=None, nextToken="0"):
        assert stateMachineArn == MACHINE
        self.asked.append((maxResults, statusFilter))
        newest = [one for one in reversed(self.found.values()) if statusFilter in (None, one["status"])]
        begin = int(nextToken)
        more = {"nextToken": str(begin + maxResults)} if begin + maxResults < len(newest) else {}
        return {"executions": [dict(one) for one in newest[begin : begin + maxResults]], **more}

    def describe_execution(self, executionArn):
        self.asked.append(executionArn)
        return dict(self.found[executionArn])


def told(look):
    """What a look tells: names with their statuses."""
    return {name: status for message in look() if message is not MORE for name, status, *_ in message["rows"]}


def followed(states):
    watch = ListWatch(states, MACHINE)
    while MORE in watch.look():
        pass
    return watch.look


def test_the_list_comes_page_by_page_and_each_row_once():
    states = States()
    for number in range(2 * PAGE + 5):
        states.begin(f"e{number}")
        states.end(f"e{number}")
    look, names, pages = ListWatch(states, MACHINE).look, [], []
    while True:
        message, *more = look()
        names += [row[0] for row in message["rows"]]
        pages.append(message.get("more", False))
        assert message["prefix"] == PREFIX
        assert [True] * len(more) == [one is MORE for one in more]
        if not more:
            break
    assert pages == [True, True, False]
    assert names == [f"e{number}" for number in reversed(range(2 * PAGE + 5))]
    assert message["rows"][-1] == ("e0", "SUCCEEDED", 1796040000000, 1796040001000)


def test_an_empty_list_is_said_to_be_empty():
    assert ListWatch(States(), MACHINE).look() == [{"prefix": "", "rows": []}]


def test_while_nothing_happens_a_look_is_one_small_call():
    states = States()
    for number in range(100):
        states.begin(f"e{number}")
        states.end(f"e{number}")
    look = followed(states)
    states.asked.clear()
    assert look() == []
    assert states.asked == [(1, None)]


def test_all_that_begins_between_two_looks_is_told_and_its_end_too():
    states = States()
    states.begin("old")
    states.end("old")
    look = followed(states)
    for number in range(75):
        states.begin(f"e{number}")
    assert told(look) == {f"e{number}": "RUNNING" for number in range(75)}
    states.end("e0", "FAILED")
    assert told(look) == {"e0": "FAILED"}, "far below those that the list begins with"
    assert look() == []


def test_one_that_is_redriven_runs_again_wherever_it_is_in_the_list():
    states = States()
    states.begin("old")
    states.end("old", "FAILED")
    for number in range(60):
        states.begin(f"e{number}")
        states.end(f"e{number}")
    look = followed(states)
    states.redrive("old")
    news = [told(look) for _ in range(SELDOM)]
    assert [one for one in news if one] == [{"old": "RUNNING"}]
    states.end("old")
    assert told(look) == {"old": "SUCCEEDED"}
