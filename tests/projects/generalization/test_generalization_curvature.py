"""E7: the effective dimension of a network against its dense Hessian; evidence by Laplace's method where it is exact."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from scipy.stats import multivariate_normal

from projects.generalization.dimension import ALPHAS, determined, of_operator
from projects.generalization.laplace import VARIANCES, diagonal, evidence, softmax, whole
from shared.curvature import Objective, gauss_newton, hessian
from shared.errors import BadInput
from shared.nn.linear import Linear
from shared.nn.pure import pure

SIZE = 159


class Small(nnx.Module):
    """159 parameters."""

    def __init__(self, rngs):
        self.hidden = Linear((4, 12), (None, None), rngs, bias=True)
        self.middle = Linear((12, 6), (None, None), rngs, bias=True)
        self.head = Linear((6, 3), (None, None), rngs, bias=True)

    def __call__(self, x):
        return self.head(jnp.tanh(self.middle(jnp.tanh(self.hidden(x)))))


@pytest.fixture(scope="module")
def trained():
    """model, params, inputs, labels: a few hundred steps on noisy labels."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 4)).astype(np.float32)
    y = np.where(rng.random(120) < 0.2, rng.integers(0, 3, 120), (x[:, 0] > 0).astype(int) + (x[:, 1] > 1)).astype(np.int32)
    model = pure(Small)
    optimizer = optax.adam(1e-2)

    @jax.jit
    def step(params, state):
        gradient = jax.grad(lambda params: optax.softmax_cross_entropy_with_integer_labels(model.apply(params, x), y).mean())(params)
        update, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, update), state

    params = model.init(jax.random.key(0))
    state = optimizer.init(params)
    for _ in range(300):
        params, state = step(params, state)
    return model, params, x, y


def objective(model) -> Objective:
    return Objective(
        lambda params, batch: model.apply(params, batch[0]),
        lambda z, batch: optax.softmax_cross_entropy_with_integer_labels(z, batch[1]).mean(),
    )


# -- effective dimension --------------------------------------------------------------------------------------------------
@pytest.fixture(scope="module", params=[hessian, gauss_newton])
def found(request, trained):
    """A product, and the eigenvalues of its dense matrix."""
    model, params, x, y = trained
    product = request.param(objective(model), [(x[:100], y[:100]), (x[100:], y[100:])])(params)
    dense = np.stack([product(v) for v in jnp.eye(SIZE)]).astype(np.float64)
    return product, np.linalg.eigvalsh((dense + dense.T) / 2)


def test_the_effective_dimension_of_a_network_is_that_of_its_dense_matrix(found):
    """Within 1 % at every alpha."""
    product, eigenvalues = found
    row = of_operator(product, SIZE, seed=0, steps=SIZE, probes=2)
    assert row["largest"] == pytest.approx(eigenvalues[-1], rel=1e-4) and row["least"] == pytest.approx(eigenvalues[0], abs=1e-4)
    for alpha in ALPHAS:
        name = f"determined/{alpha:.0e}"
        assert row[name] == pytest.approx(determined(eigenvalues.clip(0), alpha), rel=0.01)
        assert 0 <= row[f"{name}/residual"] < 0.01 * row[name]


def test_few_steps_give_a_lower_bound_and_the_quadrature_is_near(found):
    """30 products for 159 parameters: what has not converged is not counted as converged."""
    product, eigenvalues = found
    row = of_operator(product, SIZE, seed=0, steps=30)
    assert 0 < row["converged"] < 30
    for alpha in ALPHAS:
        name, wanted = f"determined/{alpha:.0e}", determined(eigenvalues.clip(0), alpha)
        assert row[name] < wanted * (1 + 1e-4)
        assert row[f"{name}/trace"] == pytest.approx(wanted, rel=0.05)
        assert abs(row[f"{name}/trace"] - wanted) < 3 * row[f"{name}/error"] < 0.3 * wanted
    assert row["determined/1e-03"] < 30 < determined(eigenvalues.clip(0), 1e-3)


# -- Laplace's method -----------------------------------------------------------------------------------------------------
SIGMA = 0.3  # of a Gaussian likelihood


