"""LeWorldModel: an encoder, a projector, and a predictor of the next latent under an action, as pure functions.

    frame -> ViT, class token -> projector (an MLP with BatchNorm) -> z;  z and action blocks of up to three steps -> the next z
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from ml_collections import ConfigDict

from shared.nn.conditioned import Past, Transformer
from shared.nn.linear import Linear, torch_default
from shared.nn.mlp import gelu
from shared.nn.norms import BatchNorm, Moments, follow
from shared.nn.pure import Pure, pure
from shared.nn.resnet import ResNet18
from shared.nn.vit import ViT

Tree = Any
IMAGENET = jnp.array((0.485, 0.456, 0.406)), jnp.array((0.229, 0.224, 0.225))  # mean and std of the channels


class Projector(nnx.Module):
    """Linear, BatchNorm, GELU, Linear over rows [N, inputs] -> [N, outputs].

    The ViT ends in a LayerNorm, which pins the norm of what it says: SIGReg could not shape that.
    """

    def __init__(self, inputs: int, hidden: int, outputs: int, rngs: nnx.Rngs, dtype: str):
        self.up = Linear((inputs, hidden), ("embed", "mlp"), rngs, bias=True, start=torch_default, dtype=dtype)
        self.norm = BatchNorm(hidden)
        self.down = Linear((hidden, outputs), ("mlp", "embed"), rngs, bias=True, start=torch_default, dtype=dtype)

    def __call__(self, x: jax.Array, running: Moments | None) -> tuple[jax.Array, Moments]:
        y, seen = self.norm(self.up(x), running)
        return self.down(gelu(y)).astype(jnp.float32), seen


class Actions(nnx.Module):
    """Blocks of normalised actions [..., frameskip * A] -> conditions [..., D], float32."""

    def __init__(self, block: int, width: int, rngs: nnx.Rngs):
        self.mix = Linear((block, block), (None, None), rngs, bias=True, start=torch_default)
        self.up = Linear((block, 4 * width), (None, "mlp"), rngs, bias=True, start=torch_default)
        self.down = Linear((4 * width, width), ("mlp", "embed"), rngs, bias=True, start=torch_default)

    def __call__(self, blocks: jax.Array) -> jax.Array:
        return self.down(jax.nn.silu(self.up(self.mix(blocks))))


class Predictor(nnx.Module):
    """Latents z [B, T, P, D] under modulations -> [B, T, P, D]: entry t tells of frame t + 1. P is 1, or the patches of a frame."""

    def __init__(self, config: ConfigDict, patches: int, rngs: nnx.Rngs):
        p, d, dtype = config.predictor, config.latent.width, config.model.dtype
        width = p.width or d
        self.history, self.rate, self.patches = config.clips.history, p.dropout, patches
        between = lambda a, b: Linear((a, b), ("embed", None), rngs, bias=True, start=torch_default, dtype=dtype)  # noqa: E731
        self.enter, self.condition, self.leave = (between(d, width), between(d, width), between(width, d)) if width != d else [None] * 3
        self.positions = nnx.Param(jax.random.normal(rngs.params(), (self.history, patches, width)), axes=(None, None, "embed"))
        self.body = Transformer(p.layers, width, width, p.heads, p.head_dim, p.mlp_width, rngs, dtype)

    def modulations(self, condition: jax.Array) -> jax.Array:
        """Conditions [..., D] -> [L, ..., 6, width]."""
        return self.body.modulations(condition if self.condition is None else self.condition(condition))

    def __call__(self, z: jax.Array, modulations: jax.Array, key: jax.Array | None = None) -> jax.Array:
        """modulations [L, B, T, 6, width]; with a key: dropout."""
        b, t = z.shape[:2]
        x = z if self.enter is None else self.enter(z)
        x = x.reshape(b, t, self.patches, -1) + self.positions[:t]
        x = x.reshape(b, t * self.patches, -1)
        seen = None
        if self.patches > 1:
            frame = jnp.repeat(jnp.arange(t), self.patches)
            seen, modulations = frame[:, None] >= frame, jnp.repeat(modulations, self.patches, 2)
        x = self.body(x, modulations, self.rate, key, seen)
        return (x if self.leave is None else self.leave(x)).reshape(z.shape)

    def extend(self, z: jax.Array, modulations: jax.Array, past: Past | None) -> tuple[jax.Array, Past]:
        """One frame z [B, P, D] under modulations [L, B, 6, width], after the frames of `past`."""
        at = 0 if past is None else past[0].shape[2] // self.patches
        x = (z if self.enter is None else self.enter(z)) + self.positions[at]
        x, past = self.body.extend(x, jnp.repeat(modulations[:, :, None], self.patches, 2), past)
        return (x if self.leave is None else self.leave(x)).reshape(z.shape), past


class Inverse(nnx.Module):
    """PLDM's inverse model: two successive latents [..., D] -> the block of actions between them [..., frameskip * A]."""

    def __init__(self, width: int, block: int, rngs: nnx.Rngs):
        self.up = Linear((2 * width, 512), ("embed", "mlp"), rngs, bias=True, start=torch_default)
        self.down = Linear((512, block), ("mlp", None), rngs, bias=True, start=torch_default)

    def __call__(self, z: jax.Array, after: jax.Array) -> jax.Array:
        return self.down(jax.nn.relu(self.up(jnp.concatenate([after, z], -1))))


