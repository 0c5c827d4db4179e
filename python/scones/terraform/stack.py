"""Plans and applies one stack of one environment, and reads its outputs.

Example (not run: it needs a running cloud)::

    stack = Stack(settings.load("local"), "service", log=Path("build/local/service.log"))
    stack.apply()
    stack.outputs()["endpoint_name"]
"""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from imageclassification import files
from scones import aws
from scones.errors import InputError, LockedStateError, NewRoleError, TerraformError
from scones.settings import Environment
from scones.steps import Beats
from scones.terraform import endpoint, holder, lock, refusals, variants
from scones.terraform.binary import locate
from scones.terraform.following import Follower
from scones.terraform.state import Backend, require_fresh
from scones.terraform.variables import LOCKING, value_files, variables

# Terraform and its provider are written in Go. Garbage collection takes a sixth of each run, and frees memory that the
# processes do not need, because they end soon. So it runs less often.
QUICK = {"GOGC": "400"}
COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# Switches automatic rollback off for one run. The next run without it switches it on again.
NO_ROLLBACK = '-var=endpoint_rollback={"enabled":false}'
TRIES = 3  # of a command that came upon a lock that was just going
SPREADING_SECONDS = (
    20.0  # until a second try, if a service did not know a new role; IAM's changes take seconds to spread
)


