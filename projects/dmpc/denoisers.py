"""The two diffusion models of D-MPC: which actions the data would take next, and which states would follow given actions.

    rho(a_t .. a_{t+F-1} | h_t)   and   p_d(s_{t+1} .. s_{t+F} | h_t, a_t .. a_{t+F-1}),  h_t: H states up to s_t, H - 1 actions between

Both make a whole horizon at once. Each is a transformer without a mask over the tokens of what is known and of what is noisy, x, and says
of x what its diffusion process asks for (shared/diffusion.py). The noise level is added to ALL tokens as sines and cosines: a choice, since
the paper's is not known (adaptive norms are the other). At the start the heads are zero, and so is what is said.
"""

import jax
import jax.numpy as jnp
from flax import nnx

from projects.dmpc.tokens import History, Tokens
from shared.nn.encoder import Encoder
from shared.nn.linear import Linear, fixed
from shared.nn.pure import Pure, pure
from shared.nn.waves import sinusoidal


class Denoiser(nnx.Module):
    """What both have: the tokens of a history and of noisy vectors of `size` numbers, a body, a head."""

    def __init__(self, size: int, state: int, action: int, history: int, horizon: int, width: int, heads: int, head_dim: int,
                 mlp_width: int, layers: int, rngs: nnx.Rngs, dtype: str):
        self.span, self.width, self.dtype = history + horizon, width, dtype
        self.history = History(state, action, history, self.span, width, rngs, dtype)
        self.noisy = Tokens(size, self.span, width, rngs, dtype)
        self.body = Encoder(layers, width, heads, head_dim, mlp_width, rngs, dtype)
        self.head = Linear((width, size), ("embed", None), rngs, bias=True, start=fixed(0.0))  # float32: a sampler magnifies its errors

    def say(self, known: list[jax.Array], noisy: jax.Array, k: jax.Array) -> jax.Array:
        """Tokens [B, ..., width] and levels k [B] -> the head's reading of the noisy ones, [B, F, size] float32."""
        tokens = jnp.concatenate([*known, noisy], 1) + sinusoidal(k, self.width)[:, None].astype(self.dtype)
        return self.head(self.body(tokens)[:, -noisy.shape[1] :].astype(jnp.float32))


class ProposalNet(Denoiser):
    """rho, over noisy actions."""

    def __init__(self, state: int, action: int, history: int, horizon: int, width: int, heads: int, head_dim: int, mlp_width: int,
                 layers: int, rngs: nnx.Rngs, dtype: str = "float32"):
        super().__init__(action, state, action, history, horizon, width, heads, head_dim, mlp_width, layers, rngs, dtype)

    def __call__(self, x: jax.Array, k: jax.Array, states: jax.Array, past: jax.Array) -> jax.Array:
        """x [B, F, A], of a_t .. a_{t+F-1}, at levels k [B]; states [B, H, S] and past actions [B, H - 1, A] -> [B, F, A] float32."""
        return self.say([self.history(states, past)], self.noisy(x, 0), k)


class DynamicsNet(Denoiser):
    """p_d, over noisy states; the actions are clean."""

    def __init__(self, state: int, action: int, history: int, horizon: int, width: int, heads: int, head_dim: int, mlp_width: int,
                 layers: int, rngs: nnx.Rngs, dtype: str = "float32"):
        super().__init__(state, state, action, history, horizon, width, heads, head_dim, mlp_width, layers, rngs, dtype)
        self.actions = Tokens(action, self.span, width, rngs, dtype)

    def __call__(self, x: jax.Array, k: jax.Array, states: jax.Array, past: jax.Array, actions: jax.Array) -> jax.Array:
        """x [B, F, S], of s_{t+1} .. s_{t+F}, at levels k [B]; the history as in ProposalNet; actions a_t .. a_{t+F-1} [B, F, A] ->
        [B, F, S] float32."""
        return self.say([self.history(states, past), self.actions(actions, 0)], self.noisy(x, 1), k)


def proposal(**sizes: int | str) -> Pure:
    """rho as functions of its parameters; `sizes` are the arguments of ProposalNet."""
    return pure(lambda rngs: ProposalNet(**sizes, rngs=rngs))


def dynamics(**sizes: int | str) -> Pure:
    """p_d as functions of its parameters; `sizes` are the arguments of DynamicsNet."""
    return pure(lambda rngs: DynamicsNet(**sizes, rngs=rngs))
