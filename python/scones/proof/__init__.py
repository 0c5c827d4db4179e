"""The proof that every permission is needed: every role's work is done, and each statement taken away.

Example::

    outcome = Proof(settings.load("local"), Console()).run()
    outcome.superfluous     # statements without which everything would have gone on as it did
"""

from scones.proof.matrix import MatrixRow, matrix
from scones.proof.outcome import ProofOutcome, Removal
from scones.proof.run import Proof

__all__ = ["MatrixRow", "Proof", "ProofOutcome", "Removal", "matrix"]
