"""Proves that the workflow needs every statement of every IAM policy.

Example (not run: it takes minutes)::

    outcome = Proof(settings.ROOT, Console()).run()
    outcome.superfluous     # the statements that no step needs
"""

from scones.proof.matrix import MatrixRow, matrix
from scones.proof.outcome import ProofOutcome, Removal
from scones.proof.run import Proof

__all__ = ["MatrixRow", "Proof", "ProofOutcome", "Removal", "matrix"]
