"""A checkpoint onto a mesh, without ever holding more of it than one parameter in host memory."""

from pathlib import Path
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding

from shared.errors import BadInput
from shared.nn.decoder import Decoder, DecoderConfig
from shared.nn.pure import pure
from shared.sharding import axis_size, spec
from shared.weights.names import ORIGINS, VOCABULARY, Origin
from shared.weights.safetensors import Checkpoint


def load(folder: Path, config: DecoderConfig, mesh: Mesh | None = None, dtype: str = "float32") -> dict:
    """Parameters of `Decoder(config)` from a checkpoint folder, each split over the mesh by its logical axes.

    A device's slice is read from the memory-mapped files, and nothing else is. `mesh` None: on the default device.
    A table larger than config.vocab is cut to its first rows. Raises BadInput with the tensor's name.
    """
    checkpoint = Checkpoint(folder)
    model = pure(lambda rngs: Decoder(config, rngs))
    abstract = jax.eval_shape(model.init, jax.random.key(0))

    def one(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct, axes: tuple) -> jax.Array:
        keys = tuple(key.key for key in path)
        read = reader(checkpoint, keys, leaf.shape, np.dtype(dtype))
        if mesh is None:
            return jax.device_put(read((slice(None),) * len(leaf.shape)))
        split = spec(axes)
        for size, axis, over in zip(leaf.shape, axes, split, strict=True):
            if over and size % axis_size(mesh, over):
                name, over = ORIGINS[keys].name.format(0), f"{over}={axis_size(mesh, over)}"
                raise BadInput(f"{size} {axis} of {name} do not divide over {over} devices: choose another mesh")
        return jax.make_array_from_callback(leaf.shape, NamedSharding(mesh, split), read)

    return jax.tree_util.tree_map_with_path(one, abstract, model.axes)


def reader(checkpoint: Checkpoint, keys: tuple[str, ...], shape: tuple[int, ...], dtype: np.dtype):
    """A function from an index into the parameter (a slice per axis) to its values. Raises BadInput for a wrong tensor."""
    origin = ORIGINS[keys]
    if not origin.stacked:
        whole = tensor(checkpoint, origin, origin.name, shape, VOCABULARY.get(keys))
        return lambda index: np.ascontiguousarray(whole[index], dtype)
    layers = [tensor(checkpoint, origin, origin.name.format(layer), shape[1:], None) for layer in range(shape[0])]

    def read(index: tuple[slice, ...]) -> np.ndarray:
        chosen = [layer[index[1:]] for layer in layers[index[0]]]
        out = np.empty((len(chosen), *chosen[0].shape), dtype)
        for target, values in zip(out, chosen, strict=True):
            target[...] = values
        return out

    return read


def tensor(checkpoint: Checkpoint, origin: Origin, name: str, shape: tuple[int, ...], vocabulary: int | None) -> np.ndarray:
    """A view of the stored tensor with the axes of our parameter, cut along the axis `vocabulary`."""
    stored = checkpoint.tensor(name)
    wanted = origin.stored_shape(shape)
    if vocabulary is not None and stored.ndim == 2 and stored.shape[0] > wanted[0]:
        stored = stored[: wanted[0]]  # the stored table has its tokens first
    if stored.shape != wanted:
        raise BadInput(f"{name} in {checkpoint.folder} has shape {stored.shape}, not {wanted}: it does not belong to this config.json")
    return origin.view(stored, shape)

