"""What a reproduction must show, by sign and order, as checks on tables of runs.

Never the paper's absolute numbers: other episodes, smaller images, shorter trainings. `check` takes the tables of the figures by name (one
that is absent leaves its effects out) and returns one line per effect; where the runs that it needs are missing it is unknown.
"""

import math
from collections.abc import Callable

import numpy as np
import pandas as pd

from projects.lewm.figures.ablations import FIELDS, along
from projects.lewm.figures.latents import twins
from projects.lewm.figures.pictures import lengths
from projects.lewm.figures.protocol import protocols
from projects.lewm.figures.reading import ENVIRONMENTS, MODELS, finished, groups, mean, number, players, slack, success, values, where
from projects.lewm.figures.times import ratio
from projects.lewm.figures.training import at, courses, together
from projects.lewm.published import value
from shared.figures.effects import Effect, Tables, effect, judge
from shared.stats import Interval

FAR_ABOVE = 40.0  # points: LeWM over random play in TwoRoom
REPLAYED = 99.0  # %: the recorded actions lead to the goal, or the simulator is no function of the state
FLAT = 15.0  # points within which settings count as equal
DROP = 20.0  # points that a setting outside the plateau loses
SEEDS_APART = 10.0  # points of deviation over seeds
FOUND = 0.9  # share of teleports that have the highest score at their very frame
CHANCE = 0.01  # p of the paired t-test
READABLE = 0.99  # r
COLLAPSED = 0.1  # spread of latents, of the healthy twin's
NEAR_CONSTANT = 0.2  # within which SIGReg is that of a constant
PLATEAU = 0.1  # of the fall of SIGReg since the first evaluation, that its last quarter may vary by
TIMES = 10.0  # a plan over patches, of one over single latents
NEIGHBOURLY = 5.0  # times chance: neighbours that the plane keeps


def check(figures: Tables) -> list[Effect]:
    """Every effect that the given tables can speak about."""
    checks = {
        "fig6": (far_above_random, above_random_in_reacher, ordered_in_pusht, recorded_actions_arrive),
        "fig10": (teleports_are_found, teleports_are_significant, colours_surprise_less),
        "fig13": (pldm_notices_both,),
        "table1": (places_before_angles, lewm_is_read_better),
        "table3": (place_is_read,),
        "collapse": (collapses_without_sigreg, nothing_is_left),
        "fig18": (sigreg_plateaus, prediction_falls),
        "fig17": (paths_straighten, straighter_than_pldm),
        "fig16": (weights_are_flat, drops_without_sigreg),
        "fig15": (width_matters, directions_and_knots_do_not),
        "table5": (seeds_agree,),
        "table7": (reconstruction_gains_nothing,),
        "table8": (encoders_are_alike,),
        "table9": (much_dropout_hurts,),
        "table10": (cem_beats_gradients,),
        "protocol": (held_out_is_as_easy, far_is_harder),
        "fig3": (patches_take_longer,),
        "fig9": (neighbours_stay,),
        "fig7": (imagines_better_than_nothing,),
        "fig8": (longer_training_shows_more,),
    }
    return judge(checks, figures)


# -- helpers --------------------------------------------------------------------------------------------------------------
def of(world: str, table: pd.DataFrame) -> dict[str, Interval]:
    """Player -> its success in an environment, [%]; those that were measured."""
    found = {player: success(runs) for player, runs in players(where(finished(table), env__name=world)).items()}
    return {player: one for player, one in found.items() if math.isfinite(one.mean)}


def by_world(table: pd.DataFrame, *columns: str) -> dict[str, list[float]]:
    """Environment -> its numbers, where all of them were measured."""
    found = {world: [mean(runs, column).mean for column in columns] for world, runs in groups(finished(table), "env.name").items()}
    return {ENVIRONMENTS.get(world, world): ours for world, ours in found.items() if all(map(math.isfinite, ours))}


def everywhere(name: str, expected: str, found: dict[str, tuple[str, bool]]) -> Effect:
    """What holds only if it holds in every environment that was measured."""
    text = "; ".join(f"{place} {words}" for place, (words, _) in found.items())
    return effect(name, expected, text, all(holds for _, holds in found.values())) if found else effect(name, expected)


def by(table: pd.DataFrame, field: str) -> dict[object, Interval]:
    """Value of a field -> success, [%]; those that were measured."""
    found = {one: success(runs) for one, runs in groups(finished(table), field).items()}
    return {one: share for one, share in found.items() if math.isfinite(share.mean)}


