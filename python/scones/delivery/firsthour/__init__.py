"""Tries in a real account what no local cloud can prove, step by step, and takes all of it down.

Example (not run: it takes an hour and costs money on AWS)::

    place = workplace.make(settings.load("dev"))        # an environment of its own, scones-checkdev
    notes = Notes.load(place.build / "notes.json")
    run(FirstHour(place, notes).trials(), notes, show=print)

Doors: :mod:`~scones.delivery.firsthour.workplace` (where it works), :mod:`~scones.delivery.firsthour.trials` (the
steps), :mod:`~scones.delivery.firsthour.notes` (what is kept between two runs), and :func:`run`. ``docs/first-hour.md``
says what each step proves.
"""

from scones.delivery.firsthour.notes import AttemptEnd, Notes
from scones.delivery.firsthour.running import Attempt, NotTried, run
from scones.delivery.firsthour.trials import FirstHour

__all__ = ["Attempt", "AttemptEnd", "FirstHour", "NotTried", "Notes", "run"]
