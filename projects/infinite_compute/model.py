"""The Llama-style decoder of the paper (its table of sizes): RMSNorm, RoPE, SwiGLU, no biases, untied head."""

from ml_collections import ConfigDict

from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import Pure, pure


def decoder_config(config: ConfigDict) -> DecoderConfig:
    """The architecture of a resolved config."""
    m = config.model
    return DecoderConfig(
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


def build(config: ConfigDict) -> Pure:
    """The model of a resolved config, as pure functions. apply: tokens [B, T] -> logits [B, T, V]."""
    decoder = decoder_config(config)
    return pure(lambda rngs: Decoder(decoder, rngs))
