"""The Llama-style decoder of the paper (its table of sizes): RMSNorm, RoPE, SwiGLU, no biases, untied head."""

from ml_collections import ConfigDict

from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import Pure, pure


def build(config: ConfigDict) -> Pure:
    """The model of a resolved config, as pure functions. apply: tokens [B, T] -> logits [B, T, V]."""
    m = config.model
    decoder = DecoderConfig(
        vocab=config.data.vocab,
        layers=m.layers,
        width=m.width,
        heads=m.heads,
        kv_heads=m.kv_heads,
        mlp_width=m.mlp_width,
        head_dim=m.head_dim,
        context=config.data.context,
        dtype=m.dtype,
    )
    return pure(lambda rngs: Decoder(decoder, rngs))
