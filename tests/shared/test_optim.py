import jax
import jax.numpy as jnp
import numpy as np
import pytest

from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import pure
from shared.optim import adamw, decay_mask, warmup_cosine

LLAMA = DecoderConfig(vocab=11, layers=2, width=8, heads=2, kv_heads=1, mlp_width=12, head_dim=4, context=8)
GPT = DecoderConfig(
    vocab=11, layers=2, width=8, heads=2, kv_heads=2, mlp_width=12, head_dim=4, context=8, norm="layer", mlp="gelu",
    position="learned", qk_norm=True, bias=True, tied_head=True,
)  # fmt: skip


def decayed(config: DecoderConfig) -> tuple[set[str], set[str]]:
    """Paths of the parameters that weight decay touches, and of the others."""
    axes = pure(lambda rngs: Decoder(config, rngs)).axes
    flat = jax.tree_util.tree_leaves_with_path(decay_mask(axes))
    paths = {".".join(part.key for part in path): value for path, value in flat}
    return {path for path in paths if paths[path]}, {path for path in paths if not paths[path]}


def test_decay_touches_linear_maps_and_the_untied_head_alone():
    yes, no = decayed(LLAMA)
    attention = {f"blocks.attention.{name}.kernel" for name in ("query", "key", "value", "out")}
    assert yes == attention | {f"blocks.mlp.{name}.kernel" for name in ("gate", "up", "down")} | {"head.kernel"}
    assert no == {"embedding.table", "blocks.attention_norm.scale", "blocks.mlp_norm.scale", "norm.scale"}


def test_decay_spares_biases_positions_gains_and_a_tied_head():
    yes, no = decayed(GPT)
    attention = {f"blocks.attention.{name}.kernel" for name in ("query", "key", "value", "out")}
    assert yes == attention | {f"blocks.mlp.{name}.kernel" for name in ("up", "down")}
    assert {"embedding.table", "positions.table", "blocks.attention.query.bias", "norm.bias", "norm.scale"} < no
    assert all(path.endswith((".table", ".bias", ".scale")) for path in no)


@pytest.mark.parametrize("steps, warmup", [(1000, 0.01), (100, 0.1), (7, 0.01)])
def test_the_rate_rises_linearly_then_falls_as_a_cosine_to_zero(steps, warmup):
    rate = np.asarray(jax.vmap(warmup_cosine(3.0, steps, warmup))(jnp.arange(steps + 1)))
    rise = max(1, round(warmup * steps))
    assert rate[:rise] == pytest.approx(3.0 * np.arange(1, rise + 1) / rise, rel=1e-6)
    share = (np.arange(rise, steps + 1) - rise) / (steps - rise)
    assert rate[rise:] == pytest.approx(1.5 * (1 + np.cos(np.pi * share)), abs=1e-6)
    assert rate[steps] == pytest.approx(0, abs=1e-7) and rate[0] > 0 and rate.max() == 3.0


def test_a_step_of_adamw_by_hand():
    """Three steps in numpy, after Loshchilov and Hutter with the decay multiplied by the rate; clipping included."""
    beta1, beta2, eps, clip, decay, lrs = 0.9, 0.95, 1e-8, 1.0, 0.5, [0.1, 0.05, 0.01]
    rng = np.random.default_rng(0)
    shapes = {"kernel": (3, 2), "bias": (2,)}
    params = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    gradients = [{name: rng.normal(size=shape) * scale for name, shape in shapes.items()} for scale in (0.1, 1.0, 10.0)]

    optimizer = adamw(lambda step: jnp.asarray(lrs)[step], decay, {"kernel": True, "bias": False}, beta1, beta2, eps, clip)
    ours = jax.tree.map(jnp.asarray, params)
    state = optimizer.init(ours)
    m, v = ({name: np.zeros(shape) for name, shape in shapes.items()} for _ in range(2))
    for step, gradient in enumerate(gradients):
        update, state = optimizer.update(jax.tree.map(jnp.asarray, gradient), state, ours)
        ours = jax.tree.map(jnp.add, ours, update)
        norm = np.sqrt(sum((g**2).sum() for g in gradient.values()))
        for name in shapes:
            g = gradient[name] * min(1.0, clip / norm)
            m[name] = beta1 * m[name] + (1 - beta1) * g
            v[name] = beta2 * v[name] + (1 - beta2) * g**2
            adam = m[name] / (1 - beta1 ** (step + 1)) / (np.sqrt(v[name] / (1 - beta2 ** (step + 1))) + eps)
            params[name] = params[name] - lrs[step] * (adam + (decay if name == "kernel" else 0) * params[name])
        for name in shapes:
            assert np.asarray(ours[name]) == pytest.approx(params[name], rel=2e-5, abs=1e-6)
