"""``invoke tf.*``: runs Terraform on one stack of an environment, with its variables and backend set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scones.tasks import options
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.deploying import OutputResult, PlannedChange, PlanResult

if TYPE_CHECKING:
    from pathlib import Path

    from invoke import Context

    from scones.terraform import Stack

ENV = "the environment (default: SCONES_ENV, else local)"
STACK = "bootstrap, foundation or service (default)"
NO_ROLLBACK = "for emergencies: no alarm rolls the endpoint's update back, this once"


@task(help={"env": ENV, "stack": STACK})
def init(context: Context, env: str | None = None, stack: str = "service") -> None:
    """Run terraform init, and create the state's bucket if it is missing."""
    _stack(env, stack).init()


@task(
    result=PlanResult,
    help={
        "env": ENV,
        "stack": STACK,
        "out": "save the plan to this file, for: invoke tf.apply --plan FILE",
        "no_rollback": NO_ROLLBACK,
    },
)
def plan(
    context: Context,
    env: str | None = None,
    stack: str = "service",
    out: str | None = None,
    no_rollback: bool = False,
    json: bool = False,
) -> TaskAnswer:
    """Show the changes that an apply would make. Exit code 2 if there are any."""
    import tempfile
    from pathlib import Path

    _only_service(stack, no_rollback)
    wanted = options.file(out, "--out") if out else None
    chosen = _stack(env, stack, packaged=True)
    with tempfile.TemporaryDirectory() as folder:
        # Only a saved plan can be read. Terraform speaks of its file, so it is saved only if somebody wants it.
        saved = wanted or (Path(folder) / "plan" if json else None)
        differs = chosen.plan(out=saved, rollback=not no_rollback)
        result = _planned(chosen, saved, differs, out) if saved and json else None
    return TaskAnswer(lambda: result, code=2 if differs else 0)


def _planned(stack: Stack, saved: Path, differs: bool, out: str | None) -> PlanResult:
    """What a saved plan would change."""
    from json import loads

    from scones.delivery.pipeline import changes

    told = loads(stack.show(saved, json=True))
    return PlanResult(
        environment=stack.environment.name,
        stack=stack.name,
        differs=differs,
        changes=PlannedChange.all(changes.changes(told)),
        outputs=changes.outputs(told),
        drift=PlannedChange.all(changes.drift(told)),
        notice=stack.notice() if differs else "",
        file=out,
    )


@task(
    help={
        "env": ENV,
        "stack": STACK,
        "yes": "apply without asking",
        "plan": "apply this saved plan, without asking",
        "no_rollback": NO_ROLLBACK,
    }
)
def apply(
    context: Context,
    env: str | None = None,
    stack: str = "service",
    yes: bool = False,
    plan: str | None = None,
    no_rollback: bool = False,
) -> None:
    """Apply a stack, and check that the endpoint runs the new configuration.

    The Lambda functions are packaged first. Terraform shows its plan and asks, unless --yes or --plan is given. If an
    alarm rolls the endpoint's update back, the command waits until SageMaker has finished. It then names the alarm and
    what the endpoint serves.
    """
    from pathlib import Path

    from scones.errors import InputError

    _only_service(stack, no_rollback)
    if plan and no_rollback:
        raise InputError(
            f"the saved plan {plan} says already whether alarms roll back",
            hint=f"plan again: invoke tf.plan --no-rollback --out {plan}",
        )
    _stack(env, stack, packaged=True).apply(
        plan=Path(plan) if plan else None, ask=_asks(yes or bool(plan)), rollback=not no_rollback
    )


@task(help={"env": ENV, "stack": f"{STACK}; all destroys all stacks, in order", "yes": "destroy without asking"})
def destroy(context: Context, env: str | None = None, stack: str = "service", yes: bool = False) -> None:
    """Destroy a stack, unless another stack depends on it.

    Destroying bootstrap also deletes the state's bucket with all states.
    """
    from scones import settings, terraform
    from scones.errors import InputError

    environment = settings.load(env)
    names = tuple(reversed(terraform.STACKS)) if stack == "all" else (_stack(env, stack).name,)
    ask = _asks(yes)
    for name in names:
        if ask and name == "bootstrap" and _typed(f"Type {environment.name} to delete its state: ") != environment.name:
            raise InputError("the state was not deleted")
        terraform.destroy(terraform.Stack(environment, name), ask=ask)