@dataclass(frozen=True)
class Stack:
    """A stack of ``terraform/stacks`` in one environment.

    Attributes:
        name: ``bootstrap``, ``foundation`` or ``service``.
        log: A file to which Terraform's output is appended. With None, the output goes to the terminal.
        on_line: Called with each line of ``log``, to show the progress.
        sleep: Waits before a second try, for a number of seconds.
    """

    environment: Environment
    name: str
    log: Path | None = None
    on_line: Callable[[str], None] | None = None
    sleep: Callable[[float], None] = time.sleep

    @property
    def folder(self) -> Path:
        """The folder of the stack's configuration."""
        return self.environment.root / "terraform" / "stacks" / self.name

    @cached_property
    def backend(self) -> Backend:
        """The bucket of the stack's state."""
        return Backend.of(self.environment)

    @property
    def variables(self) -> dict[str, str]:
        """Terraform's environment variables, computed at each access, because value files come and go."""
        return variables(self.environment, self.name, backend=self.backend)

    @property
    def lock_file(self) -> Path:
        """Terraform's dependency lock file, with the version of the provider."""
        return self.folder / lock.NAME

    def init(self, *, lock_file: Path | None = None) -> None:
        """Run ``terraform init``. Create the state's bucket if it is missing.

        The provider is the newest of the source, or the one of the team's lock file (:mod:`scones.terraform.lock`).

        Args:
            lock_file: The lock file of a saved plan. Its version of the provider is used instead.

        Raises:
            TerraformError: Terraform failed.
            SetupError: Terraform or its provider is missing.
            LocalCloudError: the environment's local cloud is not running.
        """
        self.backend.ensure()
        team = lock.path(self.environment.root)
        if lock_file is None and not team.exists():
            self._run("init")
        else:
            self._locked_init(lock_file or team)
        if lock_file is None:
            self._init_has_run.append(True)

    def _locked_init(self, lock_file: Path) -> None:
        files.write(self.lock_file, lock_file.read_bytes())
        name = "TF_CLI_ARGS_init"
        self._run("init", also={name: self.variables[name].replace(" -upgrade", " -lockfile=readonly")})

    def ensure_init(self) -> None:
        """Run ``terraform init``, unless it has run for this object. It takes two seconds.

        Raises:
            TerraformError: Terraform failed.
            SetupError: Terraform or its provider is missing.
            LocalCloudError: the environment's local cloud is not running.
        """
        if not self._init_has_run:
            self.init()

    @cached_property
    def _init_has_run(self) -> list[bool]:
        return []

    def plan(self, *, out: Path | None = None, rollback: bool = True) -> bool:
        """Run ``terraform plan``.

        Args:
            out: The file to save the plan in, for :meth:`apply`.
            rollback: If false, no alarm rolls the endpoint's update back. Only for ``service``.

        Returns:
            True if there is anything to apply: Terraform's changes, or a change of variants.

        Raises:
            TerraformError: Terraform failed, or no model is pinned.
        """
        self.require_values()
        self.ensure_init()
        save = [f"-out={out.resolve()}"] if out else []
        found = self._endpoint()
        options = _options(found, rollback) if self.name == "service" else []
        differs = self._run("plan", "-input=false", "-detailed-exitcode", *save, *options, accept=(0, 2)) == 2
        if notice := self._notice(found):
            (self.on_line or print)(notice)
        return differs or bool(notice)

    def show(self, plan: Path, *, json: bool = False) -> str:
        """Run ``terraform show`` on a saved plan. Returns its text or JSON.

        Format: https://developer.hashicorp.com/terraform/internals/json-format

        Raises:
            TerraformError: this Terraform cannot read the plan.
        """
        line = [*self._line("show"), "-no-color", *(["-json"] if json else []), str(plan.resolve())]
        said = subprocess.run(line, env={**os.environ, **self.variables}, capture_output=True, text=True, check=False)
        if said.returncode:
            raise TerraformError(f"the plan {plan} cannot be read: {_errors(said.stderr) or said.stderr.strip()}")
        return said.stdout

    def apply(
        self,
        *,
        plan: Path | None = None,
        lock_file: Path | None = None,
        ask: bool = False,
        only: Sequence[str] = (),
        rollback: bool = True,
    ) -> None:
        """Run ``terraform apply``. For ``service``, check that the endpoint runs the new configuration.

        If a service does not know a new role yet, Terraform runs a second time, some seconds later. A saved plan cannot
        be applied twice, because its first apply has changed the state.

        Args:
            plan: A saved plan to apply.
            lock_file: The saved plan's lock file, if the plan was made elsewhere.
            ask: Let Terraform show its plan and ask before it begins.
            only: The addresses of the resources to apply, with what they need. By default, all.
            rollback: If false, no alarm rolls the endpoint's update back. Only for ``service``; a saved plan has it.

        Raises:
            TerraformError: Terraform failed, no model is pinned, or SageMaker rolled the endpoint back.
            NewRoleError: a service did not know a role, or what it may do.
            InputError: the user did not agree, or there is no such plan.
        """
        if plan and not plan.exists():
            raise InputError(f"there is no saved plan {plan}", hint=f"invoke tf.plan --stack {self.name} --out {plan}")
        self.require_values()
        if lock_file:
            self.init(lock_file=lock_file)
        else:
            self.ensure_init()
        if self.name == "service":
            self._apply_service(plan, ask=ask, only=only, rollback=rollback)
        else:
            self._apply([f"-target={address}" for address in only], plan, ask=ask)

    def outputs(self) -> dict[str, Any]:
        """The stack's outputs.

        Raises:
            TerraformError: the stack has not been applied.
        """
        found = self.backend.read(self.name)
        if not found.outputs:
            raise TerraformError(
                f"stack '{self.name}' of environment '{self.environment.name}' has not been applied",
                hint=f"apply it with: invoke tf.apply --env {self.environment.name} --stack {self.name}",
            )
        return dict(found.outputs)

    def require_values(self) -> None:
        """Check that the value files exist, because Terraform's error for a missing one explains little.

        Raises:
            TerraformError: no model is pinned.
        """
        for path in value_files(self.environment, self.name):
            if not path.exists():
                env = self.environment.name
                raise TerraformError(
                    f"environment '{env}' has no pinned model: there is no {path}",
                    hint=f"train one with: invoke train --env {env}; or pin one with: invoke pin VERSION --env {env}",
                )

    def run(self, command: str, *arguments: str) -> None:
        """Run any terraform command on the stack. :meth:`init` must have run before.

        Raises:
            TerraformError: Terraform failed.
        """
        self._run(command, *arguments)

    def unlock(self, held: holder.StateLock) -> None:
        """Break a lock of the state. Whoever holds it must have ended.

        Raises:
            TerraformError: Terraform failed; the lock may be another one by now.
        """
        self.ensure_init()
        self._run("force-unlock", "-force", held.id)

    def _mind_lock(self) -> None:
        """Offer to break the lock of a killed process of this machine, instead of waiting for it.

        Raises:
            LockedStateError: there is such a lock, and nobody can be asked, or did not agree.
        """
        held = holder.find(self.backend, self.name)
        if held is None or not holder.is_abandoned(held, self.name, me=holder.me(), running=holder.running()):
            return
        said = f"the state of stack '{self.name}' of environment '{self.environment.name}' is locked by {held}"
        gone = "that process is gone from this machine: it was killed"
        if self.log is None and sys.stdin.isatty():
            print(f"{said}; {gone}")
            if _typed("Only yes is accepted to break its lock and go on. Enter a value: ") == "yes":
                self._run("force-unlock", "-force", held.id)
                return
        raise LockedStateError(
            f"{said}; {gone}; nothing was changed",
            hint=f"break the lock, and run this again: {refusals.unlocking(self.environment.name, self.name, held.id)}",
        )

    def notice(self) -> str:
        """What an apply does besides Terraform's plan, for people who read the plan. Empty if there is nothing."""
        return self._notice(self._endpoint())

    def _notice(self, found: Mapping[str, Any] | None) -> str:
        if found is None or (change := variants.find(found, self._value_files())) is None:
            return ""
        return variants.LEFT.format(**found) if variants.is_between(found) else change.notice

    def _endpoint(self) -> Mapping[str, Any] | None:
        """The endpoint of ``service``. None if there is none, and for another stack."""
        return self._follower().look() if self.name == "service" else None

    def _value_files(self) -> list[Path]:
        return value_files(self.environment, self.name)

    def _follower(self, name: str | None = None) -> Follower:
        """Follows the endpoint with a name, by default the one that was applied last."""
        sagemaker, cloudwatch = (aws.client(self.environment, service) for service in ("sagemaker", "cloudwatch"))
        name = name or self.backend.read(self.name).outputs.get("endpoint_name")
        return Follower(sagemaker, cloudwatch, name, self.on_line or print)

    def _apply_service(self, plan: Path | None, *, ask: bool, only: Sequence[str], rollback: bool) -> None:
        follower = self._follower()
        before = follower.settle()  # SageMaker refuses an update of an endpoint that is changing
        change = None if only else variants.find(before, self._value_files())
        if change and before and variants.is_between(before):
            before = follower.lead_back(before, self.outputs()["endpoint_configuration_name"])
            change = variants.find(before, self._value_files())
        with tempfile.TemporaryDirectory() as folder:
            if change:
                # The plan is made before the variants change. A later one would not have the guardrails in its state.
                plan = plan or self._plan_and_ask(Path(folder) / "plan", ask=ask, rollback=rollback)
                if plan is None:
                    return
                require_fresh(plan, self.name, self.backend.read(self.name))
                before = follower.change(change)
            options = [*(f"-target={address}" for address in only), *([] if plan else _options(before, rollback))]
            with follower.explaining(before):
                self._apply(options, plan, ask=ask)
        if endpoint.ADDRESS in self.backend.read(self.name).resources:  # else it is outside its hours
            outputs = self.outputs()
            self._follower(outputs["endpoint_name"]).verify(outputs["endpoint_configuration_name"], before=before)

    def _plan_and_ask(self, path: Path, *, ask: bool, rollback: bool) -> Path | None:
        """Save a plan. None if it has no changes.

        Raises:
            InputError: the user did not agree.
        """
        if not self.plan(out=path, rollback=rollback):
            return None
        if ask and _typed("Only yes is accepted to approve. Enter a value: ") != "yes":
            raise InputError("nothing was applied")
        return path

    def _apply(self, options: Sequence[str], plan: Path | None, *, ask: bool) -> None:
        saved = ["-input=false", str(plan.resolve())] if plan else None
        arguments = [*options, *(saved or ([] if ask else ["-input=false", "-auto-approve"]))]
        try:
            self._run("apply", *arguments)
        except NewRoleError:
            if saved:
                raise
            self.sleep(SPREADING_SECONDS)
            self._run("apply", *arguments)

    def _line(self, command: str, *arguments: str) -> list[str]:
        return [str(locate(self.environment.downloads).path), f"-chdir={self.folder}", command, *arguments]

    def _run(
        self, command: str, *arguments: str, accept: Sequence[int] = (0,), also: Mapping[str, str] | None = None
    ) -> int:
        if command in LOCKING:
            self._mind_lock()
        line = self._line(command, *arguments)
        child = {**QUICK, **os.environ, **self.variables, **(also or {})}
        for _ in range(TRIES):
            code, words = self._to_terminal(line, child) if self.log is None else self._to_log(line, child, self.log)
            if code in accept or not refusals.let_go(words):
                break
        if code in accept:
            return code
        if known := refusals.explain(words, self.name, self.environment.name):
            raise known
        # On a terminal, Terraform has shown its error already.
        reason = (_errors(words) if self.log else "") or f"exit code {code}"
        where = f"all of it is in {self.log}" if self.log else None
        raise TerraformError(f"terraform {command} of stack '{self.name}' failed: {reason}", hint=where)

    def _to_terminal(self, line: list[str], child: dict[str, str]) -> tuple[int, str]:
        """Terraform's progress and questions go to the terminal as they are. Its errors go there too, and are kept.

        Terraform colours what it writes into a file or a pipe too, so it is told not to.
        """
        words: list[str] = []
        coloured = sys.stdout.isatty() and sys.stderr.isatty() and "NO_COLOR" not in os.environ
        line = line if coloured else [*line[:3], "-no-color", *line[3:]]
        with (
            _ctrl_c_waits(),
            self._beats(line[2]),
            subprocess.Popen(line, env=child, stderr=subprocess.PIPE, text=True) as process,
        ):
            errors = process.stderr
            assert errors is not None, "it is a pipe"
            while said := errors.readline():
                words.append(COLOURS.sub("", said))
                sys.stderr.write(said)
                sys.stderr.flush()
            return process.wait(), "".join(words)

    def _beats(self, command: str) -> contextlib.AbstractContextManager[Any]:
        """Says that Terraform runs, where its output goes to a file or a pipe. On a terminal, one sees it."""
        if sys.stdout.isatty():
            return contextlib.nullcontext()
        from rich.console import Console

        return Beats(Console(stderr=True), lambda: f"terraform {command} of stack '{self.name}' runs")

    def _to_log(self, line: list[str], child: dict[str, str], log: Path) -> tuple[int, str]:
        log.parent.mkdir(parents=True, exist_ok=True)
        words: list[str] = []
        with (
            log.open("a") as sink,
            _ctrl_c_waits(),
            subprocess.Popen(
                [*line[:3], "-no-color", *line[3:]],
                env=child,
                text=True,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            ) as process,
        ):
            output = process.stdout
            assert output is not None, "it is a pipe"
            sink.write(f"$ {shlex.join(line)}\n")
            while said := output.readline():
                words.append(said)
                sink.write(said)
                sink.flush()
                if self.on_line and said.strip():
                    self.on_line(said.strip())
            return process.wait(), "".join(words)


