"""The paper's recipes as sweeps. Figures are made of these pieces, so that figures that ask for the same run share it.

Every function takes the config of a scale and yields flat dicts of overrides; D is the scale's main one unless given.
"""

from collections.abc import Iterator

from ml_collections import ConfigDict

from configs.infinite_compute.scopes import SCOPES, Scope
from configs.infinite_compute.tuned import EXTRAPOLATED, LADDERS, REGULARISED, STANDARD, Point, members
from configs.sweeps import Overrides

AXES = ("optim.lr", "train.epochs", "optim.weight_decay")


def scope(config: ConfigDict) -> Scope:
    return SCOPES[config.scale]


def run(config: ConfigDict, model: str, point: Point, tokens: int = 0) -> Overrides:
    """One training run at (learning rate, epochs, weight decay)."""
    overrides = {"model.name": model, **dict(zip(AXES, point, strict=True))}
    return {**overrides, "data.tokens": tokens or scope(config).tokens}


def neighbours(point: Point, axes: tuple[str, ...] = AXES) -> Iterator[Point]:
    """The points one ladder step away along each axis; a ladder's end has one neighbour less."""
    for axis in axes:
        position, ladder = AXES.index(axis), LADDERS[axis]
        here = ladder.index(point[position])
        for there in (here - 1, here + 1):
            if 0 <= there < len(ladder):
                yield (*point[:position], ladder[there], *point[position + 1 :])


def seeded(config: ConfigDict, overrides: Overrides) -> Iterator[Overrides]:
    """The same run once per seed of initial weights and data order: they double as the first ensemble members.

    The paper trains single models once, with data seed 42; its scale keeps that.
    """
    count = scope(config).seeds
    for seed in range(count):
        yield {**overrides, "seed": seed, "data.seed": seed} if count > 1 else overrides


def tuned_standard(config: ConfigDict, model: str, tokens: int = 0) -> Point:
    return STANDARD[config.scale][tokens or scope(config).tokens][model]


def tuned(config: ConfigDict, model: str, tokens: int = 0) -> Point:
    """The regularised optimum."""
    return REGULARISED[config.scale][tokens or scope(config).tokens][model]


def tuned_member(config: ConfigDict, model: str, tokens: int = 0) -> Point:
    return members(config.scale, tokens or scope(config).tokens, model)


def standard_tuned(config: ConfigDict) -> Iterator[Overrides]:
    """Weight decay 0.1, tuned rate and epochs: every model, every seed."""
    for model in scope(config).models:
        yield from seeded(config, run(config, model, tuned_standard(config, model)))


def standard(config: ConfigDict) -> Iterator[Overrides]:
    """Weight decay 0.1: the tuned runs, the epoch curves at the tuned rate, and the neighbouring rates at the tuned epochs."""
    yield from standard_tuned(config)
    for model in scope(config).models:
        lr, _, decay = point = tuned_standard(config, model)
        for epochs in scope(config).standard_epochs[model]:
            yield run(config, model, (lr, epochs, decay))
        if "optim.lr" in scope(config).searched[model]:
            for neighbour in neighbours(point, ("optim.lr",)):
                yield run(config, model, neighbour)


def epoch_curve(config: ConfigDict) -> Iterator[Overrides]:
    """The headline model under the standard recipe, epoch by epoch."""
    model = scope(config).headline
    lr, _, decay = tuned_standard(config, model)
    for epochs in scope(config).standard_epochs[model]:
        yield run(config, model, (lr, epochs, decay))


def regularised_tuned(config: ConfigDict) -> Iterator[Overrides]:
    for model in scope(config).models:
        yield from seeded(config, run(config, model, tuned(config, model)))


def extrapolated(config: ConfigDict) -> Iterator[Overrides]:
    """Models beyond the law in N, which it is to predict."""
    for model, point in EXTRAPOLATED[config.scale].items():
        yield run(config, model, point)


def regularised(config: ConfigDict) -> Iterator[Overrides]:
    """The tuned runs and their neighbours on the axes that the scale searches."""
    yield from regularised_tuned(config)
    for model in scope(config).models:
        for neighbour in neighbours(tuned(config, model), scope(config).searched[model]):
            yield run(config, model, neighbour)


def ensemble(config: ConfigDict, model: str, point: Point, members: int, tokens: int = 0, vary: str = "both") -> Overrides:
    return {
        **run(config, model, point, tokens),
        "entry": "ensemble",
        "ensemble.members": members,
        "ensemble.vary": vary,
    }


def ensembles_of_headline(config: ConfigDict) -> Iterator[Overrides]:
    """Single-model hypers, then member hypers (twice the epochs, half the decay)."""
    model = scope(config).headline
    point = tuned(config, model)
    yield ensemble(config, model, point, scope(config).single_members)
    yield ensemble(config, model, tuned_member(config, model), scope(config).members[model])


