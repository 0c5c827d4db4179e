"""The generated documentation agrees with the code."""

import re

import pytest

from scones.docs.pages import pages
from scones.errors import InputError
from scones.settings import ROOT
from scones.tasks import compose
from scones.tasks.docs import results, table
from scones.tasks.results.page import page, schemas

ALARM = re.compile(r'(?:for key, (\w+) in .*)?"?(?<![\w${}-])([\w${}-]+)"? =>? \{\n(?:\s*#.*\n)*\s*description')
COMMAND = re.compile(r"(?:`|^ *|bin/)invoke ([a-z][\w.]*)", re.MULTILINE)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def made():
    return pages(ROOT, tasks=table(), results=page(results()), schemas=schemas(results()))


def test_nothing_generated_is_stale(made):
    stale = [str(path.relative_to(ROOT)) for path, text in made.items() if path.read_text() != text]
    assert stale == [], "write it anew with: invoke docs"


def test_every_module_has_its_table(made):
    modules = {path.parent for path in (ROOT / "terraform" / "modules").glob("*/versions.tf")}
    assert modules == {path.parent for path in made if path.parent.parent.name == "modules"}


def test_the_guide_says_what_to_do_about_every_alarm_and_no_other():
    """The keys in the modules' maps are the alarms' names. The guide writes FUNCTION and QUEUE for what they watch."""
    modules = ROOT / "terraform" / "modules"
    alarms = {"monitoring": ("alarms.tf", ""), "endpoint": ("rollback.tf", "rollback-")}
    names = {
        prefix + key.replace("${key}", watched.upper())
        for module, (name, prefix) in alarms.items()
        for watched, key in ALARM.findall((modules / module / name).read_text())
    }
    assert len(names) > 10
    guide = (ROOT / "docs" / "operations.md").read_text()
    assert set(re.findall(r"^### `(.+)`$", guide, re.MULTILINE)) == names


def test_every_task_and_heading_that_the_guides_name_is_there():
    tasks = compose().task_names
    known = {*tasks, *(alias for aliases in tasks.values() for alias in aliases)}
    for path in (ROOT / "docs").glob("*.md"):
        text = path.read_text()
        assert set(COMMAND.findall(text)) - known == set(), path
        headings = {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in HEADING.findall(text)}
        assert set(re.findall(r"\]\(#([\w-]+)\)", text)) - headings == set(), path
        files = re.findall(r"\]\(([\w./-]+\.md)\)", text)
        assert [name for name in files if not (path.parent / name).exists()] == []


def test_every_task_says_what_it_does():
    namespace = compose()
    assert [name for name in namespace.task_names if not (namespace[name].__doc__ or "").strip()] == []


def test_every_option_of_every_task_is_explained():
    namespace = compose()
    missing = [
        f"{name} --{argument.name}"
        for name in namespace.task_names
        for argument in namespace[name].get_arguments()
        if not argument.help
    ]
    assert missing == []


def test_a_readme_without_a_place_for_the_table_is_refused_by_name(tmp_path):
    for folder in ("asl", "docs"):
        (tmp_path / folder).mkdir()
    guides = [f"docs/{name}.md" for name in ("architecture", "fidelity", "json", "settings", "states-language")]
    for name in ("terraform", "tests", "asl/classify_image.asl.json", *guides):
        (tmp_path / name).exists() or (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "README.md").write_text("# Scones\n")
    with pytest.raises(InputError, match=r"README\.md: there is no place for the tasks"):
        pages(tmp_path, tasks=table(), results="", schemas="{}")