def _options(found: Mapping[str, Any] | None, rollback: bool) -> list[str]:
    """The options of a plan of ``service``, which a saved plan has already.

    Args:
        found: DescribeEndpoint's answer; None if there is no endpoint.
    """
    other = [] if rollback else [NO_ROLLBACK]
    if found is None:
        return other
    if found["EndpointStatus"] == "Failed":
        return [endpoint.AGAIN, *other]
    # Refreshed, the plan would replace an endpoint whose last update, an interrupted one, had no guardrails.
    return other if variants.is_guarded(found) else ["-refresh=false", *other]


def _typed(question: str) -> str:
    """The answer to a question; empty for Ctrl-D."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


@contextlib.contextmanager
def _ctrl_c_waits() -> Iterator[None]:
    """Raise the KeyboardInterrupt of a Ctrl-C at the end of the block.

    Ctrl-C reaches Terraform too. It then stops in order and saves its state, which would be lost if Python left first:
    from its start on, Terraform writes to a pipe that Python reads.
    """
    before = signal.getsignal(signal.SIGINT)
    # Other threads are not interrupted, and who ignores Ctrl-C goes on doing so.
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    interrupted = threading.Event()
    signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if interrupted.is_set():
        raise KeyboardInterrupt


def _errors(words: str) -> str:
    """Terraform's first error, without its frame, in at most 20 lines."""
    plain = [re.sub(r"^[│╷╵]\s?", "", line).rstrip() for line in words.splitlines()]
    begin = next((number for number, line in enumerate(plain) if line.startswith("Error: ")), None)
    if begin is None:
        return ""
    return "\n".join(line for line in plain[begin : begin + 20] if line).removeprefix("Error: ")
