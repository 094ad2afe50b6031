"""Which tensors of a Hugging Face checkpoint (Llama, Qwen3) make which parameter of shared.nn.decoder.Decoder.

A linear layer is stored there as [out, in]; ours is [in, out], with heads and head_dim as axes of their own, and the layers
of the stack are one leading axis.
"""

from math import prod
from typing import NamedTuple

import numpy as np

Path = tuple[str, ...]


class Origin(NamedTuple):
    """Where one parameter comes from."""

    name: str  # of the tensor; {} stands for the layer
    inputs: int = 0  # leading axes of our kernel (behind the layers) that the layer contracts; 0: stored as we hold it

    @property
    def stacked(self) -> bool:
        return "{}" in self.name

    def stored_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Shape in the file of a parameter whose shape, without layers, is `shape`."""
        return (prod(shape[self.inputs :]), prod(shape[: self.inputs])) if self.inputs else shape

    def view(self, stored: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
        """The stored tensor with our axes; nothing is copied."""
        if not self.inputs:
            return stored
        outputs = len(shape) - self.inputs
        split = stored.reshape(shape[self.inputs :] + shape[: self.inputs])  # [*out, *in]
        return split.transpose(*range(outputs, len(shape)), *range(outputs))


ORIGINS: dict[Path, Origin] = {
    ("embedding", "table"): Origin("model.embed_tokens.weight"),
    ("blocks", "attention_norm", "scale"): Origin("model.layers.{}.input_layernorm.weight"),
    ("blocks", "attention", "query", "kernel"): Origin("model.layers.{}.self_attn.q_proj.weight", inputs=1),
    ("blocks", "attention", "key", "kernel"): Origin("model.layers.{}.self_attn.k_proj.weight", inputs=1),
    ("blocks", "attention", "value", "kernel"): Origin("model.layers.{}.self_attn.v_proj.weight", inputs=1),
    ("blocks", "attention", "out", "kernel"): Origin("model.layers.{}.self_attn.o_proj.weight", inputs=2),
    ("blocks", "attention", "query_norm", "scale"): Origin("model.layers.{}.self_attn.q_norm.weight"),
    ("blocks", "attention", "key_norm", "scale"): Origin("model.layers.{}.self_attn.k_norm.weight"),
    ("blocks", "mlp_norm", "scale"): Origin("model.layers.{}.post_attention_layernorm.weight"),
    ("blocks", "mlp", "gate", "kernel"): Origin("model.layers.{}.mlp.gate_proj.weight", inputs=1),
    ("blocks", "mlp", "up", "kernel"): Origin("model.layers.{}.mlp.up_proj.weight", inputs=1),
    ("blocks", "mlp", "down", "kernel"): Origin("model.layers.{}.mlp.down_proj.weight", inputs=1),
    ("norm", "scale"): Origin("model.norm.weight"),
    ("head", "kernel"): Origin("lm_head.weight", inputs=1),
}
VOCABULARY = {("embedding", "table"): 0, ("head", "kernel"): 1}  # the axis that may be cut to a smaller vocabulary
