"""Malformed command lines, made up by the hundred: each is one line and exit code 2, nothing is started and nothing is written."""

import pytest
from fuzz import few, refused, words
from hypothesis import given
from hypothesis import strategies as st

from launch import cli, configs
from shared.data import registry

pytestmark = pytest.mark.usefixtures("nothing_starts")
TRAIN = ["run", "infinite_compute/train", "--scale=smoke"]
letters = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8)
FIELDS = list(configs.flatten(configs.base_config(configs.load("infinite_compute/train"), "smoke", []).to_dict()).items())
COMPUTING = ("run", "sweep", "show", "figure")


def numeric(text: str, kind: type) -> bool:
    try:
        return kind(text) is not None
    except ValueError:
        return False


def unknown_verbs() -> st.SearchStrategy[list[str]]:
    return words.filter(lambda word: word not in verbs() and not word.startswith("-")).map(lambda word: [word])


def verbs() -> list[str]:
    return list(next(action for action in cli.parser()._actions if action.dest == "verb").choices)


def unknown_configs() -> st.SearchStrategy[list[str]]:
    def unknown(name: str) -> bool:
        return name.removeprefix("configs/").removesuffix(".py") not in configs.names() and not name.startswith("-")

    below, paths = words.map(lambda word: f"infinite_compute/{word}"), words.map(lambda word: f"configs/{word}.py")
    return st.builds(lambda verb, name: [verb, name], st.sampled_from(COMPUTING), st.one_of(words, below, paths).filter(unknown))


def unknown_fields() -> st.SearchStrategy[list[str]]:
    known = {field for field, _ in FIELDS}
    names = st.one_of(words, st.builds(lambda pair, more: pair[0] + more, st.sampled_from(FIELDS), letters))
    return names.filter(lambda name: name.split("=")[0] not in known).map(lambda name: [*TRAIN, f"--config.{name}=1"])


def values_of_another_kind() -> st.SearchStrategy[list[str]]:
    def wrong(pair: tuple[str, object]) -> st.SearchStrategy[list[str]]:
        field, value = pair
        junk = words.filter(lambda word: not numeric(word, float) and word.strip().lower() not in ("true", "false"))
        more = {bool: ["2"], int: ["1.5", "1e3"], float: ["nan", "inf", "-inf"]}[type(value)]
        return st.one_of(junk, st.sampled_from(more)).map(lambda text: [*TRAIN, f"--config.{field}={text}"])

    return st.sampled_from([pair for pair in FIELDS if type(pair[1]) in (bool, int, float)]).flatmap(wrong)


def unknown_options() -> st.SearchStrategy[list[str]]:
    """Every word that no verb knows, in every verb; options may be shortened, so they begin with two letters that none begins with."""
    lines = {verb: [] for verb in verbs()} | {verb: ["x"] for verb in ("logs", "cancel", "retry", "compare", "new-paper")}
    lines |= {verb: ["infinite_compute/train"] for verb in COMPUTING}
    return st.builds(lambda verb, word, value: [verb, *lines[verb], f"--zz{word}={value}"], st.sampled_from(sorted(lines)), letters, words)


def unknown_choices() -> st.SearchStrategy[list[str]]:
    options = {
        "--scale": configs.SCALES, "--sweep": (), "--limit": (), "--jobs": (), "--rerun": ("stale", "diverged", "all"),
        "--on": ("local", "loopback"),
    }  # fmt: skip

    def line(option: str) -> st.SearchStrategy[list[str]]:
        known = words.filter(lambda word: word not in options[option] and word and not word.isdecimal())
        return known.map(lambda word: ["sweep", "infinite_compute/demo", "--dry", "--config.save.final=false", f"{option}={word}"])

    return st.sampled_from(sorted(options)).flatmap(line)


def patterns_without_a_match() -> st.SearchStrategy[list[str]]:
    pattern = words.filter(lambda word: word and not word.startswith("-"))
    return st.builds(lambda verb, word: [verb, word], st.sampled_from(["status", "logs", "cancel", "retry", "compare", "gc"]), pattern)


def data_sets_that_are_none() -> st.SearchStrategy[list[str]]:
    there = registry.SOURCES | registry.LABELLED | registry.MODELS
    return words.filter(lambda word: word and word not in there and not word.startswith("-")).map(lambda word: ["data", word])


def missing_words() -> st.SearchStrategy[list[str]]:
    return st.sampled_from([[], ["run"], ["sweep"], ["show"], ["figure"], ["logs"], ["cancel"], ["retry"], ["compare"], ["new-paper"]])


MALFORMED = (
    unknown_verbs, unknown_configs, unknown_fields, values_of_another_kind, unknown_options, unknown_choices, patterns_without_a_match,
    data_sets_that_are_none, missing_words,
)  # fmt: skip


@few
@given(st.one_of([make() for make in MALFORMED]))
def test_malformed_command_lines(capsys, runs, tmp_path, monkeypatch, line):
    monkeypatch.chdir(tmp_path)
    refused(capsys, line)
    assert not runs.exists() and list(tmp_path.iterdir()) == []
