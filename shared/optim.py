"""Optimisers with their hyper-parameters as arrays, so that members of a pack may differ in them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import optax

Array = jax.Array


def warmup_cosine(peak: float | Array, steps: int, warmup: float) -> Callable[[Array], Array]:
    """Linear warm-up over the first `warmup` share of `steps`, then a cosine that ends at 0. Returns lr(step)."""
    rise = max(1, round(warmup * steps))

    def schedule(step: Array) -> Array:
        up = (step + 1) / rise  # the first step already moves
        down = 0.5 * (1 + jnp.cos(jnp.pi * jnp.clip((step - rise) / max(1, steps - rise), 0, 1)))
        return peak * jnp.where(step < rise, up, down)

    return schedule


def decay_mask(axes: Any) -> Any:
    """True for the leaves that weight decay touches: kernels of linear maps, the untied output head among them.

    Embedding tables, norm gains and biases are spared, as in Levanter's default mask (the paper's code). `axes` is any
    tree with the structure of the parameters whose leaves are tuples.
    """
    return jax.tree_util.tree_map_with_path(
        lambda path, _: path[-1].key == "kernel", axes, is_leaf=lambda leaf: isinstance(leaf, tuple)
    )


def adamw(
    lr: Callable[[Array], Array], weight_decay: float | Array, mask: Any, beta1: float, beta2: float, eps: float, clip: float
) -> optax.GradientTransformation:
    """AdamW after clipping by global norm: p <- p - lr(t) * (adam(g) + weight_decay * p), decay where `mask` says."""
    return optax.chain(
        optax.clip_by_global_norm(clip),
        optax.scale_by_adam(beta1, beta2, eps),
        optax.add_decayed_weights(weight_decay, mask),
        optax.scale_by_learning_rate(lr),
    )
