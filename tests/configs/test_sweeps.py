from configs.sweeps import chain, product

A, B = [{"a": 1}, {"a": 2}], [{"b": 1}, {"b": 2}]


def test_product_varies_the_last_fastest():
    assert list(product(A, B)) == [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 2, "b": 2}]


def test_chain_goes_one_after_the_other():
    assert list(chain(A, iter(B))) == A + B


def test_product_with_an_empty_sweep_is_empty():
    assert list(product(A, [])) == []
