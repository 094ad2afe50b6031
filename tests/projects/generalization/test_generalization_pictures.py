"""Which examples, and which labels: drawn by the seed, altered as the docstring says, refused in one line."""

from types import SimpleNamespace

import numpy as np
import pytest
from generalization_world import config
from hypothesis import given
from hypothesis import strategies as st

from projects.generalization import pictures
from projects.generalization.pictures import altered, check, choose, one_hot
from shared.data.labelled import Examples, LabelledSet
from shared.errors import BadInput


@given(st.integers(2, 20), st.floats(0, 1), st.integers(0, 2**31))
def test_a_share_is_altered_and_a_larger_share_alters_more(classes, share, seed):
    labels = np.arange(200) % classes
    some, all_of_them = altered(labels, share, classes, seed), altered(labels, 1.0, classes, seed)
    changed = some != labels
    assert changed.sum() <= round(share * 200) and np.array_equal(some[changed], all_of_them[changed])
    assert np.array_equal(altered(labels, 0.0, classes, seed), labels) and 0 <= all_of_them.min() <= all_of_them.max() < classes


def test_one_altered_label_in_ten_keeps_its_class():
    labels = np.random.default_rng(0).integers(0, 10, 20_000)
    assert (altered(labels, 1.0, 10, 3) == labels).mean() == pytest.approx(0.1, abs=0.01)


def test_seeds_choose_other_examples_and_the_same_tests():
    data = config("gp").data
    one, again, other = (choose(data, seed) for seed in (0, 0, 1))
    assert one.x.shape == (300, 64) and one.x.dtype == np.float64 and 0 <= one.x.min() < one.x.max() == 1
    assert np.array_equal(one.x, again.x) and not np.array_equal(one.x, other.x) and np.array_equal(one.test_x, other.test_x)
    assert one_hot(one.labels, 10).sum(1).tolist() == [1] * 300


@pytest.mark.parametrize(
    ("labels", "said"),
    [([0, 1, 2, 10] * 3, "a train label is 10, and 10 classes are numbered 0 to 9"), ([-1] * 10, "label is -1"),
     ([0, 1], "2 training examples for 10 classes: set data.train to at least 10")],
)  # fmt: skip
def test_labels_that_cannot_be_are_refused_in_one_line(labels, said):
    with pytest.raises(BadInput, match=said) as error:
        check(np.array(labels), 10, "train")
    assert "\n" not in str(error.value)


def test_a_data_set_with_a_label_out_of_range_is_refused(monkeypatch):
    wrong = Examples(np.zeros((300, 8, 8, 1), np.uint8), np.full(300, 11, np.uint8))
    monkeypatch.setattr(pictures, "labelled", SimpleNamespace(load=lambda name: LabelledSet(wrong, wrong, 10, {})))
    with pytest.raises(BadInput, match="label is 11"):
        choose(config("gp").data, 0)
