"""Our side of bench/generalization.py and those of the competitors that need no environment of their own, processes that are timed on
request: python -m bench._generalization TASK CORES CONFIG

TASK is gp, sklearn or scipy (Gaussian processes on the same pictures), lanczos, subspace, coder, or golden, which serves nobody: it
writes to the file config.golden what PyTorch's side needs to compute the same, and what we have computed. CONFIG is the JSON of a
resolved config of generalization, with `task` (lanczos or subspace) and `golden` besides for golden, `steps` for lanczos; for coder it
has nothing but `symbols`.
"""

import json
import sys

from bench import _ours, _side, _symbols

_ours.begin()

from collections.abc import Callable  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
import optax  # noqa: E402
from jax.flatten_util import ravel_pytree  # noqa: E402
from ml_collections import ConfigDict  # noqa: E402

from bench._ours import seconds  # noqa: E402
from projects.generalization import coder, gp, labels, subspace  # noqa: E402
from projects.generalization.family import Family, centred, family  # noqa: E402
from projects.generalization.pictures import altered, choose, one_hot  # noqa: E402
from projects.generalization.process import median_distance  # noqa: E402
from shared import fit  # noqa: E402
from shared.curvature import Objective, hessian  # noqa: E402
from shared.data import labelled  # noqa: E402
from shared.lanczos import krylov, ritz  # noqa: E402
from shared.optim import warmup_cosine  # noqa: E402

Arrays = dict[str, np.ndarray]


# -- Gaussian processes -------------------------------------------------------------------------------------------------------------------
def process(config: ConfigDict) -> None:
    """All shares of altered labels of one kernel."""
    def levels() -> list[dict[str, float]]:
        with jax.enable_x64(True):
            return gp.levels(config, config.seed)

    _side.serve(lambda: seconds(levels), warm=1, errors=[row["test_error"] for row in levels()])


def theirs(config: ConfigDict, predict: Callable[[np.ndarray, np.ndarray, np.ndarray, float], np.ndarray]) -> None:
    """The same pictures and labels. predict(x, targets, test_x, length) is called once per share, as one would without us."""
    def errors() -> list[float]:
        some = choose(config.data, config.seed)
        length = config.gp.lengthscale * median_distance(some.x)
        found = []
        for share in config.gp.altered:
            targets = one_hot(altered(some.labels, share, some.classes, config.seed), some.classes) - 1 / some.classes
            found.append(float((predict(some.x, targets, some.test_x, length).argmax(1) != some.test_labels).mean()))
        return found

    _side.serve(lambda: seconds(errors), warm=0, errors=errors())


def sklearn(config: ConfigDict) -> None:
    """GaussianProcessRegressor with a kernel that is not fitted; its fit works out the evidence, too."""
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF

    def predict(x: np.ndarray, targets: np.ndarray, test_x: np.ndarray, length: float) -> np.ndarray:
        return GaussianProcessRegressor(RBF(length), alpha=config.gp.jitter, optimizer=None).fit(x, targets).predict(test_x)

    theirs(config, predict)


def scipy(config: ConfigDict) -> None:
    """A page of a textbook: Cholesky factor, predictions and evidence per set of targets."""
    from scipy.linalg import cho_factor, cho_solve
    from scipy.spatial.distance import cdist

    def predict(x: np.ndarray, targets: np.ndarray, test_x: np.ndarray, length: float) -> np.ndarray:
        kernel = np.exp(-cdist(x, x, "sqeuclidean") / (2 * length**2)) + config.gp.jitter * np.eye(len(x))
        factor = cho_factor(kernel, lower=True)
        dual = cho_solve(factor, targets)
        _ = -0.5 * (targets * dual).sum() - targets.shape[1] * np.log(np.diag(factor[0])).sum()
        return np.exp(-cdist(test_x, x, "sqeuclidean") / (2 * length**2)) @ dual

    theirs(config, predict)


# -- Lanczos ------------------------------------------------------------------------------------------------------------------------------
def points(config: ConfigDict) -> labels.Points:
    """The first ones of the data set, true."""
    found = labels.training(labelled.load(config.data.name), 0.0, 0)
    return labels.Points(found.inputs[: config.data.train], found.labels[: config.data.train])


def searched(config: ConfigDict) -> tuple[Family, dict, labels.Points, Callable[[], np.ndarray]]:
    """A network at its start, the points of the loss, and Ritz values of its Hessian by config.steps products."""
    one, some = family(config.network.name, "sparse", 1, labelled.load(config.data.name)), points(config)
    params = one.model.init(jax.random.key(0))
    objective = Objective(
        lambda params, batch: one.model.apply(params, centred(batch.inputs)),
        lambda z, batch: optax.softmax_cross_entropy_with_integer_labels(z, batch.labels).mean(),
    )
    at = hessian(objective, [jax.tree.map(jnp.asarray, some)])
    start = jnp.asarray(np.random.default_rng(0).standard_normal(one.size), jnp.float32)
    return one, params, some, lambda: ritz(krylov(at(params), start, config.steps)).values


