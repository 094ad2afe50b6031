"""What a program will ask of a mesh, found ahead of time: without data, without weights, without the mesh's devices.

The mesh is made of virtual devices of this machine's CPU, for which XLA partitions the program as for real ones. FLOPs, the bytes of
arguments and the collectives are those of the partitioned program. The bytes that it works with are what the CPU's compiler asks for: other
devices fuse other operations, and keep bfloat16 where a CPU computes in float32. Where code chooses by the kind of device, the CPU's branch
is lowered.
"""

import contextlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import jax
from jax.sharding import Mesh
from ml_collections import ConfigDict

from shared.collectives import Traffic, collectives
from shared.fit import Schedule, Task, placed
from shared.flops import flops, signature

Tree = Any
QUICK = {"xla_backend_optimization_level": "0", "xla_llvm_disable_expensive_passes": True}  # nothing runs: no need for good machine code


@dataclass(frozen=True)
class Ahead:
    """What is known of a pack before it runs: what `programs(config, ahead)` of an entry point gets where `run(config, run)` gets a Run."""

    hyper: Mapping[str, jax.ShapeDtypeStruct]  # [K] each
    mesh: Mesh
    needs: Mapping[str, list[ConfigDict]]  # the configs of the runs whose results it consumes


@dataclass(frozen=True)
class Program:
    """What an entry point spends its time on, as it can be lowered."""

    name: str
    function: Any  # of jax.jit
    arguments: tuple[Tree, ...]  # ShapeDtypeStructs
    calls: float  # in a run
    parameters: int  # that one member has learned or learns
    passes: int = 1  # over its arguments, in a call: who writes token after token reads the weights for each
    double: bool = False  # computes in float64


@dataclass(frozen=True)
class Lowered:
    """Of one call. Bytes and collectives are of one device."""

    flops: float  # of all devices
    given: int  # bytes of the arguments
    working: int  # bytes besides: what lives between the first operation and the last, and results that take no argument's place
    collectives: Mapping[str, Traffic]
    seconds: float  # it took to partition and compile


def step(task: Task, schedule: Schedule, ahead: Ahead) -> Program:
    """The step of a training whose `batch` tells but shapes. What is evaluated on the way is left out."""
    hyper = dict(ahead.hyper)
    with jax.set_mesh(ahead.mesh):
        ready = placed(task, schedule.log_every, hyper, ahead.mesh)
    members = jax.tree.leaves(ready.batch)[0].shape[0]
    learned = parameter_count(ready.state["params"]) // members
    return Program("training step", ready.advance, (ready.state, ready.batch, hyper), schedule.steps, learned)


def parameter_count(tree: Tree) -> int:
    """Numbers in a tree of arrays or shapes."""
    return sum(leaf.size for leaf in jax.tree.leaves(tree))


def devices(program: Program) -> int:
    """How many devices it keeps busy: one, unless its arguments lie on a mesh."""
    return max(leaf.sharding.num_devices if leaf.sharding else 1 for leaf in jax.tree.leaves(program.arguments))


def trace(program: Program, mesh: Mesh) -> tuple[Any, str]:
    """The traced program and its signature: equal for those that lower to the same numbers."""
    with jax.set_mesh(mesh) if devices(program) > 1 else contextlib.nullcontext(), jax.enable_x64(program.double):
        traced = program.function.trace(*program.arguments)
    places = [str(leaf.sharding) for leaf in jax.tree.leaves(program.arguments)]
    return traced, signature(traced.jaxpr.jaxpr, places)


def lower(traced: Any) -> Lowered:
    """Partitions and compiles; computes nothing."""
    begun = time.perf_counter()
    compiled = traced.lower().compile(compiler_options=QUICK)
    memory = compiled.memory_analysis()
    working = memory.temp_size_in_bytes + memory.output_size_in_bytes - memory.alias_size_in_bytes
    found = collectives(compiled.as_text())
    return Lowered(flops(traced.jaxpr.jaxpr), memory.argument_size_in_bytes, working, found, time.perf_counter() - begun)