@task(
    positional=["lock"],
    help={"lock": "the lock's ID; the message about it has it", "env": ENV, "stack": STACK, "yes": "do not ask"},
)
def unlock(context: Context, lock: str, env: str | None = None, stack: str = "service", yes: bool = False) -> None:
    """Break the lock that a killed command has left on a stack's state.

    It shows who holds the lock, and whether that process still runs on this machine. Two commands that change one state
    at a time destroy it: break a lock only if its command has ended.

    invoke tf.unlock 6638e030-4f89-11d3-9a0c-0305e82c3301 --env dev --stack service
    """
    from scones.errors import InputError
    from scones.terraform import holder

    locked = _stack(env, stack)
    held = holder.find(locked.backend, stack)
    if held is None:
        print(f"the state of stack '{stack}' is not locked")
        return
    if held.id != lock:
        raise InputError(f"the lock of stack '{stack}' is not {lock} but {held.id}, by {held}")
    gone = holder.is_abandoned(held, stack, me=holder.me(), running=holder.running())
    print(f"locked by {held}; " + ("its process is gone from this machine" if gone else "it may still run"))
    if _asks(yes) and _typed("Type yes to break the lock: ") != "yes":
        raise InputError("the lock was not broken")
    locked.unlock(held)


@task(result=OutputResult, help={"env": ENV, "stack": STACK, "name": "print only this output, without quotes"})
def output(context: Context, env: str | None = None, stack: str = "service", name: str | None = None) -> TaskAnswer:
    """Print a stack's outputs, such as names and ARNs."""
    from json import dumps

    from scones.errors import InputError

    found = _stack(env, stack).outputs()
    if name and name not in found:
        raise InputError(f"stack '{stack}' has no output '{name}'; it has: {', '.join(sorted(found))}")

    def show() -> None:
        if name:
            value = found[name]
            print(value if isinstance(value, str) else dumps(value, indent=2))
            return
        width = max(map(len, found))
        for key, value in found.items():
            print(f"{key:<{width}}  {value if isinstance(value, str) else dumps(value)}")

    return TaskAnswer(lambda: found[name] if name else found, show)


@task(
    iterable=["platform"],
    help={
        "provider": "the version of hashicorp/aws (default: the one that the project's tests run with)",
        "platform": "a platform of the team, such as darwin_arm64; repeatable (default: Linux and macOS)",
        "mirror": "a folder with the packages of all these platforms, instead of the registry",
    },
)
def lock(
    context: Context, provider: str | None = None, platform: list[str] | None = None, mirror: str | None = None
) -> None:
    """Make terraform/providers.lock.hcl: the provider's version and its hashes for every platform. Commit it.

    From then on the set-up downloads that version, and every terraform init of a stack refuses any other package.

    invoke tf.lock
    invoke tf.lock --platform linux_amd64 --platform darwin_arm64
    """
    from pathlib import Path

    from scones import settings
    from scones.terraform import lock as locking
    from scones.terraform import mirror as mirrors
    from scones.terraform.binary import locate

    path = locking.write(
        settings.ROOT,
        locate(settings.ROOT / "build"),
        provider or mirrors.RUN,
        platforms=platform or locking.PLATFORMS,
        mirror=Path(mirror).expanduser() if mirror else None,
    )
    print(f"{path} locks hashicorp/aws {locking.version(settings.ROOT)}; commit it")


def _stack(env: str | None, name: str, *, packaged: bool = False) -> Stack:
    from scones import settings, terraform
    from scones.errors import InputError
    from scones.service import packaging

    if name not in terraform.STACKS:
        raise InputError(f"there is no stack '{name}'; there are: {', '.join(terraform.STACKS)}")
    environment = settings.load(env)
    if packaged and name == "service":
        packaging.package(environment.root / "lambdas", environment.build / "lambdas")
    return terraform.Stack(environment, name)


def _only_service(stack: str, no_rollback: bool) -> None:
    from scones.errors import InputError

    if no_rollback and stack != "service":
        raise InputError(f"--no-rollback is for the stack service, which has the endpoint; not for '{stack}'")


def _typed(question: str) -> str:
    """The answer to a question; empty for Ctrl-D."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


def _asks(yes: bool) -> bool:
    """Whether Terraform asks before it begins. Raises InputError if it would ask without a terminal."""
    import sys

    from scones.errors import InputError

    if not yes and not sys.stdin.isatty():
        raise InputError("there is no terminal to ask on", hint="say --yes to go on without being asked")
    return not yes
