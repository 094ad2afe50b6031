import jax
import jax.numpy as jnp
import pytest

from shared.flops import flops, signature

A, B = (jax.ShapeDtypeStruct(shape, "float32") for shape in ((8, 16), (16, 32)))


def count(function, *arguments) -> float:
    return flops(jax.make_jaxpr(function)(*arguments).jaxpr)


def test_a_product_is_two_operations_per_multiplication():
    assert count(jnp.matmul, A, B) == 2 * 8 * 16 * 32
    assert count(jax.vmap(jnp.matmul, (0, None)), jax.ShapeDtypeStruct((3, 8, 16), "float32"), B) == 3 * 2 * 8 * 16 * 32


def test_a_gradient_is_two_products_more():
    loss = lambda a, b: jnp.sum((a @ b) ** 2)  # noqa: E731
    assert count(jax.grad(loss, (0, 1)), A, B) == 3 * 2 * 8 * 16 * 32


def test_a_loop_counts_as_often_as_it_turns():
    def layers(x, kernels):
        return jax.lax.scan(lambda x, kernel: (jax.jit(jnp.matmul)(x, kernel), None), x, kernels)[0]

    assert count(layers, A, jax.ShapeDtypeStruct((5, 16, 16), "float32")) == 5 * 2 * 8 * 16 * 16


def test_of_a_choice_the_dearest_branch_counts():
    choice = lambda which, a, b: jax.lax.cond(which, lambda a, b: a @ b, lambda a, b: jnp.zeros((8, 32)), a, b)  # noqa: E731
    assert count(choice, True, A, B) == 2 * 8 * 16 * 32


def test_convolutions_and_factorisations():
    image, kernel = jax.ShapeDtypeStruct((2, 10, 10, 3), "float32"), jax.ShapeDtypeStruct((5, 5, 3, 7), "float32")
    convolve = lambda x, k: jax.lax.conv_general_dilated(x, k, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))  # noqa: E731
    assert count(convolve, image, kernel) == 2 * (2 * 6 * 6 * 7) * (5 * 5 * 3)
    square = jax.ShapeDtypeStruct((12, 12), "float32")
    assert count(lambda x: jnp.linalg.cholesky(x, symmetrize_input=False), square) == pytest.approx(12**3 / 3)
    assert count(lambda x: jnp.linalg.eigh(x)[0], square) == 25 * 12**3


def test_a_signature_sees_shapes_and_not_numbers():
    of = lambda function, *arguments: signature(jax.make_jaxpr(function)(*arguments).jaxpr, [])  # noqa: E731
    assert of(lambda a: 2.0 * a, A) == of(lambda a: 3.0 * a, A)
    assert len({of(lambda a: 2.0 * a, A), of(lambda a: 2.0 * a, B), of(lambda a: a @ a.T, A), of(lambda a: a.T @ a, A)}) == 4
