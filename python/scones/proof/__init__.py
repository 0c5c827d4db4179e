"""The proof that every permission is needed: every role's work is done, and each statement taken away.

Example::

    outcome = Proof(settings.load("local"), Console()).run()
    outcome.superfluous     # statements without which everything would have gone on as it did
"""

from scones.proof.matrix import Row, matrix
from scones.proof.outcome import Outcome, Removal
from scones.proof.run import Proof

__all__ = ["Outcome", "Proof", "Removal", "Row", "matrix"]
