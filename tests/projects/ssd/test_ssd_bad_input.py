"""What a person can get wrong: one line that names the remedy, exit code 2, before anything is started and with nothing lost."""

import shutil
from unittest import mock

import jax
import numpy as np
import pytest
from ssd_pairs import CAPACITY, pair, prompts, run, tables

from projects.ssd import engine, generate, startup
from projects.ssd.engine import Engine, Sampling, Spec
from shared.errors import BadInput


@pytest.fixture
def typed(capfd, monkeypatch):
    """typed(*words): the one line on stderr that `python -m projects.ssd.generate` answers with. Nothing of this process is pinned, and no
    engine may be started."""
    monkeypatch.setattr(startup, "keep_apart", lambda: None)
    monkeypatch.setattr(startup, "start_jax", lambda: None)
    monkeypatch.setattr(startup, "split", lambda: ([0], [1]))

    def ask(*words):
        with mock.patch.object(Engine, "generate", side_effect=AssertionError("it was started")):
            assert generate.main(["--prompt", "It was", *words]) == 2
        said = capfd.readouterr()
        assert not said.out and said.err.startswith("error: ") and said.err.count("\n") == 1
        return said.err

    return ask


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--prompt="], "give at least a word"),
        (["--max-new=0"], "take at least 1"),
        (["--temperature=-0.5"], "take 0 (greedy) or a number above"),
        (["--temperature=nan"], "take 0 (greedy) or a number above"),
        (["--temperature=inf"], "take 0 (greedy) or a number above"),
        (["--seed=-1"], "take a number from 0"),
        (["--seed=9223372036854775808"], "take a number from 0 to 2^63 - 1"),
        (["--lookahead=0"], "take auto or a whole number of at least 1"),
        (["--lookahead=two"], "take auto or a whole number of at least 1"),
        (["--budget=0"], "take at least 1"),
        (["--fanout=3,x"], "numbers as 3,2,1,2"),
        (["--timeline=picture.doc"], ".png, .svg or .pdf"),
        (["--timeline=/no/such/folder/picture.png"], "there is no folder /no/such/folder; make it"),
    ],
)
def test_words_that_no_model_could_follow(typed, words, remedy):
    assert remedy in typed(*words)


def test_no_pair_names_the_command_that_trains_one(typed):
    assert "python -m launch sweep ssd/pair --yes" in typed()
    assert "python -m launch sweep ssd/smollm2 --yes" in typed("--pair=smollm2")


@pytest.mark.parametrize(
    ("words", "remedy"),
    [
        (["--pair=smok"], "no finished pair 'smok'"),
        (["--pair=smok"], "choose smoke"),
        (["--max-new=300"], "smoke reads at most 256: shorten the prompt or take a smaller --max-new"),
        ([f"--prompt={'a long prompt ' * 100}", "--max-new=8"], "shorten the prompt"),
        (["--lookahead=2", "--budget=8", "--fanout=0,0,0"], "give numbers from 0 with sum --budget=8"),
        (["--lookahead=2", "--fanout=3,2,1,2"], "give 3 whole numbers"),
        (["--lookahead=2", "--budget=256", "--fanout=256,0,0"], "lower it"),
        (["--budget=2000", "--fanout=geometric", "--lookahead=2"], "lower --budget"),
        (["--lookahead=3", "--fanout=uniform", "--budget=6"], "say --budget="),
        (["--lookahead=auto", "--fanout=3,2,1,2"], "give --lookahead a number"),
        (["--lookahead=auto", "--fanout=uniform"], "give --lookahead a number"),
    ],
)
def test_words_that_this_pair_cannot_follow(typed, pair_runs, words, remedy):
    assert remedy in typed("--max-new=16", *words)


@pytest.mark.parametrize("entry", ["train", "distil"])
@pytest.mark.parametrize("spoil", ["gone", "truncated", "lost run"])
def test_weights_that_are_gone_or_damaged(typed, trained_pair, runs, entry, spoil):
    """Of the target or the draft: the run, and what puts it right."""
    folder, _ = trained_pair
    shutil.copytree(folder / "ssd", runs / "ssd", symlinks=True)
    (spoilt,) = (runs / "ssd" / entry).iterdir()
    if spoil == "truncated":
        for path in (spoilt / "weights").rglob("d/*"):
            path.write_bytes(path.read_bytes()[:40])
    else:
        shutil.rmtree(spoilt if spoil == "lost run" else spoilt / "weights")
    said = typed()
    if spoil == "lost run" and entry == "distil":
        assert "python -m launch sweep ssd/pair --yes" in said
    else:
        assert spoilt.name in said and ("launch retry" in said or "launch the sweep" in said)


