"""The paper's own numbers, and the rows of ours beside them."""

from pathlib import Path

from shared.figures.published import Paper

paper = Paper(Path(__file__).parent)
published, value, known, row = paper.published, paper.value, paper.known, paper.row