def lanczos(config: ConfigDict) -> None:
    one, _, _, search = searched(config)
    _side.serve(lambda: seconds(search), warm=1, parameters=one.size)


def golden_lanczos(config: ConfigDict) -> Arrays:
    one, params, some, search = searched(config)
    start = ravel_pytree(params)[1](jnp.asarray(np.random.default_rng(0).standard_normal(one.size), jnp.float32))
    return flat(params, "weights/") | flat(start, "start/") | {
        "inputs": np.asarray(centred(jnp.asarray(some.inputs))), "labels": some.labels, "values": search()[-5:],
    }  # fmt: skip


# -- training in a subspace ---------------------------------------------------------------------------------------------------------------
def task(config: ConfigDict) -> tuple[Family, fit.Task]:
    """What projects/generalization/subspace.py trains, on one batch."""
    c, data = config.subspace, labelled.load(config.data.name)
    one = family(config.network.name, c.projector, c.dimension, data)
    batch = jax.tree.map(lambda leaf: leaf[None], labels.batches(labels.training(data, 0.0, 0), c.batch_size, 0)(0))
    return one, fit.Task(
        init=lambda key, hyper: {"v": jnp.zeros(c.dimension), "frozen": one.freeze(hyper["seed"])},
        loss=lambda params, batch, key, hyper: (
            subspace.cross_entropy(one, params["frozen"], params["v"], batch), {"frozen": params["frozen"]},
        ),
        optimizer=lambda hyper: optax.adam(warmup_cosine(c.lr, c.steps, c.warmup)),
        batch=lambda step: batch,
        evaluate=lambda params: {},
        axes={"v": (None,), "frozen": one.axes},
        tokens_per_batch=c.batch_size,
        buffers=("frozen",),
    )  # fmt: skip


def training(config: ConfigDict) -> None:
    """The step that shared.fit compiles, of a pack of one."""
    one, made = task(config)
    init_state, step = fit.build(made, 100)
    hyper = {"seed": jnp.array([0])}
    state, step = fit.born(init_state, None)(hyper), jax.jit(step, donate_argnums=0)

    def advance() -> dict[str, jax.Array]:
        nonlocal state
        state, metrics = step(state, made.batch(0), hyper)
        return metrics

    _side.serve(lambda: seconds(advance), warm=5, parameters=one.size)


def golden_subspace(config: ConfigDict) -> Arrays:
    """Loss and gradient at a v that is not 0."""
    one, made = task(config)
    frozen, batch = one.freeze(0), jax.tree.map(lambda leaf: leaf[0], made.batch(0))
    v = jnp.asarray(np.random.default_rng(0).standard_normal(config.subspace.dimension), jnp.float32)
    loss, gradient = jax.jit(jax.value_and_grad(lambda v: subspace.cross_entropy(one, frozen, v, batch)))(v)
    return flat(frozen["start"], "weights/") | flat(frozen["factors"], "factors/") | {
        "inputs": np.asarray(centred(jnp.asarray(batch.inputs))), "labels": batch.labels, "v": v, "loss": loss, "gradient": gradient,
    }  # fmt: skip


def flat(tree: dict, before: str) -> Arrays:
    leaves = jax.tree_util.tree_flatten_with_path(tree)[0]
    return {before + "/".join(str(step.key) for step in path): leaf for path, leaf in leaves}


def golden(config: ConfigDict) -> None:
    arrays = {"lanczos": golden_lanczos, "subspace": golden_subspace}[config.task](config)
    np.savez(config.golden, **{name: np.asarray(values) for name, values in arrays.items()})


# -- the range coder ----------------------------------------------------------------------------------------------------------------------
def coding(config: ConfigDict) -> None:
    """There and back, by frequencies that both sides know."""
    found = _symbols.drawn(config.symbols)
    symbols, model = found.tolist(), coder.Static(_symbols.frequencies(found))

    def both() -> int:
        code = coder.encode(symbols, model)
        assert coder.decode(code.data, len(symbols), model) == symbols
        return code.bits

    _side.serve(lambda: seconds(both), warm=1, bits=both())


if __name__ == "__main__":
    tasks = {"gp": process, "sklearn": sklearn, "scipy": scipy, "lanczos": lanczos, "subspace": training, "coder": coding, "golden": golden}
    tasks[sys.argv[1]](ConfigDict(json.loads(sys.argv[3])))
