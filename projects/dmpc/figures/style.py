"""How every figure looks: one colour per method."""

from shared.figures.bars import clusters
from shared.figures.style import INK, PAPER, canvas, curve, label, legend, level, log_ticks, nothing

__all__ = ["COLORS", "INK", "MODELS", "PAPER", "canvas", "clusters", "curve", "label", "legend", "level", "log_ticks", "looks", "nothing"]

COLORS = {
    "dmpc": "#c8553d", "policy": "#d59a2e", "cloning": "#8a8f98", "copying": "#c3c6cb", "mbop": "#2f6690", "guided": "#4f8a4c",
    "student": "#7a4988", "simulated": "#5fa8a0",
}  # fmt: skip
# model.dynamics -> colour and name
MODELS = {
    "multi_diffusion": ("#c8553d", "multi-step diffusion"), "single_diffusion": ("#d59a2e", "single-step diffusion"),
    "single_mlp": ("#2f6690", "single-step MLP"), "multi_mlp": ("#4f8a4c", "multi-step MLP"),
    "autoregressive": ("#7a4988", "autoregressive"),
}  # fmt: skip


def looks(names: dict[str, str]) -> dict[str, dict[str, object]]:
    """Series -> how its bars are drawn."""
    return {name: {"color": COLORS.get(name, PAPER), "label": words} for name, words in names.items()}
