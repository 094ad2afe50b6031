"""Tiny random checkpoints and what transformers on torch computes from them, for test_loading.py.

    python3.11 -m venv E && E/bin/pip install torch==2.13.0 transformers==4.57.1 accelerate gguf safetensors
    E/bin/python tests/shared/weights/golden.py [SmolLM2-135M-Instruct.Q4_1.gguf]

The second argument also writes the reference of the quantised model, as transformers itself reads GGUF.
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen3Config, Qwen3ForCausalLM

FOLDER = Path(__file__).parent / "golden"
TINY = {"vocab_size": 48, "hidden_size": 32, "intermediate_size": 24, "num_hidden_layers": 2, "max_position_embeddings": 64}
PROMPT = [504, 3575, 282, 4649, 314]  # "The capital of France is" in SmolLM2's tokens


def llama3() -> LlamaForCausalLM:
    """Grouped queries, tied head, frequencies of all three kinds (kept, on the ramp, divided)."""
    scaling = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
    scaling["original_max_position_embeddings"] = 16
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    return LlamaForCausalLM(
        LlamaConfig(**TINY, **heads, rope_theta=50.0, rope_scaling=scaling, rms_norm_eps=1e-5, tie_word_embeddings=True)
    )


def qwen3() -> Qwen3ForCausalLM:
    """Normalised queries and keys, a query width other than the model's, a head of its own."""
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6}
    return Qwen3ForCausalLM(Qwen3Config(**TINY, **heads, rope_theta=1e6, rms_norm_eps=1e-6, tie_word_embeddings=False))


def logits(tokens: torch.Tensor, place: Path, **more: str) -> torch.Tensor:
    """In float32, of the model read back: `.to(bfloat16)` also rounds the frequencies of one in memory."""
    model = AutoModelForCausalLM.from_pretrained(place, dtype=torch.float32, **more)
    with torch.no_grad():
        return model.eval()(tokens).logits


def tiny(name: str, model: torch.nn.Module, dtype: torch.dtype, shard: str) -> None:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():  # norms too: a scale of ones would hide one that is left out or swapped
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.copy_(noise / parameter.shape[1] ** 0.5 if parameter.ndim == 2 else 1 + 0.3 * noise)
    model.to(dtype).save_pretrained(FOLDER / name, max_shard_size=shard)
    (FOLDER / name / "generation_config.json").unlink()
    tokens = torch.randint(TINY["vocab_size"], (2, 24), generator=generator)
    save_file({"tokens": tokens.int(), "logits": logits(tokens, FOLDER / name)}, FOLDER / name / "reference.safetensors")


def smollm2(path: Path) -> None:
    """The 20 largest logits at each position of a prompt."""
    tokens = torch.tensor([PROMPT])
    values, ids = logits(tokens, path.parent, gguf_file=path.name).topk(20)
    save_file({"tokens": tokens.int(), "ids": ids.int(), "logits": values}, FOLDER / "smollm2.safetensors")


if __name__ == "__main__":
    tiny("llama3", llama3(), torch.float32, "1GB")
    tiny("qwen3", qwen3(), torch.bfloat16, "12KB")
    if sys.argv[1:]:
        smollm2(Path(sys.argv[1]))
