"""J: what a plan is worth, a transformer that reads s_t, the states s_{t+1} .. s_{t+F} and the actions a_t .. a_{t+F-1} of a window and
answers at one learned token: a mean over tokens would weigh every step of the window alike."""

import jax
import jax.numpy as jnp
from flax import nnx

from projects.dmpc.interface import Batch, Sizes, Tree, Value
from projects.dmpc.tokens import Tokens
from shared.nn.encoder import Encoder
from shared.nn.linear import Linear
from shared.nn.pure import Pure, pure


class ValueNet(nnx.Module):
    """A window -> the return from s_t to the end of its episode, in the unit it was trained in."""

    def __init__(self, state: int, action: int, horizon: int, width: int, heads: int, head_dim: int, mlp_width: int, layers: int,
                 rngs: nnx.Rngs, dtype: str = "float32"):
        self.now, self.states, self.actions = (Tokens(size, 1 + horizon, width, rngs, dtype) for size in (state, state, action))
        self.token = nnx.Param(0.02 * jax.random.normal(rngs.params(), (width,)), axes=("embed",))
        self.body = Encoder(layers, width, heads, head_dim, mlp_width, rngs, dtype)
        self.head = Linear((width, 1), ("embed", None), rngs, bias=True)
        self.dtype = dtype

    def __call__(self, state: jax.Array, states: jax.Array, actions: jax.Array) -> jax.Array:
        """s_t [B, S], states [B, F, S], actions [B, F, A] -> [B] float32."""
        first = jnp.broadcast_to(self.token[...].astype(self.dtype), (len(state), 1, self.token.shape[0]))
        tokens = jnp.concatenate([first, self.now(state[:, None], 0), self.states(states, 1), self.actions(actions, 0)], 1)
        return self.head(self.body(tokens)[:, 0].astype(jnp.float32))[:, 0]


def value(**sizes: int | str) -> Pure:
    """J as functions of its parameters; `sizes` are the arguments of ValueNet."""
    return pure(lambda rngs: ValueNet(**sizes, rngs=rngs))


def model(sizes: Sizes) -> Value:
    """J behind the interface of all models. It learns from clean windows, and reads no history."""
    net = value(state=sizes.state, action=sizes.action, horizon=sizes.horizon, **sizes.body)

    def loss(params: Tree, batch: Batch, key: jax.Array) -> jax.Array:
        found = net.apply(params, batch["history"][:, -1], batch["states"], batch["actions"])
        return jnp.mean((found - batch["value"]) ** 2)

    return Value(net.init, net.axes, loss, net.apply)
