"""E3: the study of orders, and what order 150 can and cannot pass through in float64."""

import numpy as np
import pytest
from generalization_world import config, logged, one

# Median relative test RMSE of 100 draws: points, order 2, order 15, order 15 with a soft penalty.
ORDERS = {
    "square": [(10, 0.052, 122, 0.10), (100, 0.016, 0.056, 0.028)],
    "cosine": [(10, 0.934, 125, 0.43), (20, 0.858, 73, 0.22), (40, 0.828, 0.33, 0.10), (100, 0.81, 0.055, 0.063)],
    "tenth": [(10, 0.587, 121, 0.12), (40, 0.50, 0.33, 0.046), (100, 0.48, 0.054, 0.029)],
}
MODELS = ((2, 0.0), (15, 0.0), (15, 1e-4))
# Within 30%; but order 15 at n = 40 has heavy tails still, and its median over 100 draws moves by more.
HEAVY = {(15, 0.0, 40): 0.5}


@pytest.mark.parametrize("target", ORDERS)
def test_the_study_of_orders(target):
    for index, (degree, penalty) in enumerate(MODELS):
        points = tuple(row[0] for row in ORDERS[target])
        settings = config("orders", "cpu", polynomial__target=target, polynomial__degree=degree, polynomial__penalty=penalty,
                          polynomial__points=points)  # fmt: skip
        for row, known in zip(logged(settings), ORDERS[target], strict=True):
            if (degree, penalty) == (15, 0.0) and known[0] <= 20:
                assert row["test"] > 10
            else:
                assert row["test"] == pytest.approx(known[index + 1], rel=HEAVY.get((degree, penalty, known[0]), 0.3))


def noise(basis: str, n: int, growth: float, sigma: float, draws: int = 8) -> dict[str, float]:
    settings = config("polynomials", "cpu", polynomial__target="noise", polynomial__basis=basis, polynomial__points=(n,),
                      polynomial__growths=(growth,), polynomial__noises=(sigma,), polynomial__draws=draws)  # fmt: skip
    return one(settings, points=n)


def test_ten_points_of_noise_are_passed_through_by_monomials():
    assert noise("monomial", 10, 1.01, 1e-4)["train"] < 1e-2
    assert noise("monomial", 10, 1.2, 1e-4)["train"] < 1e-2


def test_monomials_of_order_150_cannot_pass_through_forty_points_of_noise_and_legendre_polynomials_can():
    found = noise("monomial", 40, 1.0, 1e-3)
    assert found["train"] > 0.3 and 15 < found["freedom"] < 25  # of 151 directions
    assert noise("legendre", 40, 1.0, 0.1)["train"] < 1e-2
    assert noise("legendre", 40, 1.1, 1e-3)["train"] < 1e-2
    assert noise("legendre", 40, 2.0, 1e-3)["train"] > 0.3


@pytest.mark.parametrize("target", ["simple", "structured"])
def test_it_is_the_growth_of_the_penalty_that_generalises(target):
    settings = config("polynomials", "cpu", polynomial__target=target, polynomial__points=(30,), polynomial__growths=(1.01, 2.0),
                      polynomial__noises=(1e-4,))  # fmt: skip
    flat, growing = logged(settings)
    assert growing["inside"] < 0.1 and flat["inside"] > 5 * growing["inside"]


def test_one_model_does_all_three():
    """Figure 1: the same basis, penalty and noise for a simple function, a structured one, and noise of thirty points."""
    rows = {}
    for target in ("simple", "structured", "noise"):
        settings = config("polynomials", "cpu", polynomial__target=target, polynomial__basis="legendre", polynomial__points=(30,),
                          polynomial__growths=(1.2,), polynomial__noises=(1e-4,))  # fmt: skip
        (rows[target],) = logged(settings)
    assert rows["noise"]["train"] < 1e-2 and rows["simple"]["inside"] < 0.1 and rows["structured"]["inside"] < 0.1


def test_curves_pass_where_the_row_says_and_the_same_seed_gives_the_same_numbers(tmp_path):
    settings = config("polynomials", polynomial__points=(10,), polynomial__growths=(2.0,), polynomial__noises=(1e-4,))
    first, again = (logged(settings, tmp_path) for _ in range(2))
    assert first == again
    with np.load(tmp_path / "arrays.npz") as arrays:
        assert arrays["curves"].shape == (1, len(arrays["grid"])) and arrays["x_10"].shape == (10,)
        x, near = arrays["x_10"], np.interp(arrays["x_10"], arrays["grid"], arrays["curves"][0])
    assert np.median(np.abs(near - np.sin(x) * np.cos(x**2))) < 0.05
