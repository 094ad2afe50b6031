"""Which language models there are to choose from: a random decoder whose adapters lie in a random subspace (SubLoRA; Lotfi et al.,
2312.17173). Everything but v comes from a seed, and costs its code nothing."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from projects.generalization.decoders import DECODERS, adapters, decoder
from projects.generalization.family import Family, size, within
from shared.data.bpe import DOC_ID
from shared.lm import token_losses
from shared.nn.pure import Pure


@dataclass(frozen=True)
class SubLoRA:
    """Pure functions; `frozen` is what the seed gives, v [d] what is trained."""

    decoder: Pure
    adapters: Family  # theta_0 + P v is theirs
    size: int  # parameters of the decoder
    context: int
    vocab: int

    @property
    def axes(self) -> dict[str, Any]:
        return {"decoder": self.decoder.axes, "adapters": self.adapters.axes}

    def freeze(self, seed: int | jax.Array) -> dict[str, Any]:
        """The decoder, and what the adapters' family freezes."""
        decoder = self.decoder.init(jax.random.fold_in(jax.random.key(seed), 1))
        return {"decoder": decoder, "adapters": self.adapters.freeze(seed)}

    def parameters(self, frozen: dict[str, Any], v: jax.Array) -> dict[str, Any]:
        """Of the adapted decoder."""
        pairs = self.adapters.parameters(frozen["adapters"], v)
        return self.adapters.model.apply(pairs, frozen["decoder"])

    def loss(self, frozen: dict[str, Any], v: jax.Array, rows: jax.Array) -> jax.Array:
        """Mean over the tokens of rows [B, T], in nats."""
        losses = token_losses(self.decoder.apply(self.parameters(frozen, v), rows), rows)  # [B, T - 1]
        words = rows[:, 1:] != DOC_ID
        return jnp.sum(losses * words) / jnp.maximum(1, jnp.sum(words))


def sublora(name: str, projector: str, dimension: int, vocab: int) -> SubLoRA:
    made = decoder(name, vocab)
    return SubLoRA(made, within(adapters(name, vocab), projector, dimension), size(made), DECODERS[name].context, vocab)
