"""What a reproduction must show, by sign and order, as checks on tables of runs.

Never the paper's absolute numbers: other data, smaller models, shorter trainings. `check` takes the tables of the figures by name (one that
is absent leaves its effects out) and returns one line per effect; where the runs that it needs are missing it is unknown.
"""

import math

import pandas as pd

from projects.dmpc.figures.ablations import ARMS, PROPOSALS, WHOLE, arms, ends
from projects.dmpc.figures.adaptation import BEFORE, LONGER, gains, worlds
from projects.dmpc.figures.adaptation import WHOLE as TRAINED
from projects.dmpc.figures.heights import OBJECTIVES, SOON, asked, nearer, targets
from projects.dmpc.figures.reading import METHODS, MIXED, UNKNOWN, better, finished, groups, mean, methods, score, sets, where
from projects.dmpc.figures.sweeps import along
from shared.figures.effects import Effect, Tables, effect, judge
from shared.stats import Interval

CLOSE = 10.0  # points that an MLP may stay below the planner it has learned from


def check(figures: Tables) -> list[Effect]:
    """Every effect that the given tables can speak about."""
    checks = {
        "fixed_reward": (ranking_helps, beats_cloning, beats_copying, beats_mbop),
        "ablations": (multi_step_proposals_help, multi_step_dynamics_help),
        "dynamics_error": (whole_horizons_are_off_by_less,),
        "candidates": (more_candidates_help,),
        "novel_reward": (heights_move,),
        "runtime": (ranking_costs,),
        "novel_dynamics": (a_defect_costs, adapting_helps, it_is_the_defect_that_is_learned, the_joint_model_gains_less),
        "distilled": (the_student_keeps_up,),
    }
    return judge(checks, figures)


def said(one: Interval) -> str:
    return f"{one.mean:+.1f} points" + (f" [{one.low:+.1f}, {one.high:+.1f}]" if math.isfinite(one.low) else "")


def above(table: pd.DataFrame, other: str, name: str) -> Effect:
    """D-MPC's score against another method's on mixed data: over the trainings of all environments, and on the mean of each."""
    expected = f"D-MPC above {METHODS[other]} on {MIXED} by more than chance, and on the mean of every environment"
    mixed = where(finished(table), collect__set=MIXED)
    found = {"all": lead(mixed, other)} | {place: lead(rows, other) for place, rows in sets(mixed).items()}
    found = {place: gap for place, gap in found.items() if math.isfinite(gap.mean)}
    if not found:
        return effect(name, expected)
    words = "; ".join(f"{place} {said(gap)}" for place, gap in found.items())
    return effect(name, expected, words, found["all"].low > 0 and all(gap.mean > 0 for gap in found.values()))


def lead(rows: pd.DataFrame, other: str) -> Interval:
    """[points] D-MPC above another method."""
    ours = methods(rows)
    return better(ours["dmpc"], ours[other]) if {"dmpc", other} <= set(ours) else UNKNOWN


def ranking_helps(table: pd.DataFrame) -> Effect:
    return above(table, "policy", "choosing among candidates")


def beats_cloning(table: pd.DataFrame) -> Effect:
    return above(table, "cloning", "planning, not cloning")


def beats_copying(table: pd.DataFrame) -> Effect:
    return above(table, "copying", "planning, not cloning of those who see their last action")


def beats_mbop(table: pd.DataFrame) -> Effect:
    return above(table, "mbop", "diffusion, not MLPs of one step")


def lower(table: pd.DataFrame, name: str, expected: str, than: dict[str, str]) -> Effect:
    """Whether every one of these arms has a lower score than the one that stands beside it, by more than chance."""
    found = arms(finished(table))
    gaps = {words: better(found[words], found[other]) for words, other in than.items() if {words, other} <= set(found)}
    gaps = {words: gap for words, gap in gaps.items() if math.isfinite(gap.mean)}
    if not gaps:
        return effect(name, expected)
    said_of = "; ".join(f"{words} {said(gap)}" for words, gap in gaps.items())
    return effect(name, expected, said_of, all(gap.high < 0 for gap in gaps.values()))


def multi_step_proposals_help(table: pd.DataFrame) -> Effect:
    return lower(table, "proposals of many steps", "MLP and diffusion proposals of one step below those, by the same dynamics", PROPOSALS)


def multi_step_dynamics_help(table: pd.DataFrame) -> Effect:
    others = {words: WHOLE for words in ARMS.values() if words.startswith("C")}
    return lower(table, "dynamics of many steps", "every other dynamics below D-MPC", others)


