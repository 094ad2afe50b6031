"""Effective dimension (MacKay), in both conventions.

With eigenvalues of a Hessian, N_eff counts the directions that the data *determine*: of least squares it can only grow with the number
of features. What the notebook behind Figure 1(g) plots under the name of effective dimension is its complement, the directions
of the data that are left *undetermined*; that is what rises and falls with the test error.
"""

from typing import Any

Array = Any  # of numpy or of jax.numpy


def determined(eigenvalues: Array, alpha: float) -> Array:
    """N_eff(A, alpha) = sum_i lambda_i / (lambda_i + alpha) = tr A (A + alpha I)^-1, over the last axis; eigenvalues >= 0, alpha > 0."""
    return (eigenvalues / (eigenvalues + alpha)).sum(-1)


def undetermined(eigenvalues: Array, alpha: float) -> Array:
    """The complement: sum_i alpha / (lambda_i + alpha), the number of eigenvalues less N_eff."""
    return (alpha / (eigenvalues + alpha)).sum(-1)