def in_words(found: dict[object, Interval]) -> str:
    return ", ".join(f"{number(one)} {share.mean:.0f}%" for one, share in found.items())


# -- Figure 6 -------------------------------------------------------------------------------------------------------------
def far_above_random(table: pd.DataFrame) -> Effect:
    name, expected = "plans in TwoRoom", f"LeWM at least {FAR_ABOVE:g} points above random play"
    found = of("tworoom", table)
    if not {"lewm", "random"} <= set(found):
        return effect(name, expected)
    lewm, random = found["lewm"].mean, found["random"].mean
    return effect(name, expected, f"{lewm:.3g}% against {random:.0f}%", lewm - random >= FAR_ABOVE)


def above_random_in_reacher(table: pd.DataFrame) -> Effect:
    name, expected = "plans in Reacher", "LeWM above random play, by more than chance"
    found = of("reacher", table)
    if not {"lewm", "random"} <= set(found):
        return effect(name, expected)
    lewm, random = found["lewm"], found["random"]
    return effect(name, expected, f"{lewm.mean:.3g}% against {random.mean:.0f}%", lewm.mean - random.mean > slack(lewm, random))


def ordered_in_pusht(table: pd.DataFrame) -> Effect:
    name, expected = "plans in Push-T", "LeWM at least PLDM's success, PLDM at least random play's, within the noise"
    found = of("pusht", table)
    if not {*MODELS, "random"} <= set(found):
        return effect(name, expected)
    ones = [found[player] for player in (*MODELS, "random")]
    text = ", ".join(f"{words} {one.mean:.0f}%" for words, one in zip(("LeWM", "PLDM", "random"), ones, strict=True))
    return effect(name, expected, text, all(a.mean >= b.mean - slack(a, b) for a, b in zip(ones, ones[1:], strict=False)))


def recorded_actions_arrive(table: pd.DataFrame) -> Effect:
    worlds = groups(finished(table), "env.name")
    found = {ENVIRONMENTS.get(world, world): of(world, table)["replay"].mean for world in worlds if "replay" in of(world, table)}
    lines = {place: (f"{share:.1f}%", share >= REPLAYED) for place, share in found.items()}
    return everywhere("recorded actions", f"reach at least {REPLAYED:g}% of the goals", lines)


# -- Figures 10 and 13 ----------------------------------------------------------------------------------------------------
def teleports_are_found(table: pd.DataFrame) -> Effect:
    found = by_world(table, "detected/teleport")
    lines = {place: (f"{share:.0%}", share >= FOUND) for place, (share,) in found.items()}
    return everywhere("teleports, LeWM", f"the highest score at the very frame, in at least {FOUND:.0%}", lines)


def teleports_are_significant(table: pd.DataFrame) -> Effect:
    found = by_world(table, "p/teleport", "ratio/teleport")
    lines = {place: (f"{ratio:.3g}x, p {p:.0e}", p < CHANCE and ratio > 1) for place, (p, ratio) in found.items()}
    return everywhere("teleports, LeWM, by the test", f"more surprising than what was, p < {CHANCE:g}", lines)


def colours_surprise_less(table: pd.DataFrame) -> Effect:
    found = by_world(table, "surprise/visual", "surprise/teleport")
    lines = {place: (f"{colour:.3g} against {teleport:.3g}", colour < teleport) for place, (colour, teleport) in found.items()}
    return everywhere("another colour, LeWM", "less surprising than a teleport", lines)


def pldm_notices_both(table: pd.DataFrame) -> Effect:
    found = by_world(table, "p/visual", "p/teleport", "ratio/visual", "ratio/teleport")
    lines = {
        place: (f"colour p {colour:.0e}, teleport p {teleport:.0e}", max(colour, teleport) < CHANCE and min(ratios) > 1)
        for place, (colour, teleport, *ratios) in found.items()
        if place in ("TwoRoom", "Push-T")
    }
    return everywhere("both violations, PLDM", f"noticed in TwoRoom and Push-T, p < {CHANCE:g}", lines)


# -- probes ---------------------------------------------------------------------------------------------------------------
def of_kind(table: pd.DataFrame, kind: str, column: str) -> float:
    return mean(where(finished(table), loss__kind=kind), column).mean


def places_before_angles(table: pd.DataFrame) -> Effect:
    name, expected = "probes in Push-T", "the MLP reads both places better than the block's angle, from LeWM"
    agent, block, angle = (of_kind(table, "lewm", f"probe/{one}/mlp/r") for one in ("agent_location", "block_location", "block_angle"))
    if not all(map(math.isfinite, (agent, block, angle))):
        return effect(name, expected)
    return effect(name, expected, f"r {agent:.3f}, {block:.3f}, angle {angle:.3f}", min(agent, block) > angle)


