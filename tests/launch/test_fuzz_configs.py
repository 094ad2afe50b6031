"""Mistakes in config files, made up by the hundred: each is one line and exit code 2, nothing is started and nothing is written."""

import itertools

import pytest
from fuzz import few, refused
from hypothesis import given
from hypothesis import strategies as st

from launch import cli, configs

pytestmark = pytest.mark.usefixtures("nothing_starts")
junk = st.sampled_from([
    "None", "5", "'text'", "{}", "[]", "object()", "{1: 2}", "float('nan')", "(1, {2})", "lambda: 0", "b'x'", "[[...]]",
])  # fmt: skip
errors = st.sampled_from([
    "1 / 0", "missing", "config.no_such_field", "int('x')", "open('/no/such/file')", "raise_(ValueError('a\\nb'))", "raise_(SystemExit(0))",
    "raise_(SystemExit('bye'))", "raise_(KeyError('$(touch pwned)'))", "recurse()", "import_('os.nothing')",
])  # fmt: skip
HELP = """
def raise_(error):
    raise error

def recurse():
    return recurse()

def import_(name):
    import importlib
    return importlib.import_module(name)
"""
functions = st.sampled_from(["sweep", "needs", "resolve", "cost"])


FIELD = """
first = get_config

def get_config(scale):
    config = first(scale).unlock()
    with config.ignore_type():
        config.{} = {}
    return config
"""


def without(*values: str) -> st.SearchStrategy[str]:
    """Junk but for what is no mistake there."""
    return junk.filter(lambda value: value not in values)


fields = st.sampled_from(["'seed'", "'optim.lr'", "'flag'", "'sizes'", "'no'", "'optim'"])
names = st.sampled_from(["../up", "a b", "$(touch pwned)", "", "a/b", "'", "1a"])
MISTAKES = (
    st.builds(lambda function, error: f"{HELP}\ndef {function}(config):\n    {error}\n    return config", functions, errors),
    st.builds(lambda error: f"{HELP}\ndef get_config(scale):\n    config = None\n    return {error}", errors),
    st.builds(lambda error: f"{HELP}\nconfig = None\n{error}", errors),
    without("{}").map(lambda value: f"def get_config(scale):\n    return {value}"),
    without("{}").map(lambda value: f"def sweep(config):\n    yield {value}"),
    st.builds(lambda key, value: f"def sweep(config):\n    yield {{{key}: {value}}}", fields, without("5", "[]")),
    without("{}").map(lambda value: f"def needs(config):\n    return {value}"),
    junk.map(lambda value: f"def needs(config):\n    return {{'a': [({value}, {value})]}}"),
    junk.map(lambda value: f"def cost(config):\n    return {value}"),
    without("5").map(lambda value: f"def cost(config):\n    return {{'flops': {value}, 'bytes': 1.0}}"),
    without("[]", "{}").map(lambda value: FIELD.format("packable", value)),
    st.builds(FIELD.format, st.sampled_from(["entry", "mesh"]), without("'text'")),
    names.map(lambda name: FIELD.format("entry", repr(name))),
    st.sampled_from(["get_config", "resolve", "cost"]).map(lambda name: f"del {name}"),
    st.sampled_from(["def (", "    x = 1\n  y", "'''", "return 5", "x = [1, 2", "\\", "async def f(:", "import no_such_module"]),
)  # fmt: skip
NUMBERS = itertools.count()


@few
@given(st.one_of(MISTAKES))
def test_malformed_config_files(capsys, runs, tmp_path, monkeypatch, paper, text):
    monkeypatch.chdir(tmp_path)
    name = paper(f"fuzz{next(NUMBERS)}", text)
    said = refused(capsys, ["sweep", name, "--yes"])
    assert "Traceback" not in said and not runs.exists() and not (tmp_path / "pwned").exists()


def test_bytes_that_are_no_text_are_no_config(capsys, runs, paper):
    name = paper("a")
    path = configs.ROOT / "configs" / f"{name}.py"
    path.write_bytes(path.read_bytes() + b"\nx = '\xff\xfe'\n")
    refused(capsys, ["sweep", name, "--yes"])


def test_a_mistake_names_its_file_and_line(capsys, paper):
    name = paper("a", "def sweep(config):\n    yield {'seed': 1 // 0}")
    said = refused(capsys, ["sweep", name, "--yes"])
    line = next(number for number, text in enumerate((configs.ROOT / "configs/toy/a.py").read_text().splitlines(), 1) if "1 // 0" in text)
    assert f"ZeroDivisionError in configs/toy/a.py, line {line}" in said


def test_a_broken_config_does_not_hide_the_others(capsys, paper):
    paper("a", "def resolve(config):\n    1 / 0"), paper("b")
    assert cli.main(["list", "toy"]) == 0
    said = capsys.readouterr().out
    assert "broken" in said and "toy/b" in said and "A toy." in said
