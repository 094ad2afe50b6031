"""SmolLM2-135M-Instruct as a target: a real language model, with its own tokenizer."""

import json
from pathlib import Path
from typing import NamedTuple

import jax
from tokenizers import Tokenizer

from shared.data import registry
from shared.nn.decoder import DecoderConfig
from shared.weights.config import decoder_config
from shared.weights.load import load

SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"  # of the chat template inside the file


class SmolLM2(NamedTuple):
    config: DecoderConfig
    params: dict[str, dict | jax.Array]
    tokenizer: Tokenizer
    eos: tuple[int, ...]  # ends of an answer and of a document


def folder() -> Path:
    """Raises BadInput, naming the command that fetches it, when the model is not there."""
    return registry.unpacked("smollm2")


def smollm2() -> SmolLM2:
    """Config, float32 parameters on the default device, and tokenizer. Raises BadInput when it is not fetched."""
    place = folder()
    config = decoder_config(place)
    tokenizer = Tokenizer.from_file(str(place / "tokenizer.json"))
    end = json.loads((place / "config.json").read_text(encoding="utf-8"))["eos_token_id"]
    return SmolLM2(config, load(place, config), tokenizer, (end, tokenizer.token_to_id("<|endoftext|>")))


def chat(tokenizer: Tokenizer, prompt: str) -> list[int]:
    """One question in the chat format the model was trained on. Marks written inside the prompt are plain text."""
    start, end = (tokenizer.token_to_id(mark) for mark in ("<|im_start|>", "<|im_end|>"))
    tokenizer.encode_special_tokens = True
    said = [tokenizer.encode(text).ids for text in (f"system\n{SYSTEM}", f"user\n{prompt}", "\n", "assistant\n")]
    tokenizer.encode_special_tokens = False
    system, user, newline, assistant = said
    return [start, *system, end, *newline, start, *user, end, *newline, start, *assistant]
