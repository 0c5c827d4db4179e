"""Proves that the workflow needs every statement of every IAM policy.

It cannot prove that the statements suffice on AWS. The local cloud asks for the permissions in its tables, which tests
hold against AWS's service authorization reference, with the dependent actions of every action. AWS may ask for more.

Example (not run: it takes minutes)::

    outcome = Proof(settings.ROOT, Console()).run()
    outcome.superfluous     # the statements that no step needs
"""

from scones.proof.matrix import MatrixRow, matrix
from scones.proof.outcome import ProofOutcome, Removal
from scones.proof.run import Proof

__all__ = ["MatrixRow", "Proof", "ProofOutcome", "Removal", "matrix"]
