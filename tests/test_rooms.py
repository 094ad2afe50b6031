"""Who may import whom (the rooms), what nobody may use, and that looking around never starts jax."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import helpers
import pytest

from launch import preview

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ("shared", "projects", "configs", "launch", "bench")
# What the launcher may know of shared.
JAX_FREE = tuple(f"shared.{name}" for name in ("errors", "rundir", "hosts", "mirror", "stats", "data", "allocator", "figures"))
WORKER_SIDE = ("worker.py", "figure.py")  # the files of launch that may reach into a project
FILES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if ".venv" not in path.parts]


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def imports(node: ast.AST) -> Iterator[str]:
    """Dotted names of all imported modules, also of those inside functions."""
    for part in ast.walk(node):
        if isinstance(part, ast.Import):
            yield from (alias.name for alias in part.names)
        elif isinstance(part, ast.ImportFrom):
            assert not part.level, "relative import"
            yield from (f"{part.module}.{alias.name}" for alias in part.names)


def ours(path: Path) -> list[str]:
    return [name for name in imports(tree(path)) if name.split(".")[0] in ROOMS]


def below(name: str, rooms: tuple[str, ...]) -> bool:
    return any(name == room or name.startswith(room + ".") for room in rooms)


def stray(path: Path) -> list[str]:
    """Imports of our own modules that the rules forbid to this file."""
    room, *inside = path.relative_to(ROOT).parts
    if room == "shared":
        return [name for name in ours(path) if not below(name, ("shared",))]
    if room == "projects":
        return [name for name in ours(path) if not below(name, ("shared", f"projects.{inside[0]}"))]
    if room == "configs":
        known = (*sys.stdlib_module_names, "ml_collections", "configs")
        return [name for name in imports(tree(path)) if not below(name, known)]
    if room == "launch":
        allowed = ("launch", "configs", *JAX_FREE)
        return [name for name in at_import(path) if not below(name, allowed) and name.split(".")[0] in ROOMS] + [
            name for name in ours(path) if below(name, ("projects",)) and path.name not in WORKER_SIDE
        ]
    return []


def at_import(path: Path) -> Iterator[str]:
    """What loading the module imports: function bodies are left out."""
    for statement in tree(path).body:
        if not isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            yield from imports(statement)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_rules_of_the_rooms(path):
    assert stray(path) == []


def used(node: ast.AST) -> Iterator[str]:
    """Functions called, attributes named, and the two keyword arguments that open a door."""
    for part in ast.walk(node):
        if isinstance(part, ast.Call):
            yield f"{ast.unparse(part.func)}()"
        elif isinstance(part, ast.Attribute):
            yield ast.unparse(part)
        elif isinstance(part, ast.keyword) and part.arg in ("shell", "allow_pickle") and ast.unparse(part.value) == "True":
            yield f"{part.arg}=True"


BANNED = {"eval()", "exec()", "os.system", "shell=True", "allow_pickle=True", "config.get", "yaml.load", "torch.load"}
BANNED_NNX = {f"nnx.{name}" for name in ("jit", "grad", "value_and_grad", "vmap", "scan", "Optimizer")}
PICKLES = {"pickle", "cloudpickle", "dill", "marshal"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_nobody_uses(path):
    parsed = tree(path)
    measured_against = path.is_relative_to(ROOT / "bench")  # where nnx's own ways are the competitor
    assert not {*used(parsed)} & (BANNED if measured_against else BANNED | BANNED_NNX)
    assert not {name.split(".")[0] for name in imports(parsed)} & PICKLES


def measures(path: Path) -> bool:
    """Whether a change in this file may change what a run measures; `--rerun stale` asks the same of git."""
    room, *inside = path.relative_to(ROOT).parts
    return room == "shared" and inside[0] not in ("figures", "stats.py") or room == "projects" and not any(map(looks, inside[1:]))


def looks(name: str) -> bool:
    """Whether this file or module of a project only looks at results."""
    return name.removesuffix(".py") in {other.removesuffix(".py") for other in preview.AFTERWARDS}


@pytest.mark.parametrize("path", filter(measures, FILES), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_run_depends_on_what_makes_none_stale(path):
    assert not [name for name in ours(path) if below(name, ("shared.figures", "shared.stats"))]
    assert not [name for name in ours(path) if name.startswith("projects.") and looks(name.split(".")[2])]


@pytest.mark.parametrize("words", [["list"], ["list", "infinite_compute"], ["show", "infinite_compute/fig3"], ["status"]])
def test_looking_around_never_imports_jax(words, trained_runs):
    program = """
        import sys
        from launch.cli import main
        code = main(sys.argv[1:])
        print("modules:", code, *[name for name in ("jax", "flax", "optax", "wandb", "orbax", "torch") if name in sys.modules])
    """
    assert helpers.script(program, *words).splitlines()[-1] == "modules: 0"
