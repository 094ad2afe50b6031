import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.data.mixture import Mixture
from shared.data.tokens import Batches
from shared.errors import BadInput

SYNTHETIC = 1000  # first token of the synthetic windows; the real ones are below


def mixture(
    weight: float, batch_size: int = 8, base_steps: int = 5, synthetic: int = 13, reshuffle: bool = False
) -> Mixture:
    real = Batches(np.arange(base_steps * batch_size * 4, dtype=np.uint16), 4, batch_size, 1, reshuffle)
    return Mixture(real, np.arange(SYNTHETIC, SYNTHETIC + synthetic * 4, dtype=np.uint16).reshape(-1, 4), weight)


@given(st.sampled_from([0.0, 0.5, 0.75, 0.8, 0.9]), st.integers(1, 9), st.integers(1, 3), st.booleans())
@settings(deadline=None)
def test_real_windows_get_exactly_their_epochs(weight, batch_size, epochs, reshuffle):
    mixed = mixture(weight, batch_size, base_steps=4, reshuffle=reshuffle)
    steps = mixed.steps(epochs)
    assert steps == round(4 * epochs / (1 - weight))
    rows = np.concatenate([mixed(step) for step in range(steps)])
    real = rows[rows[:, 0] < SYNTHETIC]
    assert len(real) == epochs * 4 * batch_size
    for epoch in np.split(real, epochs):  # complete passes, one after the other
        assert np.array_equal(epoch[epoch[:, 0].argsort()], mixed.real.windows)
    _, counts = np.unique(rows[rows[:, 0] >= SYNTHETIC][:, 0], return_counts=True)
    assert len(rows) - len(real) == counts.sum() and (not len(counts) or counts.max() - counts.min() <= 1)


def test_nine_tenths_of_batches_of_eight_are_exact_in_the_long_run_and_even_in_the_short():
    mixed = mixture(0.9)
    synthetic = [int((mixed(step)[:, 0] >= SYNTHETIC).sum()) for step in range(50)]
    assert set(synthetic) == {7, 8} and sum(synthetic) == 360
    assert all(abs(sum(synthetic[:n]) - 7.2 * n) <= 1 for n in range(51))


def test_a_batch_is_a_pure_function_of_the_step():
    mixed, again = mixture(0.75), mixture(0.75)
    for step in (19, 0, 7, 19):
        assert mixed(step).dtype == np.int32 and np.array_equal(mixed(step), again(step))


def test_the_ends_of_the_scale():
    assert all(np.array_equal(mixture(0.0)(step), mixture(0.0).real(step)) for step in range(12))
    assert all((mixture(1.0)(step) >= SYNTHETIC).all() for step in range(12))
    with pytest.raises(BadInput, match="set train.steps"):
        mixture(1.0).steps(2)


def test_what_cannot_be_mixed_is_said():
    with pytest.raises(BadInput, match="between 0 and 1"):
        mixture(1.5)
    with pytest.raises(BadInput, match="sample windows of 4 tokens"):
        Mixture(mixture(0.5).real, np.zeros((3, 5), np.uint16), 0.5)
    with pytest.raises(BadInput, match="makes 7.14 steps"):
        mixture(0.3).steps(1)