def joint(config: ConfigDict) -> Iterator[Overrides]:
    """An ensemble with member hypers for every model."""
    for model in scope(config).models:
        yield ensemble(config, model, tuned_member(config, model), scope(config).members[model])


def standard_by_data(config: ConfigDict) -> Iterator[Overrides]:
    """The standard recipe at the other D, also those that are only its own: the tuned point and half its epochs."""
    for tokens in (*scope(config).other_tokens, *scope(config).standard_tokens):
        for model in scope(config).side_models:
            lr, epochs, decay = point = tuned_standard(config, model, tokens)
            yield run(config, model, point, tokens)
            yield run(config, model, (lr, max(epochs // 2, 1), decay), tokens)


def regularised_by_data(config: ConfigDict) -> Iterator[Overrides]:
    """The regularised recipe at the other D: the tuned point and its two neighbours in decay."""
    for tokens in scope(config).other_tokens:
        for model in scope(config).side_models:
            point = tuned(config, model, tokens)
            yield run(config, model, point, tokens)
            for neighbour in neighbours(point, ("optim.weight_decay",)):
                yield run(config, model, neighbour, tokens)


def joint_by_data(config: ConfigDict) -> Iterator[Overrides]:
    for tokens in scope(config).other_tokens:
        for model in scope(config).side_models:
            point = tuned_member(config, model, tokens)
            yield ensemble(config, model, point, scope(config).other_members, tokens)


def heatmap(config: ConfigDict, model: str) -> Iterator[Overrides]:
    """Small ensembles around the regularised optimum: epochs x weight decay, rate fixed."""
    lr, epochs, decay = tuned(config, model)
    for more in scope(config).heatmap_epochs:
        for less in scope(config).heatmap_decays:
            point = (lr, max(int(epochs * more), 1), decay * less)
            yield ensemble(config, model, point, scope(config).heatmap_members)


def student(config: ConfigDict, weight: float, members: int, decay: float = 0.1, teacher: str = "mixture") -> Overrides:
    """The headline model from fresh weights on real and synthetic text; one teacher member is self-distillation.

    Weak decay is best because data are no longer scarce (section 5 of the paper). With synthetic text only, as many steps as 1:1.
    """
    model = scope(config).headline
    lr, epochs, _ = tuned(config, model)
    teacher_lr, teacher_epochs, teacher_decay = tuned_member(config, model)
    return {
        **run(config, model, (lr, 2 * epochs if weight == 1.0 else epochs, decay)),
        "seed": 1000,  # never a member's
        "data.seed": 1000,
        "synthetic.weight": weight,
        "synthetic.members": members,
        "synthetic.teacher": teacher,
        "synthetic.lr": teacher_lr,
        "synthetic.epochs": teacher_epochs,
        "synthetic.weight_decay": teacher_decay,
    }


def teacher(config: ConfigDict) -> Overrides:
    """The ensemble that teaches, evaluated; its first row is the self-distillation teacher."""
    model = scope(config).headline
    return ensemble(config, model, tuned_member(config, model), scope(config).members[model])


def yardsticks(config: ConfigDict) -> Iterator[Overrides]:
    """The two yardsticks of distillation: the best single model of the student's size, and the teacher."""
    model = scope(config).headline
    yield from seeded(config, run(config, model, tuned(config, model)))
    yield teacher(config)


def students(config: ConfigDict) -> Iterator[Overrides]:
    """Distilled and self-distilled, at every share of synthetic text."""
    members = scope(config).members[scope(config).headline]
    for weight in reversed(scope(config).mixtures):
        yield student(config, weight, members)
        yield student(config, weight, 1)


def frozen(config: ConfigDict, axis: str) -> Iterator[Overrides]:
    """Models at their own optimum, but with the smallest model's value on one axis."""
    position = AXES.index(axis)
    held = tuned(config, scope(config).models[0])[position]
    for model in scope(config).side_models:
        point = tuned(config, model)
        yield run(config, model, (*point[:position], held, *point[position + 1 :]))


def continued(config: ConfigDict, batch_size: int, epochs: int) -> Overrides:
    """The headline's regularised model, continued on the second domain at a small constant-decay recipe."""
    model = scope(config).headline
    lr, first_epochs, decay = tuned(config, model)
    name, tokens, small_lr = scope(config).second_domain
    return {
        **run(config, model, (small_lr, epochs, 0.1), tokens),
        "data.name": name,
        "train.batch_size": batch_size,
        "start.data": config.data.name,
        "start.tokens": scope(config).tokens,
        "start.batch_size": config.train.batch_size,
        "start.lr": lr,
        "start.epochs": first_epochs,
        "start.weight_decay": decay,
    }
