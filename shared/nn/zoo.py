"""The architectures of published models, for configs, shape tests and cost estimates; weights come with shared.weights."""

from shared.nn.decoder import DecoderConfig
from shared.nn.rope import Llama3Scaling

LLAMA3 = {"vocab": 128_256, "kv_heads": 8, "context": 131_072, "norm_eps": 1e-5, "rope_base": 5e5, "dtype": "bfloat16"}
QWEN3 = {"vocab": 151_936, "kv_heads": 8, "head_dim": 128, "context": 40_960, "rope_base": 1e6, "qk_norm": True, "dtype": "bfloat16"}

ZOO: dict[str, DecoderConfig] = {
    "llama-3.1-70b": DecoderConfig(
        **LLAMA3, layers=80, width=8192, heads=64, head_dim=128, mlp_width=28_672, rope_scaling=Llama3Scaling(factor=8.0)
    ),
    "llama-3.2-1b": DecoderConfig(
        **LLAMA3, layers=16, width=2048, heads=32, head_dim=64, mlp_width=8192, rope_scaling=Llama3Scaling(factor=32.0), tied_head=True
    ),
    "qwen3-32b": DecoderConfig(**QWEN3, layers=64, width=5120, heads=64, mlp_width=25_600),
    "qwen3-0.6b": DecoderConfig(**QWEN3, layers=28, width=1024, heads=16, mlp_width=3072, tied_head=True),
    "smollm2-135m": DecoderConfig(
        vocab=49_152, layers=30, width=576, heads=9, kv_heads=3, mlp_width=1536, head_dim=64, context=8192, norm_eps=1e-5,
        rope_base=1e5, tied_head=True,
    ),
}  # fmt: skip
