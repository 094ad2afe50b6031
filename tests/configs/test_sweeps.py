import pytest

from configs.sweeps import chain, product, zipped

A, B = [{"a": 1}, {"a": 2}], [{"b": 1}, {"b": 2}]


def test_product_varies_the_last_fastest():
    assert list(product(A, B)) == [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 2, "b": 2}]


def test_zipped_goes_side_by_side():
    assert list(zipped(A, B)) == [{"a": 1, "b": 1}, {"a": 2, "b": 2}]


def test_zipped_refuses_unequal_lengths():
    with pytest.raises(ValueError, match="shorter"):
        list(zipped(A, B[:1]))


def test_chain_goes_one_after_the_other():
    assert list(chain(A, iter(B))) == A + B


def test_product_with_an_empty_sweep_is_empty():
    assert list(product(A, [])) == []