@pytest.mark.parametrize(
    ("prompt", "new", "says"),
    [
        ([1] * 40, 9, "has 40 tokens and 9 are to follow, but the cache holds 48: shorten the prompt"),
        ([], 8, "is empty: give at least one token"),
        ([3, 61], 8, "outside the vocabulary of 61"),
        ([-1], 8, "outside the vocabulary of 61"),
        ([3], 0, "take at least 1"),
    ],
)
def test_a_prompt_that_does_not_fit_costs_nothing(prompt, new, says):
    """Not the prompts beside it, and not the engine."""
    with Engine(pair(), Spec("ar"), 2, 48) as made:
        with pytest.raises(BadInput, match=says) as error:
            made.generate([[1, 2], prompt], Sampling(max_new=new), lambda *_: pytest.fail("something was written"))
        assert "\n" not in str(error.value)
        assert len(made.generate([[1, 2], [3]], Sampling(max_new=4)).tokens[1]) == 4


@pytest.mark.parametrize("temperature", [-1.0, np.nan, np.inf, (0.0, -0.1), (0.5,)])
def test_a_temperature_that_is_none(temperature):
    with Engine(pair(), Spec("ar"), 2, 48) as made, pytest.raises(BadInput, match="0 is greedy|give one, or one per prompt"):
        made.generate([[1, 2], [3]], Sampling(temperature, max_new=4))


@pytest.mark.parametrize("placement", ["inprocess", "process"])
def test_two_vocabularies_are_no_pair(placement):
    mixed = pair()._replace(draft=tables().draft)
    started = mock.patch("projects.ssd.remote.spawn", side_effect=AssertionError("a process was started"))
    with started, pytest.raises(BadInput, match="has 6 tokens, its target 61: a pair shares one vocabulary"):
        Engine(mixed, Spec("sd"), 1, 48, placement)


def test_two_vocabularies_at_the_command_line(typed, monkeypatch):
    monkeypatch.setattr("projects.ssd.pairs.load", lambda name: pair()._replace(draft=tables().draft))
    assert "has 6 tokens, its target 61: a pair shares one vocabulary" in typed("--prompt=1 2 3")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        (Spec("beam"), "choose ar, sd, ssd"),
        (Spec(lookahead=0), "at least 1"),
        (Spec(lookahead=2.5), "at least 1"),
        (Spec(budget=0), "at least 1 outcome, or choose mode sd"),
        (Spec(lookahead=2, budget=3, fanout=(0, 0, 0)), "give numbers from 0 with sum spec.budget=3"),
        (Spec(lookahead=2, budget=3, fanout=(4, -1, 0)), "give numbers from 0"),
        (Spec(lookahead=1, budget=61, fanout=(61, 0)), "60 tokens besides the drafted one; lower it"),
        (Spec(lookahead=1, budget=200), "lower spec.budget"),
        (Spec(lookahead=1, budget=200, backup="ngram"), "lower spec.budget"),
        (Spec(lookahead=1, budget=4, fanout=(2, 2), fanout_miss=(2, 1), backup="ngram"), "sum spec.budget=4"),
        (Spec(lookahead="auto", fanout=(1, 1, 1, 1, 1, 1, 2)), "give spec.lookahead a number"),
        (Spec(fanout="wide"), "choose uniform, geometric, auto"),
        (Spec(backup="oracle"), "neural, ngram, random or auto"),
        (Spec(saguaro=1.5), "from 0 to 1"),
        (Spec(saguaro=np.nan), "from 0 to 1"),
    ],
)
def test_a_way_to_speculate_that_cannot_be(spec, says):
    with pytest.raises(BadInput, match=says.replace("(", "[(]")) as error:
        Engine(pair(), spec, 1, 48)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "spec",
    [Spec(lookahead=2, fanout="auto"), Spec(lookahead="auto"), Spec(lookahead="auto", fanout="auto", backup="auto")],
)
def test_every_automatic_choice_is_allowed_beside_fixed_ones(spec):
    spec.check(61)
    assert engine.controller(spec, 1, 61).order().lookahead in (2, 6)


@pytest.mark.parametrize(
    ("words", "says"),
    [({"placement": "elsewhere"}, "choose inprocess or process"), ({"batch": 0}, "take at least 1"), ({"draft": None}, "choose mode ar")],
)
def test_an_engine_that_cannot_be(words, says):
    made = pair()._replace(draft=words.get("draft", pair().draft))
    with pytest.raises(BadInput, match=says):
        Engine(made, Spec("sd"), words.get("batch", 1), 48, words.get("placement", "inprocess"))


def test_a_pair_without_a_draft_still_decodes():
    alone = pair()._replace(draft=None)
    assert run(alone, Spec("ar"), Sampling(max_new=8), prompts(2))[0] == run(pair(), Spec("ar"), Sampling(max_new=8), prompts(2))[0]


def test_one_device_runs_as_sd_and_says_why(capfd):
    assert len(jax.devices()) == 1
    with Engine(pair(), Spec("ssd", 3, 8), 3, CAPACITY) as made:
        tokens = made.generate(prompts(3), Sampling(max_new=12))
    said = capfd.readouterr().err.splitlines()
    assert len(said) == 1 and "one device only" in said[0] and "runs as SD" in said[0]
    assert tokens.tokens == run(pair(), Spec("ar"), Sampling(max_new=12), prompts(3))[0]
    assert (tokens.rounds.columns()["hit"] == -1).all()
