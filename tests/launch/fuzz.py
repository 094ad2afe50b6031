"""What is asked of malformed input, however it was made up: exit code 2, one line, no traceback.

$PAPERCLUB_FUZZ: how many of each kind (by default a few, and the same ones every time).
"""

import os
import re

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from launch import cli

MANY = int(os.environ.get("PAPERCLUB_FUZZ", 0))
few = settings(
    max_examples=MANY or 120, derandomize=not MANY, deadline=None, database=None, print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip

HOSTILE = (
    "$(touch pwned)", "`touch pwned`", "a; touch pwned", "' OR 1", '"', "a\nb", "../../etc", "*", "[/b]", "-", "--", "\xe9\udcff",
    "\x1b[2J", "",
)  # fmt: skip
words = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_characters="\0"), max_size=12))  # a command line holds no NUL


def refused(capsys, words: list[str]) -> str:
    """What a malformed line says, after it was looked at."""
    capsys.readouterr()
    code = cli.main(words)
    said = capsys.readouterr()
    assert code == 2, (words, said.out[-300:])
    assert re.fullmatch(r"error: [^\n]+\n", said.err), (words, said.err)
    return said.err
