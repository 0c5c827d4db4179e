"""The console in a real browser: from a dropped picture to its answer, from a failure to its line in the log."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from benchmarks import cloud as workflow
from scones.console import security, server
from scones.console.desk import Desk
from tests.conftest import LocalCloud

pytestmark = pytest.mark.slow

ENDED = ".verdict.good, .verdict.warn, .verdict.bad"
DROP = """(content) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0));
  const given = new DataTransfer();
  given.items.add(new File([bytes], "dropped.png", { type: "image/png" }));
  const event = new DragEvent("drop", { dataTransfer: given, bubbles: true, cancelable: true });
  document.getElementById("drop").dispatchEvent(event);
}"""


def at(page: Any, path: str, **parameters: str) -> None:
    """Open a path of the console."""
    base = "/".join(page.url.split("/")[:3])
    page.goto(f"{base}{path}" + (f"?{urlencode(parameters)}" if parameters else ""))


def execute(desk: Desk, given: dict[str, Any], **more: str) -> str:
    """Run the workflow to its end. Returns the execution's ARN."""
    from scones.service.workflow import follow

    sfn = desk.client("stepfunctions")
    machine = desk.service()["state_machine_arn"]
    arn = sfn.start_execution(stateMachineArn=machine, input=json.dumps(given), **more)["executionArn"]
    follow(sfn, arn)
    return str(arn)


@pytest.fixture(scope="module")
def failed(desk: Desk) -> str:
    """An execution whose answer was not sure enough."""
    return execute(desk, {"image_url": f"s3://{workflow.BUCKET}/dark.png", "confidence_threshold": 1})


def test_a_dropped_picture_has_an_answer_and_its_way_is_coloured(page: Any, picture: Path) -> None:
    page.evaluate(DROP, base64.b64encode(picture.read_bytes()).decode())
    page.wait_for_selector(ENDED)
    assert re.match(r"This is a (bicycle|motorcycle): the model is [\d.]+ % sure", page.inner_text("#sentence"))
    shares = [float(one.rstrip(" %")) for one in page.locator(".bar span:last-child").all_inner_texts()]
    assert len(shares) == 2
    assert sum(shares) == pytest.approx(100, abs=0.2)
    assert page.locator(".graph .box.succeeded").count() == 3
    assert page.locator("#shown").evaluate("image => image.naturalWidth") > 0
    arn = re.search(r"arn=([^&]+)", page.url)
    assert arn is not None, "the address can be sent"
    page.reload()
    page.wait_for_selector(ENDED)


def test_an_answer_below_the_chosen_threshold_is_refused_as_plainly_as_on_aws(page: Any, picture: Path) -> None:
    page.locator("#threshold").fill("1")
    page.set_input_files("#files", picture)
    page.wait_for_selector(".verdict.warn")
    assert page.inner_text("#verdict") == "Refused: not sure enough"
    assert "100 % are needed" in page.inner_text("#sentence")
    page.click("#open")
    page.wait_for_selector("#status.bad")
    assert "ThresholdConfidenceNotMet" in page.inner_text("#failure")


def test_many_pictures_give_a_table_and_what_is_no_picture_is_named(page: Any, picture: Path) -> None:
    broken = picture.with_name("broken.png")
    broken.write_bytes(b"no picture")
    page.set_input_files("#files", [picture, broken])
    page.wait_for_selector("#rows tr:nth-child(1) .chip")
    rows = page.locator("#rows tr")
    assert "Passed" in rows.nth(0).inner_text()
    page.wait_for_selector("#rows tr:nth-child(2):has-text('broken.png is not')")


def test_a_failed_execution_shows_its_log_line_in_one_click(page: Any, failed: str) -> None:
    at(page, "/execution", arn=failed)
    page.click("#to-log")
    page.wait_for_selector(".lines .bad")
    assert "ThresholdConfidenceNotMet" in page.inner_text(".lines")
    assert page.inner_text("#chosen") == "Pass only confident answers"
    assert "state=Pass" in page.url
    assert page.locator(".graph .box.failed").count() == 1
    assert page.locator(".graph .box.caught").count() == 1
    page.wait_for_selector(".span.bad")