def lewm_is_read_better(table: pd.DataFrame) -> Effect:
    name, expected = "linear probes in Push-T", "LeWM ahead of PLDM in agent's place, block's place, block's angle"
    columns = [f"probe/{one}/linear/mse" for one in ("agent_location", "block_location", "block_angle")]
    found = [(of_kind(table, "lewm", column), of_kind(table, "pldm", column)) for column in columns]
    if not all(math.isfinite(one) for pair in found for one in pair):
        return effect(name, expected)
    text = ", ".join(f"{lewm:.3g} against {pldm:.3g}" for lewm, pldm in found)
    return effect(name, expected, text, all(lewm < pldm for lewm, pldm in found))


def place_is_read(table: pd.DataFrame) -> Effect:
    name, expected = "probes in TwoRoom", f"the MLP reads the agent's place from LeWM with r > {READABLE:g}"
    r = of_kind(table, "lewm", "probe/agent_location/mlp/r")
    return effect(name, expected, f"r {r:.4f}", r > READABLE) if math.isfinite(r) else effect(name, expected)


def pair_of_twins(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame] | None:
    """With SIGReg, without."""
    found = twins(table)
    healthy = [runs for weight, runs in found.items() if weight]
    return (healthy[0], found[0.0]) if healthy and 0.0 in found else None


def collapses_without_sigreg(table: pd.DataFrame) -> Effect:
    name, expected = "without SIGReg", f"latents collapse: spread below {COLLAPSED:g} of the twin's, SIGReg that of a constant"
    pair = pair_of_twins(table)
    if pair is None:
        return effect(name, expected)
    spreads = [mean(runs, "latent/std").mean for runs in pair]
    constant = value("sigreg.collapsed") * float(pair[1]["train.batch_size"].iloc[0])
    test = mean(pair[1], "latent/sigreg").mean
    if not all(map(math.isfinite, (*spreads, test))):
        return effect(name, expected)
    text = f"spread {spreads[1]:.2g} against {spreads[0]:.2g}, SIGReg {test:.1f} (a constant's {constant:.1f})"
    holds = spreads[1] < COLLAPSED * spreads[0] and abs(test / constant - 1) < NEAR_CONSTANT
    return effect(name, expected, text, holds)


def nothing_is_left(table: pd.DataFrame) -> Effect:
    name, expected = "without SIGReg, probes", "the linear probe reads the agent's place less well"
    pair = pair_of_twins(table)
    errors = [mean(runs, "probe/agent_location/linear/mse").mean for runs in pair or ()]
    if len(errors) < 2 or not all(map(math.isfinite, errors)):
        return effect(name, expected)
    return effect(name, expected, f"error {errors[1]:.3g} against {errors[0]:.3g}", errors[1] > errors[0])


# -- training -------------------------------------------------------------------------------------------------------------
def courses_by_world(table: pd.DataFrame, column: str) -> dict[str, pd.Series]:
    """Environment -> the mean over seeds of a number by step, where there are at least four evaluations."""
    found = {world: courses(runs, column) for world, runs in groups(finished(table), "env.name").items()}
    lines = {ENVIRONMENTS.get(world, world): together(ones) for world, ones in found.items() if ones}
    return {place: line for place, line in lines.items() if len(line) >= 4}


