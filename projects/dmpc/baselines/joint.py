"""A joint model of states and actions, as Diffuser (Janner et al., 2022): one denoiser over windows whose first state is given.

A window is [B, F + 1, S + A]: states s_t .. s_{t+F}, each beside the action taken there. s_t is given, and so is the last action, which is
outside of the plan: 0. Where entries are given, the network always sees them clean. A transformer where Diffuser has a U-Net, and the
value's gradient at the predicted clean window where Diffuser has that of a value of noisy ones: J can then be the same as elsewhere.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from flax import nnx

from projects.dmpc.interface import Batch, Sampler, Sizes, Tree
from projects.dmpc.tokens import Tokens
from shared import diffusion
from shared.nn.encoder import Encoder
from shared.nn.linear import Linear, fixed
from shared.nn.pure import Pure, pure
from shared.nn.waves import sinusoidal

Denoise = diffusion.Denoise
Value = Callable[[jax.Array, jax.Array, jax.Array], jax.Array]  # s_t [B, S], states [B, F, S], actions [B, F, A] -> [B]


class Net(nnx.Module):
    """A window of which part is noisy, [B, F + 1, S + A], at levels k [B] -> what the process asks for, of all of it, float32."""

    def __init__(self, size: int, steps: int, width: int, heads: int, head_dim: int, mlp_width: int, layers: int, rngs: nnx.Rngs,
                 dtype: str = "float32"):
        self.tokens = Tokens(size, steps, width, rngs, dtype)
        self.body = Encoder(layers, width, heads, head_dim, mlp_width, rngs, dtype)
        self.head = Linear((width, size), ("embed", None), rngs, bias=True, start=fixed(0.0))
        self.width, self.dtype = width, dtype

    def __call__(self, x: jax.Array, k: jax.Array) -> jax.Array:
        tokens = self.tokens(x, 0) + sinusoidal(k, self.width)[:, None].astype(self.dtype)
        return self.head(self.body(tokens).astype(jnp.float32))


def joined(state: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
    """s_t [B, S], states [B, F, S], actions [B, F, A] -> a window [B, F + 1, S + A]."""
    return jnp.concatenate([jnp.concatenate([state[:, None], states], 1), jnp.pad(actions, ((0, 0), (0, 1), (0, 0)))], -1)


def apart(window: jax.Array, size: int) -> tuple[jax.Array, jax.Array, jax.Array]:
    """And back; `size`: S."""
    return window[:, 0, :size], window[:, 1:, :size], window[:, :-1, size:]


@dataclass(frozen=True)
class Joint:
    net: Pure
    sizes: Sizes
    sampler: Sampler  # its `clip` holds actions only

    @property
    def init(self) -> Callable[[jax.Array], Tree]:
        return self.net.init

    @property
    def axes(self) -> Tree:
        return self.net.axes

    def given(self) -> jax.Array:
        """Which entries of a window are, bool [F + 1, S + A]."""
        size = self.sizes.state
        return jnp.zeros((self.sizes.horizon + 1, size + self.sizes.action), bool).at[0, :size].set(True).at[-1, size:].set(True)

    def loss(self, params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        """Mean squared error of the prediction at levels drawn uniformly, over what is not given and was made."""
        process, mask = self.sampler.process, batch["mask"][..., None]
        clean = joined(batch["history"][:, -1], batch["states"], batch["actions"])
        states, actions = (jnp.broadcast_to(mask, batch[name].shape) for name in ("states", "actions"))
        counts = joined(jnp.zeros_like(clean[:, 0, : self.sizes.state]), states, actions)
        level, noise = jax.random.split(key)
        k = jax.random.randint(level, clean.shape[:1], 0, len(process.abar))
        eps = jax.random.normal(noise, clean.shape)
        said = self.net.apply(params, jnp.where(self.given(), clean, process.noised(clean, k, eps)), k)
        return jnp.sum((said - process.target(clean, k, eps)) ** 2 * counts) / jnp.maximum(jnp.sum(counts), 1)

    def draw(
        self, params: Tree, history: jax.Array, key: jax.Array, value: Value | None = None, scale: float = 0.0
    ) -> tuple[jax.Array, jax.Array]:
        """Candidates after a history [B, H, S], of which s_t is read: actions [B, F, A] and states [B, F, S]. With a value, it guides them:
        windows are then exp(scale * value) times as likely, more or less."""
        sizes, process, given = self.sizes, self.sampler.process, self.given()
        empty = jnp.zeros((len(history), sizes.horizon, sizes.state + sizes.action))
        clean = joined(history[:, -1], empty[..., : sizes.state], empty[..., sizes.state :])

        def held(window: jax.Array) -> jax.Array:
            """With what is given, and actions in bounds."""
            states, actions = window[..., : sizes.state], window[..., sizes.state :]
            bounded = actions if self.sampler.clip is None else jnp.clip(actions, -self.sampler.clip, self.sampler.clip)
            return jnp.where(given, clean, jnp.concatenate([states, bounded], -1))

        def predicted(x: jax.Array, k: jax.Array) -> jax.Array:
            """The clean window behind x."""
            x = jnp.where(given, clean, x)
            return held(process.split(x, k, self.net.apply(params, x, k))[0])

        denoise = predicted
        if value is not None:
            tilted = guided(predicted, process, lambda window: value(*apart(window, sizes.state)), scale)
            denoise = lambda x, k: held(tilted(x, k))  # noqa: E731
        window = diffusion.ddim(replace(process, predicts="x0"), denoise, jax.random.normal(key, clean.shape), self.sampler.steps)
        _, states, actions = apart(window, sizes.state)
        return actions, states


def guided(denoise: Denoise, process: diffusion.Process, value: Callable[[jax.Array], jax.Array], scale: float) -> Denoise:
    """Of a predictor of clean data, one for data that are exp(scale * value) times as likely. value: [B, ...] -> [B].

    A slope g of scale * value moves the mean of Gaussian data by their variance times g, and behind noise of level k standard normal data
    have a variance of 1 - abar_k. Exact for those and a linear value; for others a choice that fades with the noise.
    """

    def tilted(x: jax.Array, k: jax.Array) -> jax.Array:
        clean = denoise(x, k)
        slope = jax.grad(lambda window: jnp.sum(value(window)))(clean)
        return clean + scale * process.amplitudes(k, x)[1] ** 2 * slope

    return tilted


def joint(sizes: Sizes, sampler: Sampler) -> Joint:
    return Joint(pure(lambda rngs: Net(sizes.state + sizes.action, sizes.horizon + 1, **sizes.body, rngs=rngs)), sizes, sampler)
