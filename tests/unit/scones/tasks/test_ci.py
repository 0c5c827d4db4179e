"""invoke ci.*: which environment the steps are run for."""

from collections.abc import Callable

import pytest
from invoke import Context
from invoke.exceptions import Exit

from scones.tasks import ci


@pytest.mark.parametrize("task", [ci.check, ci.plan, ci.pr, ci.merge, ci.drift, ci.approval])
def test_an_unknown_environment_ends_a_task_before_anything_is_run(
    task: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Exit, match="there is no environment 'nowhere'") as ended:
        task(Context(), env="nowhere")
    assert ended.value.code == 2
    assert capsys.readouterr().out == ""