def sigreg_plateaus(table: pd.DataFrame) -> Effect:
    lines = {}
    for place, line in courses_by_world(table, "val/sigreg").items():
        quarter = line.iloc[-max(2, len(line) // 4) :]
        fall, varies = line.iloc[0] - line.iloc[-1], quarter.max() - quarter.min()
        lines[place] = (f"{line.iloc[0]:.2f} to {line.iloc[-1]:.2f}, at last within {varies:.2f}", fall > 0 and varies <= PLATEAU * fall)
    return everywhere("SIGReg during training", f"falls, and varies in the last quarter by at most {PLATEAU:.0%} of that", lines)


def prediction_falls(table: pd.DataFrame) -> Effect:
    found = courses_by_world(table, "val/prediction")
    lines = {place: (f"{line.iloc[0]:.3g} to {line.iloc[-1]:.3g}", line.iloc[-1] < line.iloc[0]) for place, line in found.items()}
    return everywhere("prediction error during training", "lower at the end than at the first evaluation", lines)


def paths_straighten(table: pd.DataFrame) -> Effect:
    found = courses_by_world(where(table, loss__kind="lewm"), "val/straightness")
    lines = {place: (f"{line.iloc[0]:+.2f} to {line.iloc[-1]:+.2f}", line.iloc[-1] > line.iloc[0]) for place, line in found.items()}
    return everywhere("straightness, LeWM", "higher at the end than at the first evaluation", lines)


def straighter_than_pldm(table: pd.DataFrame) -> Effect:
    lines = {}
    for world, runs in groups(finished(table), "env.name").items():
        lewm, pldm = (at(where(runs, loss__kind=kind), "val/straightness", -1).mean for kind in MODELS)
        if math.isfinite(lewm) and math.isfinite(pldm):
            lines[ENVIRONMENTS.get(world, world)] = (f"{lewm:+.2f} against {pldm:+.2f}", lewm > pldm)
    return everywhere("straightness, LeWM and PLDM", "LeWM's paths are straighter at the end", lines)


# -- ablations ------------------------------------------------------------------------------------------------------------
def weights_are_flat(table: pd.DataFrame) -> Effect:
    name, expected = "the weight of SIGReg", f"from 0.01 to 0.2 within {FLAT:g} points of the best"
    found = by(table, "loss.sigreg")
    flat = {w: share for w, share in found.items() if value("fig16.plateau_low") <= w <= value("fig16.plateau_high")}
    if len(flat) < 2:
        return effect(name, expected)
    best = max(share.mean for share in found.values())
    return effect(name, expected, in_words(found), min(share.mean for share in flat.values()) >= best - FLAT)


def drops_without_sigreg(table: pd.DataFrame) -> Effect:
    name, expected = "lambda = 0", f"at least {DROP:g} points below the best"
    found = by(table, "loss.sigreg")
    if 0.0 not in found or len(found) < 2:
        return effect(name, expected)
    best = max(share.mean for share in found.values())
    return effect(name, expected, f"{found[0.0].mean:.3g}% against {best:.0f}%", found[0.0].mean <= best - DROP)


def along_field(table: pd.DataFrame, field: str) -> dict[object, Interval]:
    found = {one: success(runs) for one, runs in along(table, field).items()}
    return {one: share for one, share in found.items() if math.isfinite(share.mean)}


def width_matters(table: pd.DataFrame) -> Effect:
    name, expected = "the width of the latents", "the narrowest does worse than the widest"
    found = along_field(table, "latent.width")
    if len(found) < 2:
        return effect(name, expected)
    return effect(name, expected, in_words(found), found[min(found)].mean < found[max(found)].mean)


def directions_and_knots_do_not(table: pd.DataFrame) -> Effect:
    name, expected = "directions and knots of SIGReg", f"all within {FLAT:g} points of each other"
    lines = {field: along_field(table, field) for field in FIELDS if field != "latent.width"}
    lines = {field: [share.mean for share in found.values()] for field, found in lines.items() if len(found) > 1}
    if not lines:
        return effect(name, expected)
    text = "; ".join(f"{FIELDS[field]} {min(shares):.0f} to {max(shares):.0f}%" for field, shares in lines.items())
    return effect(name, expected, text, all(max(shares) - min(shares) <= FLAT for shares in lines.values()))


def seeds_agree(table: pd.DataFrame) -> Effect:
    name, expected = "seeds of LeWM", f"success deviates by at most {SEEDS_APART:g} points"
    shares = 100 * values(where(finished(table), loss__kind="lewm"), "success")
    if len(shares) < 2:
        return effect(name, expected)
    deviation = float(np.std(shares, ddof=1))
    return effect(name, expected, f"{deviation:.1f} points over {len(shares)} seeds", deviation <= SEEDS_APART)


def compared(
    table: pd.DataFrame, field: str, one: object, other: object, name: str, expected: str, holds: Callable[[Interval, Interval], bool]
) -> Effect:
    """The success of two settings of a field."""
    found = by(table, field)
    if one not in found or other not in found:
        return effect(name, expected)
    text = in_words({setting: found[setting] for setting in (one, other)})
    return effect(name, expected, text, holds(found[one], found[other]))


def reconstruction_gains_nothing(table: pd.DataFrame) -> Effect:
    heaviest = max(by(table, "loss.reconstruction"), default=0.0)
    expected = "no better than without, within the noise"
    holds = lambda on, off: on.mean <= off.mean + slack(on, off)  # noqa: E731
    return compared(table, "loss.reconstruction", heaviest or math.nan, 0.0, "a reconstruction loss", expected, holds)


def encoders_are_alike(table: pd.DataFrame) -> Effect:
    holds = lambda vit, resnet: abs(vit.mean - resnet.mean) <= FLAT  # noqa: E731
    return compared(table, "encoder.kind", "vit", "resnet", "ViT and ResNet-18", f"within {FLAT:g} points", holds)


def much_dropout_hurts(table: pd.DataFrame) -> Effect:
    holds = lambda little, much: much.mean < little.mean  # noqa: E731
    return compared(table, "predictor.dropout", 0.1, 0.5, "dropout", "0.5 worse than 0.1", holds)


def cem_beats_gradients(table: pd.DataFrame) -> Effect:
    name, expected = "solvers", "CEM at least as good as every gradient solver, within the noise, planning with LeWM"
    found = by(where(table, loss__kind="lewm"), "plan.solver")
    gradients = [found[solver] for solver in ("adam", "rmsprop", "sgd") if solver in found]
    if "cem" not in found or not gradients:
        return effect(name, expected)
    cem = found["cem"]
    return effect(name, expected, in_words(found), all(cem.mean >= one.mean - slack(cem, one) for one in gradients))


# -- the protocol, times, pictures ----------------------------------------------------------------------------------------
def held_out_is_as_easy(table: pd.DataFrame) -> Effect:
    name, expected = "pairs from held-out episodes", "about as easy as from all, within the noise"
    rows = where(finished(table), **{"plan__policy": "model"})
    unseen, near = where(rows, protocol__held_out=True), where(rows, protocol__held_out=False)
    if unseen.empty or near.empty:
        return effect(name, expected)
    same = near[
        (near["protocol.offset"] == unseen["protocol.offset"].iloc[0]) & (near["protocol.pairs"] == unseen["protocol.pairs"].iloc[0])
    ]
    ones = success(unseen), success(same)
    if not all(math.isfinite(one.mean) for one in ones):
        return effect(name, expected)
    return effect(name, expected, f"{ones[0].mean:.3g}% against {ones[1].mean:.0f}%", abs(ones[0].mean - ones[1].mean) <= slack(*ones))


def far_is_harder(table: pd.DataFrame) -> Effect:
    """Player by player: the farthest goals against the nearest."""
    found: dict[str, list[tuple[int, float]]] = {}
    for runs in protocols(finished(table)).values():
        for player, ones in players(runs).items():
            found.setdefault(player, []).append((int(runs["protocol.offset"].iloc[0]), success(ones).mean))
    lines = {}
    for player, shares in found.items():
        shares = sorted((offset, share) for offset, share in shares if math.isfinite(share))
        if shares and shares[0][0] < shares[-1][0]:
            near = max(share for offset, share in shares if offset == shares[0][0])
            words = f"{near:.0f}% at {shares[0][0]}, {shares[-1][1]:.0f}% at {shares[-1][0]} steps"
            lines["LeWM" if player == "lewm" else player] = (words, shares[-1][1] < near)
    return everywhere("far goals", "are reached less often, by plans and by random play", lines)


def patches_take_longer(table: pd.DataFrame) -> Effect:
    name, expected = "time of a plan", f"over patches more than {TIMES:g} times that over single latents"
    times = ratio(finished(table))
    return effect(name, expected, f"{times:.1f} times", times > TIMES) if math.isfinite(times) else effect(name, expected)


def neighbours_stay(table: pd.DataFrame) -> Effect:
    found = by_world(table, "neighbours/plane", "neighbours/chance")
    lines = {place: (f"{plane:.0%}, chance {chance:.0%}", plane >= NEIGHBOURLY * chance) for place, (plane, chance) in found.items()}
    return everywhere("neighbours in the plane", f"near in truth at least {NEIGHBOURLY:g} times as often as by chance", lines)


def imagines_better_than_nothing(table: pd.DataFrame) -> Effect:
    found = by_world(table, "imagine/latent", "imagine/latent_still")
    lines = {place: (f"{error:.3g} against {still:.3g}", error < still) for place, (error, still) in found.items()}
    return everywhere("imagined latents", "nearer to the truth than no motion, over all steps", lines)


def longer_training_shows_more(table: pd.DataFrame) -> Effect:
    name, expected = "reconstructions", "the longest training's are better than the shortest's"
    found = {steps: mean(runs, "val/reconstruction").mean for steps, runs in lengths(table).items()}
    found = {steps: error for steps, error in found.items() if math.isfinite(error)}
    if len(found) < 2:
        return effect(name, expected)
    text = ", ".join(f"{number(steps)} steps {error:.2g}" for steps, error in found.items())
    return effect(name, expected, text, found[max(found)] < found[min(found)])