def test_a_state_shows_its_input_and_its_output_and_can_be_tested_alone(page: Any, failed: str) -> None:
    at(page, "/execution", arn=failed, state="Look for an explanation", tab="input")
    page.wait_for_selector("#panel .fold")
    assert "ThresholdConfidenceNotMet" in page.inner_text("#panel .fold")
    page.click("#tab-definition")
    page.wait_for_selector("#panel .fold .key:has-text('Choices')")
    page.click("#tab-test")
    page.fill("#panel textarea", '{"Error": "Other"}')
    page.click("#panel button.main")
    page.wait_for_selector("#panel >> text='Next: Fail with all that is known'")


def test_the_keyboard_reaches_a_state_of_the_graph(page: Any, failed: str) -> None:
    at(page, "/execution", arn=failed)
    box = page.locator(".graph .box").filter(has_text="Ask the model")
    box.wait_for()
    box.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#chosen >> text='Ask the model'")


def test_the_list_is_filtered_by_status_error_class_and_confidence(page: Any, desk: Desk, failed: str) -> None:
    passed = execute(desk, {"image_url": f"s3://{workflow.BUCKET}/dark.png"}, name="one-that-passed")
    at(page, "/executions")
    page.wait_for_selector("#rows >> text='one-that-passed'")
    page.select_option("[name=status]", "FAILED")
    page.wait_for_selector("#rows >> text='one-that-passed'", state="detached")
    page.fill("[name=error]", "threshold")
    name = failed.rpartition(":")[2]
    page.wait_for_selector(f"#rows >> text='{name}'")
    page.reload()
    page.wait_for_selector(f"#rows >> text='{name}'")
    assert page.locator("#rows >> text='one-that-passed'").count() == 0, "the address has the filters"
    page.fill("[name=error]", "")
    page.select_option("[name=status]", "")
    page.fill("[name=search]", "that-passed")
    page.fill("[name=least]", "0.4")
    page.wait_for_selector("#rows >> text='one-that-passed'")
    page.fill("[name=most]", "0.41")
    page.wait_for_selector("#rows >> text='one-that-passed'", state="detached")
    assert passed


def test_an_execution_that_begins_is_on_the_list_at_once(page: Any, desk: Desk) -> None:
    at(page, "/executions")
    page.wait_for_selector("#count:has-text('executions')")
    execute(desk, {"image_url": f"s3://{workflow.BUCKET}/dark.png"}, name="begun-just-now")
    page.wait_for_selector("#rows tr:has-text('begun-just-now') .chip.good")


def test_a_redrive_goes_on_from_the_state_that_failed(page: Any, desk: Desk) -> None:
    """The object is put only after the execution has failed without it."""
    arn = execute(desk, {"image_url": f"s3://{workflow.BUCKET}/late.png"})
    at(page, "/execution", arn=arn)
    page.wait_for_selector("#status.bad")
    s3 = desk.client("s3")
    s3.copy_object(Bucket=workflow.BUCKET, Key="late.png", CopySource=f"{workflow.BUCKET}/dark.png")
    page.click("[data-action=redrive]")
    page.wait_for_selector("#ask[open]")
    assert "Nothing costs money here" in page.inner_text("#ask-price")
    page.click("#ask-yes")
    page.wait_for_selector("#notices >> text='redriven'")
    page.wait_for_selector("#event-rows >> text='ExecutionRedriven'")
    found = desk.client("stepfunctions").describe_execution(executionArn=arn)
    assert found["redriveCount"] == 1


@pytest.fixture(scope="module")
def waits(desk: Desk, shop: LocalCloud) -> str:
    """A state machine whose executions wait as long as their input says."""
    states = {"Wait": {"Type": "Wait", "SecondsPath": "$.seconds", "End": True}}
    role = shop.client("iam").get_role(RoleName="bench")["Role"]["Arn"]
    definition = json.dumps({"StartAt": "Wait", "States": states})
    made = desk.client("stepfunctions").create_state_machine(name="bench-waits", definition=definition, roleArn=role)
    return str(made["stateMachineArn"])