def regression(columns: int = 4):
    """inputs [30, columns], targets [30, 2]."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(30, columns)).astype(np.float32)
    return x, x @ rng.normal(size=(columns, 2)) + SIGMA * rng.normal(size=(30, 2))


def linear(params, one):
    return one @ params["w"]


def gaussian(z):
    return jnp.eye(len(z)) / SIGMA


def known(x, y, variance) -> tuple[float, float, dict]:
    """Of Bayesian linear regression: the exact log marginal likelihood, the log likelihood at the most probable weights, and those."""
    w = np.linalg.solve(x.T @ x / SIGMA**2 + np.eye(x.shape[1]) / variance, x.T @ y / SIGMA**2)
    cover = SIGMA**2 * np.eye(len(x)) + variance * np.asarray(x, float) @ x.T
    exact = sum(multivariate_normal(np.zeros(len(x)), cover).logpdf(column) for column in y.T)
    likelihood = -((y - x @ w) ** 2).sum() / (2 * SIGMA**2) - y.size / 2 * np.log(2 * np.pi * SIGMA**2)
    return exact, likelihood, {"w": jnp.asarray(w, jnp.float32)}


@pytest.mark.parametrize("variance", [0.01, 1.0, 100.0])
def test_it_is_exact_for_a_linear_gaussian_model(variance):
    x, y = regression()
    exact, likelihood, params = known(x, y, variance)
    found = evidence(likelihood, params, whole(linear, gaussian, params, x), (variance,))
    assert found.value == pytest.approx(exact, abs=1e-3)  # of about -1e2 to -1e4, with float32 weights


def test_the_diagonal_is_exact_where_columns_are_orthogonal_and_less_evidence_elsewhere():
    x, y = regression()
    flat = np.linalg.qr(x)[0].astype(np.float32) * 3
    for inputs, same in ((flat, True), (x, False)):
        exact, likelihood, params = known(inputs, y, 1.0)
        found = evidence(likelihood, params, diagonal(linear, gaussian, params, inputs), (1.0,)).value
        assert found == pytest.approx(exact, abs=1e-3) if same else found < exact - 0.1  # Hadamard: a determinant is at most its diagonal's


def test_a_chosen_prior_is_paid_for():
    """The value is never above the log of the mean over all variances: that is the evidence of a prior over priors."""
    x, y = regression()
    _, likelihood, params = known(x, y, 1.0)
    found = evidence(likelihood, params, whole(linear, gaussian, params, x))
    assert len(found.curve) == len(VARIANCES) and found.curve.max() == found.curve[VARIANCES.index(found.variance)]
    assert found.value <= np.logaddexp.reduce(found.curve) - np.log(len(VARIANCES)) and found.value < found.curve.max()


def test_the_root_of_softmax_is_that_of_its_curvature():
    z = jnp.array([0.3, -2.0, 1.0, 5.0])
    root = softmax(z)
    np.testing.assert_allclose(root @ root.T, jax.hessian(lambda z: jax.nn.logsumexp(z))(z), atol=1e-6)


def test_matrices_of_a_classifier_are_gauss_and_newtons(trained):
    """Of the sum over all points, whatever the parts: the mean's times n."""
    model, params, x, y = trained
    product = gauss_newton(objective(model), [(x, y)])(params)
    dense = 120 * np.stack([product(v) for v in jnp.eye(SIZE)])

    def outputs(params, one):
        return model.apply(params, one[None])[0]

    np.testing.assert_allclose(diagonal(outputs, softmax, params, x), np.diag(dense), atol=1e-3)
    found = whole(outputs, softmax, params, x)
    np.testing.assert_allclose(found, np.linalg.eigvalsh(np.asarray(dense, np.float64)).clip(0), atol=1e-2)


def test_what_is_not_finite_has_no_evidence():
    with pytest.raises(BadInput, match="log likelihood of these parameters is nan: .* smaller learning rate") as error:
        evidence(float("nan"), {"w": jnp.ones(3)}, np.ones(3))
    assert "\n" not in str(error.value)
