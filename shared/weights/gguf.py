"""A GGUF file of llama.cpp as a Hugging Face checkpoint: config, float32 tensors under their usual names, tokenizer."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.numpy import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from shared.errors import BadInput

NAMES = {  # of a GGUF tensor without "blk.<i>." -> of the checkpoint
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
}
CONTROL = 3  # the token type of GGUF for marks that never come out of text


def open_file(path: Path) -> gguf.GGUFReader:
    """The file, memory-mapped. Raises BadInput unless it is whole and of the Llama architecture."""
    try:
        reader = gguf.GGUFReader(path)
    except (OSError, ValueError, KeyError, IndexError, UnicodeDecodeError) as error:
        raise BadInput(f"{path} is no whole GGUF file ({error}): fetch it again") from None
    known = fact(reader, "general.architecture")
    if known != "llama":
        raise BadInput(f"{path} holds the architecture {known!r}: only 'llama' is read from GGUF, for others take safetensors")
    return reader


def fact(reader: gguf.GGUFReader, name: str) -> Any:
    if name not in reader.fields:
        raise BadInput(f"the GGUF file has no {name}: fetch it again, or take the checkpoint in safetensors")
    return reader.fields[name].contents()


def config(reader: gguf.GGUFReader) -> dict[str, Any]:
    """What config.json of the checkpoint says."""
    heads, width = fact(reader, "llama.attention.head_count"), fact(reader, "llama.embedding_length")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "vocab_size": len(fact(reader, "tokenizer.ggml.tokens")),
        "num_hidden_layers": fact(reader, "llama.block_count"),
        "hidden_size": width,
        "num_attention_heads": heads,
        "num_key_value_heads": fact(reader, "llama.attention.head_count_kv"),
        "head_dim": width // heads,
        "intermediate_size": fact(reader, "llama.feed_forward_length"),
        "max_position_embeddings": fact(reader, "llama.context_length"),
        "rope_theta": fact(reader, "llama.rope.freq_base"),
        "rms_norm_eps": float(str(np.float32(fact(reader, "llama.attention.layer_norm_rms_epsilon")))),  # 1e-5, not 9.99999975e-06
        "hidden_act": "silu",
        "tie_word_embeddings": all(tensor.name != "output.weight" for tensor in reader.tensors),
        "bos_token_id": fact(reader, "tokenizer.ggml.bos_token_id"),
        "eos_token_id": fact(reader, "tokenizer.ggml.eos_token_id"),
    }


def tensors(reader: gguf.GGUFReader) -> Iterator[tuple[str, np.ndarray]]:
    """Names of the checkpoint and dequantised float32 values [out, in]."""
    heads = {"attn_q.weight": fact(reader, "llama.attention.head_count"), "attn_k.weight": fact(reader, "llama.attention.head_count_kv")}
    for tensor in reader.tensors:
        block, name = "", tensor.name
        if name.startswith("blk."):
            _, layer, name = name.split(".", 2)
            block = f"model.layers.{layer}."
        if name not in NAMES:
            raise BadInput(f"the GGUF file has a tensor {tensor.name} that a plain Llama has not: take the checkpoint in safetensors")
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type).astype(np.float32, copy=False)
        if name in heads:
            values = halves(values, heads[name])
        yield block + NAMES[name], values


def halves(kernel: np.ndarray, heads: int) -> np.ndarray:
    """Rows [heads * Dh, D] from llama.cpp's order, where rotated pairs are neighbours, to ours, where they are Dh / 2 apart."""
    return kernel.reshape(heads, -1, 2, kernel.shape[1]).swapaxes(1, 2).reshape(kernel.shape)


def tokenizer(reader: gguf.GGUFReader) -> Tokenizer:
    """The byte-level BPE inside the file; its marks such as <|im_start|> are special tokens.

    Raises BadInput for another way of cutting text into words than SmolLM's (GPT-2's, after single digits).
    """
    kind = fact(reader, "tokenizer.ggml.model"), fact(reader, "tokenizer.ggml.pre")
    if kind != ("gpt2", "smollm"):
        raise BadInput(f"the GGUF file has a tokenizer {kind}: only ('gpt2', 'smollm') is known, take the model's tokenizer.json")
    tokens = fact(reader, "tokenizer.ggml.tokens")
    merges = [tuple(merge.split(" ")) for merge in fact(reader, "tokenizer.ggml.merges")]
    made = Tokenizer(models.BPE({token: index for index, token in enumerate(tokens)}, merges))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    made.decoder = decoders.ByteLevel()
    types = fact(reader, "tokenizer.ggml.token_type")
    marks = [token for token, kind in zip(tokens, types, strict=True) if kind == CONTROL]
    made.add_special_tokens([AddedToken(mark, special=True, normalized=False) for mark in marks])
    return made


def convert(path: Path, folder: Path) -> None:
    """Write config.json, model.safetensors (float32) and tokenizer.json into the folder. Raises BadInput."""
    reader = open_file(path)
    (folder / "config.json").write_text(json.dumps(config(reader), indent=1) + "\n", encoding="utf-8")
    tokenizer(reader).save(str(folder / "tokenizer.json"))
    weights = folder / "model.safetensors"
    save_file(dict(tensors(reader)), weights)
    weights.chmod(0o644)  # as the other files: the library keeps it to its owner