def whole_horizons_are_off_by_less(table: pd.DataFrame) -> Effect:
    """At the last step, on the data that was learned from."""
    name, expected = "rollouts", "multi-step diffusion off by less than a single-step MLP at the end of the horizon"
    rows = finished(table)
    learned = set(rows["collect.set"]) if "collect.set" in rows else set()
    found = groups(where(rows, error__set=min(learned)), "model.dynamics") if learned else {}
    last = {model: mean(ones[max(ones)], "rmse").mean for model, runs in found.items() if (ones := ends(runs))}
    if not {"multi_diffusion", "single_mlp"} <= {model for model, one in last.items() if math.isfinite(one)}:
        return effect(name, expected)
    ours, theirs = last["multi_diffusion"], last["single_mlp"]
    return effect(name, expected, f"{ours:.3g} against {theirs:.3g}", ours < theirs)


def more_candidates_help(table: pd.DataFrame) -> Effect:
    name, expected = "number of candidates", "the largest N above N = 1"
    found = along(finished(table), "plan.candidates", ("plan.candidates",))
    if len(found) < 2:
        return effect(name, expected)
    gap = better(found[max(found)], found[min(found)])
    if min(found) != 1 or not math.isfinite(gap.mean):
        return effect(name, expected)
    measured = ", ".join(f"N = {number}: {score(runs).mean:.1f}%" for number, runs in found.items())
    return effect(name, expected, f"{measured}; {said(gap)}", gap.mean > 0)


def heights_move(table: pd.DataFrame) -> Effect:
    """Ranked by the height alone, against ranked by the learned return."""
    name, expected = "a novel reward", f"the torso nearer to every target than under the learned return, in the first {SOON} steps"
    rows, found = finished(table), {}
    for target in targets(rows):
        runs = asked(rows, target)
        if {"height", "return"} <= set(runs) and math.isfinite((gap := nearer(runs["height"], runs["return"], target)).mean):
            found[target] = gap
    if not found:
        return effect(name, expected)
    words = "; ".join(f"{target:g} m: nearer by {gap.mean:.3f} m [{gap.low:.3f}, {gap.high:.3f}]" for target, gap in found.items())
    return effect(name, expected, f"{OBJECTIVES['height'][1]}, {words}", all(gap.mean > 0 for gap in found.values()))


def ranking_costs(table: pd.DataFrame) -> Effect:
    name, expected = "what a plan costs", "D-MPC slower than its proposals alone"
    found = {method: mean(runs, "plan_ms").mean for method, runs in methods(finished(table)).items()}
    if not {"dmpc", "policy"} <= {method for method, one in found.items() if math.isfinite(one)}:
        return effect(name, expected)
    return effect(name, expected, f"{found['dmpc']:.1f} against {found['policy']:.1f} ms", found["dmpc"] > found["policy"])


# -- adaptation ---------------------------------------------------------------------------------------------------------------------------
def a_defect_costs(table: pd.DataFrame) -> Effect:
    name, expected = "a weaker joint", "D-MPC's score falls, by more than chance"
    found = worlds(methods(finished(table)).get("dmpc", pd.DataFrame()))
    gap = better(found[BEFORE], found[TRAINED]) if {BEFORE, TRAINED} <= set(found) else UNKNOWN
    return effect(name, expected, said(gap), gap.high < 0) if math.isfinite(gap.mean) else effect(name, expected)


def adapting_helps(table: pd.DataFrame) -> Effect:
    name, expected = "dynamics that adapt alone", "D-MPC wins back a part, by more than chance"
    gain = gains(finished(table)).get("dmpc", UNKNOWN)
    return effect(name, expected, said(gain), gain.low > 0) if math.isfinite(gain.mean) else effect(name, expected)


def it_is_the_defect_that_is_learned(table: pd.DataFrame) -> Effect:
    name, expected = "what adapting learns", "D-MPC adapted above D-MPC trained longer without the defect, by more than chance"
    gain = gains(finished(table), LONGER).get("dmpc", UNKNOWN)
    return effect(name, expected, said(gain), gain.low > 0) if math.isfinite(gain.mean) else effect(name, expected)


def the_joint_model_gains_less(table: pd.DataFrame) -> Effect:
    name, expected = "a joint model that adapts", "gains less than D-MPC"
    found = gains(finished(table))
    ours, theirs = (found.get(method, UNKNOWN) for method in ("dmpc", "guided"))
    if not all(math.isfinite(one.mean) for one in (ours, theirs)):
        return effect(name, expected)
    return effect(name, expected, f"{said(theirs)} against {said(ours)}", theirs.mean < ours.mean)


def the_student_keeps_up(table: pd.DataFrame) -> Effect:
    name, expected = "distillation", f"the MLP at most {CLOSE:g} points below the planner, and faster"
    found = methods(finished(table))
    gap = better(found["student"], found["dmpc"]) if {"student", "dmpc"} <= set(found) else UNKNOWN
    took = [mean(found[one], "plan_ms").mean if one in found else math.nan for one in ("student", "dmpc")]
    if not all(map(math.isfinite, (gap.mean, *took))):
        return effect(name, expected)
    return effect(name, expected, f"{said(gap)}, {took[0]:.2g} against {took[1]:.2g} ms", gap.mean > -CLOSE and took[0] < took[1])
