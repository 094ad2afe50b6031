"""`python -m projects.lewm.reach` as a person types it."""

import lewm_walks
import lewm_world
import pytest

from launch import sweep
from projects.lewm import reach

WORDS = ["--start", "40,60", "--goal", "180,120"]
SEARCH = {"plan__samples": 60, "plan__elites": 6, "plan__iterations": 6}


@pytest.fixture
def run(monkeypatch):
    """A finished training of a model that is never wrong."""
    wanted = lewm_world.plan("train", images__size=32)
    sweep.create(wanted)
    made = wanted.runs[wanted.targets[0]].dir
    made.update(state="done", ended=1.0)
    monkeypatch.setattr("projects.lewm.trained.load", lambda run: lewm_walks.trained(lewm_walks.episodes(), **SEARCH))
    return made


def said(words, capsys):
    code = reach.main(words)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_it_goes_through_the_door_and_draws_it(run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = said(["--run", run.id, "--start", "80,50", "--goal", "150,60"], capsys)
    assert code == 0 and out.startswith("reached: ") and "picture: out/lewm/reach.png" in out
    assert (tmp_path / "out/lewm/reach.png").read_bytes().startswith(b"\x89PNG")


def test_not_there_yet_is_no_error(run, tmp_path, capsys):
    """25 steps are too few for the way."""
    code, out, _ = said(["--start", "30,200", "--goal", "200,200", "--plans", "1", "--out", str(tmp_path / "way.svg")], capsys)
    assert code == 0 and out.startswith("not reached: ") and "after 25 steps" in out and (tmp_path / "way.svg").exists()


@pytest.mark.parametrize(
    ("changes", "reason"),
    (
        ({"--goal": "400,120"}, "outside the rooms: take numbers from 21 to 203"),
        ({"--goal": "180,5"}, "outside"),
        ({"--start": "112,150"}, "inside the wall"),
        ({"--goal": "101,150"}, "at most 100 or at least 124"),
        ({"--start": "40"}, "give two numbers, as in 40,60"),
        ({"--start": "40,60,80"}, "two numbers"),
        ({"--goal": "far,away"}, "two numbers"),
        ({"--goal": "nan,50"}, "finite"),
        ({"--plans": "0"}, "at least 1"),
        ({"--seed": "-1"}, "--seed"),
        ({"--out": "way.exe"}, ".png"),
        ({"--out": "nowhere/way.png"}, "no folder"),
        ({"--run": "0123abcd"}, "no finished model 0123abcd"),
    ),
)
def test_what_it_cannot_do_is_one_line(run, changes, reason, capsys):
    words = [f"{name}={value}" for name, value in ({"--start": "40,60", "--goal": "180,120"} | changes).items()]
    code, out, err = said(words, capsys)
    assert code == 2 and not out and err.startswith("error: ") and err.count("\n") == 1 and reason in err


def test_without_any_model_it_says_how_to_make_one(capsys):
    code, _, err = said(WORDS, capsys)
    assert code == 2 and "python -m launch run lewm/train" in err


def test_models_of_other_environments_do_not_count(capsys):
    wanted = lewm_world.plan("train", env__name="reacher")
    sweep.create(wanted)
    other = wanted.runs[wanted.targets[0]].dir
    other.update(state="done", ended=2.0)
    assert said([*WORDS, "--run", other.id], capsys)[0] == 2


def test_the_door_is_no_wall(run, tmp_path, capsys):
    code, _, _ = said(["--start", "80,50", "--goal", "112,49", "--out", str(tmp_path / "way.png")], capsys)
    assert code == 0
