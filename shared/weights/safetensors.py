"""The tensors of a checkpoint folder, memory-mapped: looking at one reads its pages and nothing else.

The header is parsed here and not by the library, which cannot say which tensor a truncated file has lost.
"""

import json
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from shared.errors import BadInput

DTYPES = {"F32": np.float32, "F16": np.float16, "BF16": ml_dtypes.bfloat16}
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"


def read_json(path: Path) -> dict[str, Any]:
    """An object of a JSON file. Raises BadInput."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadInput(f"there is no {path}: give a folder with config.json and {SINGLE} or {INDEX}") from None
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is not readable JSON ({error}): fetch it again") from None
    if not isinstance(found, dict):
        raise BadInput(f"{path} holds no JSON object: fetch it again")
    return found


class Shard:
    """One .safetensors file: 8 bytes length n (little-endian), n bytes of JSON, then the values at its offsets."""

    def __init__(self, path: Path):
        try:
            self.values = np.memmap(path, np.uint8, mode="r")
            size = int.from_bytes(self.values[:8].tobytes(), "little")
            if len(self.values) < 8 + size:
                raise ValueError("it ends within the header")
            self.header = json.loads(self.values[8 : 8 + size].tobytes())
            if not isinstance(self.header, dict):
                raise ValueError("its header is no object")
        except (OSError, ValueError) as error:
            raise BadInput(f"{path} is no safetensors file ({error}): fetch it again") from None
        self.path, self.start = path, 8 + size

    def tensor(self, name: str) -> np.ndarray:
        """A read-only view into the file. Raises BadInput for a damaged or truncated file and an unknown type."""
        if name not in self.header:
            raise BadInput(f"{self.path} lacks the tensor {name}: fetch it again")
        try:
            entry = self.header[name]
            kind, shape, (begin, end) = entry["dtype"], tuple(entry["shape"]), entry["data_offsets"]
        except (KeyError, TypeError, ValueError):
            raise BadInput(f"{self.path} describes the tensor {name} wrongly: fetch it again") from None
        if kind not in DTYPES:
            raise BadInput(f"{name} in {self.path} is of type {kind}: only {', '.join(DTYPES)} are read; take an unquantised checkpoint")
        dtype = np.dtype(DTYPES[kind])
        if end - begin != np.prod(shape, dtype=np.int64) * dtype.itemsize or begin < 0:
            raise BadInput(f"{self.path} describes the tensor {name} wrongly: fetch it again")
        if self.start + end > len(self.values):
            raise BadInput(f"{self.path} is truncated and ends before or within {name}: fetch it again")
        return self.values[self.start + begin : self.start + end].view(dtype).reshape(shape)


class Checkpoint:
    """A folder with one model.safetensors, or with several files and the index that says which tensor lies in which."""

    def __init__(self, folder: Path):
        self.folder, self.shards = folder, {}
        self.files = None
        if (folder / INDEX).is_file():
            self.files = read_json(folder / INDEX).get("weight_map")
            if not isinstance(self.files, dict):
                raise BadInput(f"{folder / INDEX} has no weight_map: fetch it again")

    def __contains__(self, name: str) -> bool:
        return name in (self.shard(SINGLE).header if self.files is None else self.files)

    def shard(self, file: str) -> Shard:
        if file not in self.shards:
            self.shards[file] = Shard(self.folder / file)
        return self.shards[file]

    def tensor(self, name: str) -> np.ndarray:
        """A read-only view of the stored values. Raises BadInput with the tensor's name."""
        if name not in self:
            raise BadInput(f"the checkpoint {self.folder} lacks the tensor {name}: it is of another architecture, or fetch it again")
        file = SINGLE if self.files is None else self.files[name]
        if Path(file).name != file or not (self.folder / file).is_file():
            raise BadInput(f"the shard {file} with the tensor {name} is not in {self.folder}: fetch it again")
        return self.shard(file).tensor(name)
