"""The target: prefill, and one program that verifies K tokens and moves on. K = 0 is plain decoding."""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from projects.ssd import verify
from projects.ssd.lm import LM
from projects.ssd.sampling import Rows
from shared import sharding
from shared.errors import BadInput

SHORTEST = 16  # [tokens] prompts are padded to powers of two from here: few programs


class Target:
    """Holds the cache of B rows. The last token of a row is not cached yet: it is the first input of the next verification."""

    def __init__(self, lm: LM, params: Any, batch: int, size: int, place: jax.Device | Mesh):
        self.lm, self.batch, self.size = lm, batch, size
        params = lm.prepare(params, place)
        if isinstance(place, Mesh):
            self.home = NamedSharding(place, PartitionSpec())
            self.params = jax.tree.map(jax.device_put, params, placement(lm, params, place))
        else:
            self.home = jax.sharding.SingleDeviceSharding(place)
            self.params = jax.device_put(params, self.home)
        self.place = place

    def start(self, tokens: np.ndarray, lengths: np.ndarray, rows: Rows) -> None:
        """Reads prompts [B, P], padded on the right, of `lengths` >= 1."""
        self.rows = rows
        self.arrays = tuple(jax.device_put(array, self.home) for array in rows.arrays)
        tokens = jax.device_put(padded(tokens, self.size), self.home)
        self.cache, self.last = prefill(self.params, tokens, lengths, lm=self.lm, size=self.size, place=self.place)

    def verify(self, speculation: Any, q: Any, active: np.ndarray) -> jax.Array:
        """Dispatches. Returns int32 [B, K + 2]: k, then the k kept tokens, the bonus, and padding -1."""
        speculation = self.here(speculation)
        rest = () if self.rows.greedy else (self.here(q), self.arrays)
        outcome, self.cache, self.last = step(
            self.params, self.cache, self.last, speculation, active, *rest, lm=self.lm, place=self.place)
        return outcome

    def wait(self) -> None:
        """Until the prompts are read."""
        jax.block_until_ready(self.last)

    def here(self, array: Any) -> Any:
        """On the target's devices. What is there, or what the compiled step takes there itself, is left alone: between two rounds the
        host's caches are cold, and a needless call takes a twentieth of a small model's step."""
        return jax.device_put(array, self.home) if isinstance(array, jax.Array) and array.sharding != self.home else array


def compiles() -> int:
    """Programs compiled so far."""
    return prefill._cache_size() + step._cache_size()


@partial(jax.jit, static_argnames=("lm", "size", "place"))
def prefill(params, tokens, lengths, *, lm: LM, size: int, place):
    """All of the prompt is fed and its last token forgotten; verification feeds it again."""
    _, cache = lm.extend(params, tokens, lm.init_cache(len(tokens), size))
    last = jnp.take_along_axis(tokens, lengths[:, None] - 1, 1)[:, 0]
    return settled((cache._replace(length=lengths - 1), last), place)


@partial(jax.jit, static_argnames=("lm", "place"), donate_argnames=("cache", "last"))
def step(params, cache, last, speculation, active, q=None, rows=None, *, lm: LM, place):
    """No q: every row is greedy."""
    length, depth = cache.length, speculation.shape[1]
    logits, cache = lm.extend(params, jnp.concatenate([last[:, None], speculation], 1), cache)
    if q is None:
        k, bonus = verify.greedy(logits, speculation)
    else:
        k, bonus = verify.sampled(logits, speculation, q, length, rows)
    place = jnp.arange(depth + 1)
    out = jnp.where(place < k[:, None], jnp.pad(speculation, ((0, 0), (0, 1))), -1)
    out = jnp.where(place == k[:, None], bonus[:, None], out)
    cache = cache._replace(length=length + jnp.where(active, k + 1, 0))
    return settled((jnp.concatenate([k[:, None], out], 1), cache, jnp.where(active, bonus, last)), place)


def padded(tokens: np.ndarray, size: int) -> np.ndarray:
    """tokens [B, P] with P rounded up to a power of two that the cache holds."""
    width = SHORTEST
    while width < tokens.shape[1]:
        width *= 2
    return np.pad(tokens, ((0, 0), (0, max(min(width, size) - tokens.shape[1], 0)))).astype(np.int32)


def placement(lm: LM, params: Any, mesh: Mesh) -> Any:
    """NamedShardings by the logical axes of the model. Raises BadInput where a dimension does not divide."""
    if lm.axes is None:
        return jax.tree.map(lambda _: NamedSharding(mesh, PartitionSpec()), params)

    def one(leaf, axes):
        wanted = sharding.spec(axes)
        for size, axis in zip(leaf.shape, wanted, strict=True):
            if axis and size % sharding.axis_size(mesh, axis):
                raise BadInput(f"a dimension of {size} does not divide over {axis} of the mesh: choose another mesh for the target")
        return NamedSharding(mesh, wanted)

    return jax.tree.map(one, params, lm.axes)


def settled(tree: Any, place: jax.Device | Mesh) -> Any:
    """On a mesh keys and values [B, Hkv, S, Dh] are split over heads, as the products that make them; all else is replicated."""
    if not isinstance(place, Mesh):
        return tree
    axis = sharding.RULES["kv"]

    def one(leaf):
        split = leaf.ndim == 4 and not leaf.shape[1] % sharding.axis_size(place, axis)
        return jax.lax.with_sharding_constraint(leaf, NamedSharding(place, PartitionSpec(*[None, axis][: 2 * split])))

    return jax.tree.map(one, tree)
