"""``invoke tune``: searches for better hyperparameters and registers the best model.

Example (not run: it needs an AWS account)::

    invoke tune --env dev --range learning_rate=0.01:0.3:log --choice optimizer=sgd,nag --jobs 12
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scones import settings
from scones.errors import InputError, TrainingError
from scones.tasks import options, prepare
from scones.tasks.cli import task
from scones.tasks.results import TaskAnswer
from scones.tasks.results.models import TuneResult
from scones.tasks.terminal import terminal

if TYPE_CHECKING:
    from invoke import Context
    from rich.console import Console

    from imageclassification.ranges import Searched
    from scones.settings import Environment, Tuning
    from scones.training.preparing import Order
    from scones.training.trials import TuningSnapshot


@dataclass(frozen=True)
class SearchOrder:
    """The settings of a tuning job.

    Attributes:
        searched: The ranges and choices, by hyperparameter.
        limits: The number of trials and their strategy.
        name: The job's name; None for tune-ENV-DATE-TIME.
        seed: The random seed of the strategy.
        default: Whether the ranges and choices are the default ones. These may be adapted to the data set.
    """

    searched: Searched
    limits: Tuning
    name: str | None
    seed: int | None
    default: bool = False


@task(
    result=TuneResult,
    iterable=["range", "choice", "set"],
    help={
        "env": "the environment, a folder of terraform/environments (default: SCONES_ENV, else local)",
        "range": "search a range of numbers, NAME=LEAST:MOST or NAME=LEAST:MOST:SCALING (linear, log, reverse-log, "
        "auto); repeatable",
        "choice": "search these values, NAME=VALUE,VALUE; repeatable",
        "set": "a hyperparameter of all trials, NAME=VALUE; repeatable",
        "classes": "the classes in label order, comma-separated (default: build/dataset's, else the environment's)",
        **options.OTHER,
        "recordio": "train on the data set's RecordIO files; they are made if they are missing",
        "model": "start every trial from a trained model: a model.tar.gz, s3://BUCKET/KEY, or a version's number",
        "jobs": "the most trials; not for Grid (default: the environment's tuning.max_jobs)",
        "parallel": "the most trials at a time (default: the environment's tuning.max_parallel_jobs)",
        "strategy": "Bayesian, Random, or Grid for all combinations of choices (default: the environment's)",
        "early-stopping": "stop trials that do worse than the median of earlier ones (--no-early-stopping: never)",
        "seed": "the random seed of the strategy",
        "name": "the tuning job's name, 32 characters at most (default: tune-ENV-DATE-TIME)",
        "attach": "follow this existing tuning job instead of starting one",
        "register": "register the best trial's model (--no-register: only tune)",
        "yes": "start the job without asking, though AWS charges for it",
    },
)
def tune(
    context: Context,
    env: str | None = None,
    range: list[str] | None = None,
    choice: list[str] | None = None,
    set: list[str] | None = None,
    classes: str | None = None,
    recordio: bool = False,
    model: str | None = None,
    jobs: str | None = None,
    parallel: str | None = None,
    strategy: str | None = None,
    name: str | None = None,
    attach: str | None = None,
    seed: str | None = None,
    register: bool = True,
    yes: bool = False,
    early_stopping: bool = True,
    other: bool = False,
    no_other: bool = False,
    other_folder: str | None = None,
) -> TaskAnswer:
    """Search for better hyperparameters with a SageMaker tuning job, and register the best model.

    Each trial is a training job. Without --range and --choice, the job searches ranges around the project's recipe for
    small images, except the values fixed by --set. The algorithm can tune learning_rate, weight_decay, momentum,
    mini_batch_size, optimizer, beta_1, beta_2, eps and gamma. The environment limits the number of trials (tuning, in
    environment.json). The trials are written to build/tuning/NAME: trials.json, and the chart trials.png. Ctrl-C asks
    whether to stop the job. --attach follows a running job again.

    invoke tune --set epochs=40 --jobs 8
    invoke tune --other --set epochs=20
    invoke tune --env dev --range learning_rate=0.01:0.3:log --choice optimizer=sgd,nag --jobs 12 --parallel 2
    invoke tune --env dev --attach tune-dev-260101-120000
    """
    from imageclassification import ranges
    from scones.dataset import labels
    from scones.tasks.registry import pinned_arn, register_job
    from scones.training import tuning
    from scones.training.preparing import Order

    environment = settings.load(env)
    console = terminal()
    if attach:
        given = {"--range": range, "--choice": choice, "--set": set, "--classes": classes, "--recordio": recordio,
                 "--model": model, "--jobs": jobs, "--parallel": parallel, "--strategy": strategy, "--seed": seed,
                 "--name": name, "--no-early-stopping": not early_stopping, "--other": other, "--no-other": no_other,
                 "--other-folder": other_folder}  # fmt: skip
        options.refuse_with("--attach", "follows a job that has been started", given)
    else:
        fixed = options.pairs(set)
        asked = [ranges.read_range(text) for text in range or ()] + [ranges.read_choice(text) for text in choice or ()]
        limits = _limits(environment.tuning, jobs, parallel, strategy, early_stopping)
        searched = _searched(asked, fixed, limits)
        tuning.check_strategy(searched, limits.strategy)
        combinations = ranges.combinations(searched)
        if limits.strategy == "Grid" and jobs is not None:
            raise InputError(
                f"the strategy Grid tries every combination, {combinations} here: --jobs {jobs} would change nothing",
                hint="leave it out, or take another --strategy: Bayesian, Random",
            )
        # SageMaker refuses to be given more jobs than there are combinations.
        limits = replace(limits, max_jobs=min(limits.max_jobs, combinations or limits.max_jobs))
        number = options.whole_number(seed, "--seed", least=0, most=2**31 - 1)
        search = SearchOrder(searched, limits, name, number, default=not asked)
        order = Order(
            fixed,
            classes=labels.parse(classes) if classes else None,
            recordio=recordio,
            model=model,
            other=options.other(other, no_other, other_folder),
            task="invoke tune",
        )
        attach = _start(environment, search, order, console, yes=yes)
        console.print(f"started tuning job [bold]{attach}[/bold]", soft_wrap=True, highlight=False)
    job = _follow(environment, attach, console)
    _report(environment, job, console)
    folder, version = str(_folder(environment, job)), None
    if job.best is None and job.status == "Stopped":
        said = f"tuning job '{job.name}' was stopped before a trial had ended its first epoch"
        nothing = TuneResult.of(environment.name, job, None, None, folder)
        return TaskAnswer(lambda: nothing, lambda: console.print(said, soft_wrap=True, highlight=False))
    if job.best is None:
        none = TrainingError(
            f"tuning job '{job.name}' found no model: {job.failure_reason or 'no trial ended its first epoch'}",
            hint=f"what its trials said: {_folder(environment, job) / 'trials.json'}",
        )
        return TaskAnswer(lambda: TuneResult.of(environment.name, job, None, None, folder), error=none)
    if register:
        version = register_job(environment, job.best.name, console)
    else:
        console.print(
            f"next: invoke register --job {job.best.name} --env {environment.name}", soft_wrap=True, highlight=False
        )
    return TaskAnswer(lambda: TuneResult.of(environment.name, job, version, pinned_arn(environment), folder))


def _limits(own: Tuning, jobs: str | None, parallel: str | None, strategy: str | None, early_stopping: bool) -> Tuning:
    """The environment's limits, changed by the task's options."""
    if strategy is not None:
        known = {one.lower(): one for one in settings.STRATEGIES}
        if strategy.lower() not in known:
            raise InputError(f"there is no strategy '{strategy}'; there are: {', '.join(settings.STRATEGIES)}")
        strategy = known[strategy.lower()]
    return replace(
        own,
        max_jobs=options.whole_number(jobs, "--jobs", default=own.max_jobs, most=750),
        max_parallel_jobs=options.whole_number(parallel, "--parallel", default=own.max_parallel_jobs, most=100),
        strategy=strategy or own.strategy,
        early_stopping=own.early_stopping and early_stopping,
    )


def _searched(asked: list[Any], fixed: dict[str, str], limits: Tuning) -> Searched:
    """The given ranges and choices, or the default ones without fixed hyperparameters.

    For a grid, the default ranges of numbers are left out too.
    """
    from imageclassification import ranges

    if asked:
        searched = ranges.merge(asked)
        if both := [name for name in searched if name in fixed]:
            raise InputError(
                f"{both[0]} is given as a range ({searched[both[0]]}) and as a value ({fixed[both[0]]})",
                hint=f"leave out --set {both[0]}, or its range",
            )
        return searched
    if (optimizer := fixed.get("optimizer")) in ("adam", "rmsprop"):
        raise InputError(
            f"the default ranges are for sgd and nag, not for {optimizer}",
            hint="give ranges, for instance: --range learning_rate=0.0001:0.01:log",
        )
    searched = {name: entry for name, entry in ranges.SMALL_IMAGES.items() if name not in fixed}
    if limits.strategy == "Grid":
        searched = {name: entry for name, entry in searched.items() if isinstance(entry, ranges.Choice)}
    if not searched:
        raise InputError("nothing is left to search", hint="for instance: --range learning_rate=0.01:0.3:log")
    return searched


def _start(environment: Environment, search: SearchOrder, order: Order, console: Console, *, yes: bool) -> str:
    """Prepare and start the tuning job. Returns its name."""
    from scones.training import tuning

    if search.name is not None:
        tuning.check_name(search.name)
    preparation = prepare.checked(environment, order, console)
    search = _fitting(search, preparation.hyperparameters.num_training_samples)
    tuning.check_together(search.searched, preparation.hyperparameters)
    prepare.ask_quota(environment, console, jobs=min(search.limits.max_parallel_jobs, search.limits.max_jobs))
    prepare.build(preparation, console)
    search = _fitting(search, preparation.hyperparameters.num_training_samples)
    tuning.check_together(search.searched, preparation.hyperparameters)
    for entry in search.searched.values():
        console.print(f"searching {entry}", soft_wrap=True, highlight=False)
    if not yes:
        _confirm(environment, search.limits, console)
    with prepare.place(environment, preparation, console) as spec:
        return tuning.start(
            environment, spec, search.searched, limits=search.limits, name=search.name, seed=search.seed
        )


def _fitting(search: SearchOrder, samples: int) -> SearchOrder:
    """The search without default batches that are larger than the training set. What is searched is printed later."""
    batches = search.searched.get("mini_batch_size")
    if not search.default or batches is None or max(map(int, batches.ends)) <= samples:
        return search
    return replace(search, searched={name: one for name, one in search.searched.items() if one is not batches})


def _confirm(environment: Environment, limits: Tuning, console: Console) -> None:
    """Ask before training jobs start that cost money.

    Raises:
        InputError: the answer is no, or there is no terminal to ask on.
    """
    count = "a training job for every combination" if limits.strategy == "Grid" else f"up to {limits.max_jobs} jobs"
    what = (
        f"this starts {count}, {limits.max_parallel_jobs} at a time, on {environment.training.instance_type} in "
        f"{environment.region}, each for at most {environment.training.max_runtime_seconds // 60} minutes; AWS charges "
        "for them"
    )
    prepare.confirm(environment, what, console)


def _follow(environment: Environment, name: str, console: Console) -> TuningSnapshot:
    """Follow a tuning job to its end. On Ctrl-C, ask whether to stop it."""
    from scones.training import tuning, watch
    from scones.training.trials_view import view

    def follow() -> TuningSnapshot:
        with view(console) as show:
            return watch.follow(environment, name, show)

    again = f"invoke tune --attach {name} --env {environment.name}"
    return prepare.to_its_end(
        follow,
        "Stop the tuning job? What its trials have reached is kept.",
        lambda: tuning.stop(environment, name),
        left=f"tuning job '{name}' goes on by itself; to follow it again: {again}",
    )


def _report(environment: Environment, job: TuningSnapshot, console: Console) -> None:
    """Show all trials, and write them as JSON and as a chart."""
    from imageclassification import files
    from scones.tasks.views import shown
    from scones.training.trials import as_json
    from scones.training.trials_view import table

    console.print(table(job))
    folder = _folder(environment, job)
    files.write(folder / "trials.json", as_json(job))
    if any(trial.objective is not None for trial in job.trials):
        from scones.training.trials_chart import picture

        files.write(folder / "trials.png", picture(job))
        console.print(f"picture: {shown(folder / 'trials.png')}", soft_wrap=True)


def _folder(environment: Environment, job: TuningSnapshot) -> Path:
    return environment.build / "tuning" / job.name
