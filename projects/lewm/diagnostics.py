"""The shape of a cloud of latents in three numbers: is it spread out, over how many dimensions, and how straight are the paths in it?

In JAX, for use inside evaluations. Latents are [..., D].
"""

import jax
import jax.numpy as jnp

TINY = 1e-8


def spread(z: jax.Array) -> jax.Array:
    """The standard deviation of z [..., D] in a dimension, averaged over dimensions: 1 is what SIGReg asks for, 0 is collapse."""
    return jnp.std(z.reshape(-1, z.shape[-1]).astype(jnp.float32), 0).mean()


def effective_rank(z: jax.Array) -> jax.Array:
    """exp(entropy of p), p the singular values of the centred latents z [..., D] over their sum (Roy and Vetterli, 2007): D when all
    directions vary alike, 1 when only one does, or none. It does not see the scale: noise about a collapsed point has a high rank."""
    rows = z.reshape(-1, z.shape[-1]).astype(jnp.float32)
    values = jnp.linalg.svd(rows - rows.mean(0), compute_uv=False)
    share = values / jnp.maximum(values.sum(), TINY)
    return jnp.exp(-jnp.sum(share * jnp.log(jnp.maximum(share, TINY))))


def straightness(z: jax.Array) -> jax.Array:
    """The paper's temporal straightness: the cosine between successive steps z[:, t + 1] - z[:, t] of paths z [B, T, ...], T > 2, averaged
    over paths and t. 1 is a straight line; where a path rests it counts 0."""
    step = jnp.diff(z.reshape(*z.shape[:2], -1).astype(jnp.float32), axis=1)  # [B, T - 1, D]
    length = jnp.linalg.norm(step, axis=-1)
    product = jnp.sum(step[:, 1:] * step[:, :-1], -1)
    return jnp.mean(product / jnp.maximum(length[:, 1:] * length[:, :-1], TINY))