class WorldModel(nnx.Module):
    """All that is trained. Latents are [..., D], or [..., P, D] where every patch has one (latent.tokens = patches)."""

    def __init__(self, config: ConfigDict, block: int, rngs: nnx.Rngs):
        e, d, dtype = config.encoder, config.latent.width, config.model.dtype
        self.residual, self.tokens = e.kind == "resnet", config.latent.tokens
        size = config.images.size
        patches = (size // e.patch) ** 2 if self.tokens == "patches" else 1
        vit = lambda: ViT(size, e.patch, e.width, e.layers, e.heads, e.mlp_width, rngs, dtype)  # noqa: E731
        self.encoder = ResNet18(rngs, dtype) if self.residual else vit()
        self.projector = Projector(512 if self.residual else e.width, config.latent.hidden, d, rngs, dtype)
        self.actions = Actions(block, d, rngs)
        self.predictor = Predictor(config, patches, rngs)
        self.head = Projector(d, config.latent.hidden, d, rngs, dtype)
        self.inverse = Inverse(d, block, rngs) if config.loss.kind == "pldm" else None

    def encode(self, frames: jax.Array, running: Tree | None) -> tuple[jax.Array, Tree]:
        """Frames [..., H, W, 3] in [0, 1] -> latents, and the moments that a training step saw."""
        mean, std = IMAGENET
        images, seen = ((frames - mean) / std).reshape(-1, *frames.shape[-3:]), {}
        if self.residual:
            x, seen["encoder"] = self.encoder(images, running and running["encoder"])
        else:
            x = self.encoder(images)
            x = x[:, 0] if self.tokens == "one" else x[:, 1:]  # [N, W] or [N, P, W]
        z, seen["projector"] = self.projector(x.reshape(-1, x.shape[-1]), running and running["projector"])
        return z.reshape(*frames.shape[:-3], *x.shape[1:-1], -1), seen

    def modulations(self, blocks: jax.Array) -> jax.Array:
        """Blocks [..., frameskip * A] of normalised actions -> the modulations of every layer, [L, ..., 6, width]."""
        return self.predictor.modulations(self.actions(blocks))

    def forecast(self, z: jax.Array, modulations: jax.Array, running: Tree | None, key: jax.Array | None = None) -> tuple[jax.Array, Tree]:
        """Latents z [B, T, (P,) D] and their modulations [L, B, T, 6, width] -> predictions of the frames 1 .. T, in z's shape."""
        lifted = z if self.tokens == "patches" else z[:, :, None]
        x = self.predictor(lifted, modulations, key)
        y, seen = self.head(x.reshape(-1, x.shape[-1]), running and running["head"])
        return y.reshape(z.shape), {"head": seen}


    def extend(self, z: jax.Array, modulations: jax.Array, past: Past | None, running: Tree) -> tuple[jax.Array, Past]:
        """`forecast` for one frame z [B, (P,) D] after those of `past`."""
        lifted = z if self.tokens == "patches" else z[:, None]
        x, past = self.predictor.extend(lifted, modulations, past)
        y, _ = self.head(x.reshape(-1, x.shape[-1]), running["head"])
        return y.reshape(z.shape), past

    def undo(self, z: jax.Array, blocks: jax.Array) -> jax.Array:
        """Mean squared error of the inverse model on z [B, T + 1, D] and the blocks [B, T, frameskip * A] between."""
        return jnp.mean((self.inverse(z[:, :-1], z[:, 1:]) - blocks) ** 2)


@dataclass(frozen=True)
class Model:
    """A world model as functions of its variables {"weights": ..., "stats": ...}; `stats` are the running moments of BatchNorm, and those
    of the raw actions, by which they are normalised."""

    net: Pure
    stats: Tree  # ShapeDtypeStructs
    config: ConfigDict

    def init(self, key: jax.Array, actions: Moments | None = None) -> Tree:
        """`actions`: mean and variance of the raw actions, [A] each (None: they are standardised already)."""
        fresh = lambda node: Moments(jnp.zeros(node.mean.shape), jnp.ones(node.var.shape))  # noqa: E731
        stats = jax.tree.map(fresh, self.stats, is_leaf=lambda node: isinstance(node, Moments))
        return {"weights": self.net.init(key), "stats": stats | ({} if actions is None else {"actions": actions})}

    @property
    def axes(self) -> Tree:
        return {"weights": self.net.axes, "stats": jax.tree.map(lambda leaf: (None,) * len(leaf.shape), self.stats)}

    def learn(self, variables: Tree, frames: jax.Array, blocks: jax.Array, key: jax.Array) -> tuple[jax.Array, jax.Array, Tree]:
        """A training pass over clips: frames [B, T + 1, H, W, 3], blocks [B, T + 1, 5A] -> latents z [B, T + 1, D], predictions of z[:, 1:]
        [B, T, D], and the new stats. BatchNorm sees the batch, dropout acts, gradients flow to both."""
        weights = variables["weights"]
        z, seen = self.net.apply(weights, frames, None, method="encode")
        modulations = self.net.apply(weights, blocks[:, :-1], method="modulations")
        ahead, more = self.net.apply(weights, z[:, :-1], modulations, None, key, method="forecast")
        seen |= more
        return z, ahead, variables["stats"] | follow({name: variables["stats"][name] for name in seen}, seen)

    def settle(self, variables: Tree, frames: Callable[[Tree], jax.Array], batches: Tree) -> Tree:
        """The variables with moments that belong to their weights: means over batches [n, B, ...] of clips, which `frames` turns into
        pictures. The running ones lag behind weights that move; see what evaluation says of a model in training without this."""
        weights, net = variables["weights"], self.net

        def moments(batch: Tree) -> Tree:
            z, seen = net.apply(weights, frames(batch), None, method="encode")
            modulations = net.apply(weights, batch["actions"][:, :-1], method="modulations")
            return seen | net.apply(weights, z[:, :-1], modulations, None, method="forecast")[1]

        found = jax.tree.map(lambda leaf: jnp.mean(leaf, 0), jax.lax.map(moments, batches))
        return variables | {"stats": variables["stats"] | found}

    def undo(self, variables: Tree, z: jax.Array, blocks: jax.Array) -> jax.Array:
        """The error of PLDM's inverse model on z [B, T + 1, D] and blocks [B, T + 1, 5A]."""
        return self.net.apply(variables["weights"], z, blocks[:, :-1], method="undo")

    def encode(self, variables: Tree, frames: jax.Array) -> jax.Array:
        """Frames [..., H, W, 3] in [0, 1] -> latents [..., D]."""
        return self.net.apply(variables["weights"], frames, variables["stats"], method="encode")[0]

    def modulations(self, variables: Tree, blocks: jax.Array) -> jax.Array:
        """Blocks [..., 5A] -> [L, ..., 6, width]: all that the predictor wants to know of actions."""
        return self.net.apply(variables["weights"], blocks, method="modulations")

    def forecast(self, variables: Tree, z: jax.Array, modulations: jax.Array) -> jax.Array:
        """`predict` for actions that have become modulations [L, B, T, 6, width] already."""
        return self.net.apply(variables["weights"], z, modulations, variables["stats"], method="forecast")[0]

    def extend(self, variables: Tree, z: jax.Array, modulations: jax.Array, past: Past | None) -> tuple[jax.Array, Past]:
        """`forecast` frame by frame: z [B, D] under modulations [L, B, 6, width], after the frames of `past` (None: the first). Returns the
        prediction of the next frame [B, D], and what the next call takes as `past`."""
        return self.net.apply(variables["weights"], z, modulations, past, variables["stats"], method="extend")

    def predict(self, variables: Tree, z: jax.Array, blocks: jax.Array) -> jax.Array:
        """Latents z [B, T, D] and the blocks [B, T, 5A] that follow them -> [B, T, D]; entry t is the prediction of frame t + 1.

        Raises ValueError when T exceeds the table of positions.
        """
        if z.shape[1] > self.config.clips.history:
            raise ValueError(f"{z.shape[1]} frames of history, and the predictor knows {self.config.clips.history} positions")
        return self.forecast(variables, z, self.modulations(variables, blocks))


def build(config: ConfigDict) -> Model:
    """The model of a resolved config."""
    block = config.clips.frameskip * config.env.actions
    net = pure(lambda rngs: WorldModel(config, block, rngs))
    size = config.images.size

    def moments(weights: Tree) -> Tree:
        z, seen = net.apply(weights, jnp.zeros((2, 1, size, size, 3)), None, method="encode")
        modulations = net.apply(weights, jnp.zeros((2, 1, block)), method="modulations")
        return seen | net.apply(weights, z, modulations, None, method="forecast")[1]

    actions = jax.ShapeDtypeStruct((config.env.actions,), jnp.float32)
    stats = jax.eval_shape(lambda: moments(net.init(jax.random.key(0))))
    return Model(net, stats | {"actions": Moments(actions, actions)}, config)


def parameter_count(model: Model) -> int:
    """Trainable parameters."""
    return sum(leaf.size for leaf in jax.tree.leaves(jax.eval_shape(model.net.init, jax.random.key(0))))
