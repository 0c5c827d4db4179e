"""What the states ask of the machine that drives them, :class:`localcloud.stepfunctions.engine.machine.Machine`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from localcloud.stepfunctions.engine.effects import Effect
from localcloud.stepfunctions.engine.frames import Frame, Run
from localcloud.stepfunctions.language.program import Option, State
from localcloud.stepfunctions.language.scope import Json, Scope


class Driver(Protocol):
    """One execution, as its states see it.

    Attributes:
        run: The execution's state.
        effects: What the caller of the machine must do.
        now: The time of what happens now, in seconds since 1970.
        region: The AWS region, which some events show.
        new_token: Makes a task token.
    """

    run: Run
    effects: list[Effect]
    now: float
    region: str
    new_token: Callable[[], str]

    def state(self, frame: Frame) -> State:
        """The frame's current state."""

    def scope(self, frame: Frame, state: State) -> Scope:
        """What the state's fields can read."""

    def event(
        self, frame: Frame, what: tuple[str, Mapping[str, Json]], *, before: int | None = None, aside: bool = False
    ) -> int:
        """Write an event, and return its id."""

    def new_frame(self, parent: Frame | None, place: tuple[tuple[str, int], ...], index: int, *, last: int) -> Frame:
        """A new frame."""

    def later(self, frame: Frame, step: Callable[..., None], *given: Any) -> None:
        """Let a step run after the steps that wait already."""

    def enter_later(self, frame: Frame, name: str, given: Json) -> None:
        """Let a frame enter a state after the steps that wait already."""

    def leave(self, frame: Frame, state: State, result: Json, *, chosen: Option | None = None) -> None:
        """The state has done its work: compute its output, and go on."""

    def end_as_chosen(self, frame: Frame, state: State, result: Json, chosen: Option | None) -> None:
        """Leave a Choice for the state that it has chosen, or for its Default."""

    def forget(self, frame: Frame) -> None:
        """Nobody waits any more for what the frame has begun."""

    def drop(self, frame: Frame) -> None:
        """Forget a frame and everything below it."""