def test_an_execution_far_down_the_list_is_followed_to_its_end(page: Any, desk: Desk, waits: str) -> None:
    """While it waits, more executions begin than one small page has. Afterwards its row has its end."""
    sfn, machine = desk.client("stepfunctions"), waits
    first = sfn.start_execution(stateMachineArn=machine, name="the-first", input='{"seconds": 3600}')["executionArn"]
    at(page, "/executions", machine=machine)
    page.wait_for_selector("#rows tr:has-text('the-first') .chip.run")
    for number in range(30):
        sfn.start_execution(stateMachineArn=machine, name=f"later-{number}", input='{"seconds": 0}')
    page.wait_for_selector("#count:has-text('31 of 31')")
    page.fill("[name=search]", "the-first")
    sfn.stop_execution(executionArn=first)
    page.wait_for_selector("#rows tr:has-text('the-first') .chip.bad")


def test_a_page_that_was_hidden_tells_all_of_it_once(page: Any, desk: Desk, waits: str) -> None:
    sfn = desk.client("stepfunctions")
    arn = sfn.start_execution(stateMachineArn=waits, input='{"seconds": 3600}')["executionArn"]
    at(page, "/execution", arn=arn)
    page.wait_for_selector("#event-rows >> text='WaitStateEntered'")
    hide = "Object.defineProperty(document, 'hidden', {configurable: true, value: %s});"
    for hidden in ("true", "false"):
        page.evaluate(f"{hide % hidden} document.dispatchEvent(new Event('visibilitychange'))")
    sfn.stop_execution(executionArn=arn)
    page.wait_for_selector("#event-rows >> text='ExecutionAborted'")
    assert page.inner_text("#event-count") == "3"


def test_a_console_that_ends_says_so_on_the_page_and_goes_on_when_it_is_back(
    browser: Any, desk: Desk, tmp_path: Path
) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = security.new_token()
    page = browser.new_context().new_page()
    page.set_default_timeout(30_000)
    with server.served(desk, port=port, token=token) as address:
        page.goto(address)
        at(page, "/executions")
        page.wait_for_selector("#count:has-text('executions')")
    page.wait_for_selector("#trouble:has-text('invoke console')")
    with server.served(desk, port=port, token=token):
        page.wait_for_selector("#trouble", state="hidden")
        page.context.close()


def test_the_same_input_starts_again(page: Any, failed: str) -> None:
    at(page, "/execution", arn=failed)
    page.wait_for_selector("#status.bad")
    page.click("[data-action=again]")
    page.click("#ask-yes")
    page.wait_for_url(lambda url: "arn=" in url and quote(failed, safe="") not in url)
    page.wait_for_selector("#status.bad")
    assert page.locator("[data-action=stop]").is_disabled()


HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def test_what_is_hostile_is_shown_as_text(page: Any, desk: Desk) -> None:
    """A key, a log line and a capture with markup in them."""
    key = f"{HOSTILE}.png".replace("/", "-")
    s3 = desk.client("s3")
    s3.copy_object(Bucket=workflow.BUCKET, Key=key, CopySource=f"{workflow.BUCKET}/dark.png")
    arn = execute(desk, {"s3_bucket": workflow.BUCKET, "s3_key": key, "confidence_threshold": 1})
    asked: list[str] = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
    at(page, "/execution", arn=arn, state="Read the image", tab="log")
    page.wait_for_selector(".lines div")
    assert "<img src=x" in page.inner_text(".lines")
    at(page, "/traffic")
    page.wait_for_selector(".pictures li")
    page.wait_for_selector(".pictures small:has-text('<img src=x')")
    assert page.locator("img[src='x']").count() == 0
    assert asked == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1600])
def test_the_pages_keep_the_rules_of_accessibility(
    browser: Any, address: str, failed: str, scheme: str, width: int
) -> None:
    from axe_playwright_python.sync_playwright import Axe

    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}, bypass_csp=True)
    page = context.new_page()
    page.goto(address)
    found = {}
    for path, ready in (
        ("/try", "#drop"),
        ("/executions", "#rows a"),
        (f"/execution?{urlencode({'arn': failed, 'state': 'Ask the model'})}", ".graph .box"),
        ("/traffic", ".pictures li"),
        ("/nowhere", ".problem"),
    ):
        base = "/".join(page.url.split("/")[:3])
        page.goto(f"{base}{path}")
        page.wait_for_selector(ready)
        broken = Axe().run(page).response["violations"]
        found[path] = [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in broken]
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{path} is too wide"
    assert found == {path: [] for path in found}
    context.close()
