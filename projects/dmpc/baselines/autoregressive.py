"""A transformer that reads step after step, a token each of its state and its action, and says how the state changes.

It is causal, so what it holds of a step stays as it is when later ones come: rolled out, keys and values of each step are computed once.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from projects.dmpc.histories import masked_mean, recent
from projects.dmpc.interface import Batch, Dynamics, Sizes, Tree
from projects.dmpc.tokens import Tokens
from shared.nn.cache import KVCache, init_cache
from shared.nn.decoder import Block, DecoderConfig
from shared.nn.linear import Linear, fixed
from shared.nn.norms import LayerNorm
from shared.nn.pure import pure
from shared.nn.stack import scan, stack


class Autoregressive(nnx.Module):
    """States [B, T, S] and the actions [B, T, A] taken there, the first at the time of the oldest of a history -> the next states."""

    def __init__(self, state: int, action: int, history: int, horizon: int, width: int, heads: int, head_dim: int, mlp_width: int,
                 layers: int, rngs: nnx.Rngs, dtype: str = "float32"):
        self.oldest, span = 1 - history, history + horizon
        self.config = DecoderConfig(vocab=0, layers=layers, width=width, heads=heads, kv_heads=heads, mlp_width=mlp_width,
                                    head_dim=head_dim, context=span, norm="layer", norm_eps=1e-5, mlp="gelu", bias=True,
                                    dtype=dtype)  # fmt: skip
        self.states, self.actions = (Tokens(size, span, width, rngs, dtype) for size in (state, action))
        self.blocks = stack(lambda rngs: Block(self.config, rngs), layers, rngs)
        self.norm = LayerNorm(width)
        self.head = Linear((width, state), ("embed", None), rngs, bias=True, start=fixed(0.0))  # float32: differences are small

    def __call__(self, states: jax.Array, actions: jax.Array) -> jax.Array:
        """The states after each step, [B, T, S] float32; entry t knows the steps up to t."""
        x = self.states(states, self.oldest) + self.actions(actions, self.oldest)
        x, _ = scan(lambda block, x, _: (block(x, None), None), self.blocks, x)
        return states + self.head(self.norm(x).astype(jnp.float32))

    def extend(self, states: jax.Array, actions: jax.Array, cache: KVCache) -> tuple[jax.Array, KVCache]:
        """The same for T more steps after those of the cache, of which all rows have as many; and the longer cache."""
        first = self.oldest + cache.length[0]
        positions = cache.length[:, None] + jnp.arange(states.shape[1])  # [B, T]
        x = self.states(states, first) + self.actions(actions, first)
        step = lambda block, x, slots: block.decode(x, None, positions, slots)  # noqa: E731
        x, (k, v) = scan(step, self.blocks, x, (cache.k, cache.v))
        return states + self.head(self.norm(x).astype(jnp.float32)), KVCache(k, v, cache.length + states.shape[1])

    def roll(self, history: jax.Array, past: jax.Array, actions: jax.Array) -> jax.Array:
        """The states [B, F, S] that follow actions [B, F, A], each from those before it."""
        cache = init_cache(self.config, len(actions), history.shape[1] - 1 + actions.shape[1])
        ahead, cache = self.extend(history, jnp.concatenate([past, actions[:, :1]], 1), cache)

        def one(carry: tuple[jax.Array, KVCache], action: jax.Array) -> tuple[tuple, jax.Array]:
            state, cache = carry
            ahead, cache = self.extend(state[:, None], action[:, None], cache)
            return (ahead[:, 0], cache), ahead[:, 0]

        first = ahead[:, -1]
        _, later = jax.lax.scan(one, (first, cache), actions[:, 1:].swapaxes(0, 1))
        return jnp.concatenate([first[:, None], later.swapaxes(0, 1)], 1)


def dynamics(sizes: Sizes) -> Dynamics:
    """Trained on true states (teacher forcing), rolled out on its own."""
    net = pure(lambda rngs: Autoregressive(**sizes.network, rngs=rngs))

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        history, past = recent(batch["history"], batch["past"], sizes.history)
        states = jnp.concatenate([history, batch["states"][:, :-1]], 1)
        said = net.apply(params, states, jnp.concatenate([past, batch["actions"]], 1))[:, sizes.history - 1 :]  # [B, F, S]
        return masked_mean(jnp.mean((said - batch["states"]) ** 2, -1)[None], batch["mask"])

    def roll(params: Tree, history: jax.Array, past: jax.Array, actions: jax.Array, key: jax.Array) -> jax.Array:
        return net.apply(params, *recent(history, past, sizes.history), actions, method="roll")

    return Dynamics(net.init, net.axes, loss, roll)
