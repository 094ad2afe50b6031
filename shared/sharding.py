"""Meshes and logical axes. A parameter names its dimensions ("embed", "mlp"); one table says which mesh axis each name
is split over; models never mention the mesh. What older code calls pjit is `jax.jit` with the shardings made here."""

from collections.abc import Mapping
from typing import Any

import jax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from shared.errors import BadInput

RULES: Mapping[str, str | tuple[str, ...]] = {
    "member": "member",
    "batch": ("data", "fsdp"),
    "embed": "fsdp",
    "mlp": "tensor",
    "heads": "tensor",
    "kv": "tensor",
    "vocab": "tensor",
}


def make_mesh(axes: Mapping[str, int]) -> Mesh:
    """A mesh over all local devices; its sizes must multiply to their number."""
    size = 1
    for length in axes.values():
        size *= length
    if size != len(jax.devices()):
        raise BadInput(
            f"the mesh {dict(axes)} wants {size} devices and this machine shows {len(jax.devices())}: choose another "
            "--config.mesh (configs/meshes.py)"
        )
    return jax.make_mesh(tuple(axes.values()), tuple(axes), axis_types=(AxisType.Auto,) * len(axes))


def spec(names: tuple[str | None, ...]) -> PartitionSpec:
    """Logical names of one array -> PartitionSpec. A name without a rule would be replicated in silence: an error."""
    unknown = [name for name in names if name not in RULES and name not in (None, "layers")]
    if unknown:
        raise KeyError(f"logical axis {unknown[0]!r} has no rule in shared/sharding.py")
    return PartitionSpec(*(RULES.get(name) if name else None for name in names))


def shardings(abstract_state: Any, axes: Any, mesh: Mesh) -> Any:
    """NamedShardings for a training state with a leading member axis.

    A leaf takes the axes of the parameter whose path is the end of its own path (so Adam's moments follow their
    parameters, which `jax.jit(tx.init)` would leave on device 0); counters and the like are split over members only.
    Members that their mesh axis does not divide are replicated. Raises BadInput when it is another dimension: all devices of that
    axis would compute the same.
    """
    names_of = {
        tuple(str(key) for key in path): names
        for path, names in jax.tree_util.tree_leaves_with_path(axes, is_leaf=lambda leaf: isinstance(leaf, tuple))
    }

    def one(path: tuple[Any, ...], leaf: jax.ShapeDtypeStruct) -> NamedSharding:
        keys = tuple(str(key) for key in path)
        names = next((names_of[keys[cut:]] for cut in range(len(keys)) if keys[cut:] in names_of), ())
        wanted = spec(("member", *names))
        for dim, axis in enumerate(wanted):
            devices = axis_size(mesh, axis) if dim and axis else 1
            if leaf.shape[dim] % devices:
                raise BadInput(
                    f"{leaf.shape[dim]} {names[dim - 1]} of {jax.tree_util.keystr(path)} do not divide over {axis}={devices} devices of "
                    "the mesh: choose another --config.mesh, or other widths of the model"
                )
        alone = leaf.shape[0] % axis_size(mesh, "member") != 0
        return NamedSharding(mesh, PartitionSpec(None, *wanted[1:]) if alone else wanted)

    return jax.tree_util.tree_map_with_path(one, abstract_state)


def axis_size(mesh: Mesh, axis: str | tuple[str, ...]) -> int:
    size = 1
    for name in (axis,) if isinstance(axis, str) else axis:
        size *= mesh.shape[name]
    return size


def batch_sharding(mesh: Mesh, members: int, rows: int) -> NamedSharding:
    """Sharding of a batch [members, rows, ...]: members over `member`, rows over `data` and `fsdp`."""
    split = axis_size(mesh, ("data", "fsdp"))
    if rows % split:
        raise BadInput(f"a batch of {rows} rows does not divide over {split} devices: change train.batch_size or the mesh")
    return NamedSharding(mesh, PartitionSpec("member" if members % mesh.shape["member"] == 0 else None, ("data", "fsdp")))


def split_rows(x: jax.Array) -> jax.Array:
    """x [B, ...] with its rows over `data` and `fsdp`, in a program that a mesh is set for; as it is without one, or where they do not
    divide.

    Parameters that are split over `fsdp` would otherwise split the width of what passes through them, and all devices of that axis would
    hold and compute the same rows.
    """
    mesh = jax.sharding.get_abstract_mesh()
    if mesh.empty or mesh.size == 1 or x.shape[0] % axis_size(mesh, RULES["batch"]):
        return x
    return jax.lax.with_sharding_constraint(x, PartitionSpec(RULES["batch"], *[PartitionSpec.UNCONSTRAINED] * (x.ndim - 1)))
