"""The figures: NAME(table) -> matplotlib Figure and NAME_summary(table) -> rows, both pure functions of a table."""

from projects.dmpc.figures.ablations import ablations, ablations_summary, dynamics_error, dynamics_error_summary
from projects.dmpc.figures.adaptation import distilled, distilled_summary, novel_dynamics, novel_dynamics_summary
from projects.dmpc.figures.heights import novel_reward, novel_reward_summary
from projects.dmpc.figures.pictures import demo, demo_summary
from projects.dmpc.figures.sweeps import candidates, candidates_summary, horizon, horizon_summary, steps, steps_summary
from projects.dmpc.figures.table import fixed_reward, fixed_reward_summary, runtime, runtime_summary

__all__ = [
    "ablations", "ablations_summary", "candidates", "candidates_summary", "demo", "demo_summary", "distilled", "distilled_summary",
    "dynamics_error", "dynamics_error_summary", "fixed_reward", "fixed_reward_summary", "horizon", "horizon_summary", "novel_dynamics",
    "novel_dynamics_summary", "novel_reward", "novel_reward_summary", "runtime", "runtime_summary", "steps", "steps_summary",
]  # fmt: skip
