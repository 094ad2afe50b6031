"""config.json of a Hugging Face checkpoint -> DecoderConfig."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from shared.errors import BadInput
from shared.nn.decoder import DecoderConfig
from shared.nn.rope import Llama3Scaling
from shared.weights.safetensors import read_json

ARCHITECTURES = {"LlamaForCausalLM": False, "Qwen3ForCausalLM": True}  # -> whether queries and keys are normalised
PLAIN = {"attention_bias": False, "mlp_bias": False, "use_sliding_window": False, "hidden_act": "silu"}  # what we compute


def decoder_config(folder: Path, vocab: int | None = None) -> DecoderConfig:
    """The architecture; `vocab` cuts it to the first tokens, where the table is padded. Raises BadInput.

    Transformers 5 writes `rope_parameters`, earlier versions `rope_theta` and `rope_scaling`.
    """
    path = folder / "config.json"
    known = read_json(path)

    def field(name: str) -> Any:
        if name not in known:
            raise BadInput(f"{path} has no {name}: it is of another architecture, or fetch it again")
        return known[name]

    architecture = (field("architectures") or ["none"])[0]
    if architecture not in ARCHITECTURES:
        raise BadInput(f"{path} is of the architecture {architecture}: only {', '.join(ARCHITECTURES)} are read")
    for name, value in PLAIN.items():
        if name in known and known[name] != value:
            raise BadInput(f"{path} has {name} = {known[name]!r}: only {value!r} is computed here")
    rope = known["rope_parameters"] if "rope_parameters" in known else {"rope_theta": field("rope_theta")} | scaling_of(known)
    width, heads = field("hidden_size"), field("num_attention_heads")
    config = DecoderConfig(
        vocab=field("vocab_size"),
        layers=field("num_hidden_layers"),
        width=width,
        heads=heads,
        kv_heads=field("num_key_value_heads"),
        mlp_width=field("intermediate_size"),
        head_dim=known["head_dim"] if known.get("head_dim") else width // heads,
        context=field("max_position_embeddings"),
        norm_eps=field("rms_norm_eps"),
        rope_base=float(rope["rope_theta"]),
        rope_scaling=scaling(rope, path),
        qk_norm=ARCHITECTURES[architecture],
        tied_head=field("tie_word_embeddings"),
    )
    if vocab is None:
        return config
    if not 0 < vocab <= config.vocab:
        raise BadInput(f"{folder} has a vocabulary of {config.vocab}, which cannot be cut to {vocab}: take {config.vocab} or less")
    return replace(config, vocab=vocab)


def scaling_of(known: dict[str, Any]) -> dict[str, Any]:
    return known["rope_scaling"] if known.get("rope_scaling") else {}


def scaling(rope: dict[str, Any], path: Path) -> Llama3Scaling | None:
    kind = rope.get("rope_type", "default")
    if kind == "default":
        return None
    if kind != "llama3":
        raise BadInput(f"{path} scales its rotary embedding by {kind!r}: only 'llama3' is computed here")
    return Llama3Scaling(rope["factor"], rope["low_freq_factor"], rope["high_freq_factor"], rope["original_max_position_embeddings"])
