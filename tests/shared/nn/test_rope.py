"""Rotary embedding: relative, norm-preserving, and scaled as Llama 3.1 does."""

import math

import jax
import jax.numpy as jnp
import numpy as np

from shared.nn.rope import Llama3Scaling, frequencies, rotate, rotation

D = 16


def turned(x, position, omega):
    cos, sin = rotation(jnp.array([position]), omega)
    return rotate(x[None, None, None], cos, sin)[0, 0, 0]


def test_position_zero_is_the_identity_and_norms_stay():
    x, omega = jax.random.normal(jax.random.key(0), (D,)), frequencies(D, 10000.0)
    np.testing.assert_allclose(turned(x, 0, omega), x, atol=1e-7)
    np.testing.assert_allclose(jnp.linalg.norm(turned(x, 123, omega)), jnp.linalg.norm(x), rtol=1e-5)


def test_products_depend_on_the_distance_only():
    q, k = jax.random.normal(jax.random.key(0), (2, D))
    omega = frequencies(D, 10000.0)
    near, far = (turned(q, 5 + s, omega) @ turned(k, 2 + s, omega) for s in (0, 40))
    np.testing.assert_allclose(near, far, atol=1e-4)
    assert abs(near - turned(q, 6, omega) @ turned(k, 2, omega)) > 1e-3


def test_pairs_are_halves_as_in_llama():
    x, omega = jax.random.normal(jax.random.key(0), (D,)), frequencies(D, 10000.0)
    z = (np.asarray(x[: D // 2]) + 1j * np.asarray(x[D // 2 :])) * np.exp(1j * 9 * omega)
    np.testing.assert_allclose(turned(x, 9, omega), np.concatenate([z.real, z.imag]), atol=1e-5)


def test_llama3_scaling_follows_the_published_rule():
    """The three cases of Meta's `apply_scaling`, written out one frequency at a time."""
    scaling = Llama3Scaling(factor=8.0, low_frequency=1.0, high_frequency=4.0, original_context=8192)
    expected = []
    for i in range(0, 128, 2):
        freq = 1.0 / 500000.0 ** (i / 128)
        wavelength = 2 * math.pi / freq
        if wavelength < 8192 / 4.0:
            expected.append(freq)
        elif wavelength > 8192 / 1.0:
            expected.append(freq / 8.0)
        else:
            smooth = (8192 / wavelength - 1.0) / (4.0 - 1.0)
            expected.append((1 - smooth) * freq / 8.0 + smooth * freq)
    np.testing.assert_allclose(frequencies(128, 500000.0, scaling), expected, rtol=1e-12)
    changed = frequencies(128, 500000.0, scaling) / frequencies(128, 500000.0)
    assert changed[0] == 1 and np.isclose(changed[-1], 1 / 8) and ((changed > 1 / 8) & (changed < 1)).any()
