"""The verb data lists what there is and prepares what is asked for."""

import pytest

from launch.cli import main


def test_lists_every_data_set_with_its_licence(capsys):
    assert main(["data"]) == 0
    said = capsys.readouterr().out
    assert all(name in said for name in ("enwik8", "sotu", "tiny")) and "public domain" in said


def test_prepares_one_and_says_where_it_is(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(tmp_path))
    assert main(["data", "tiny", "--vocab=256"]) == 0
    assert str(tmp_path) in capsys.readouterr().out
    assert list(tmp_path.glob("tiny/v256/*"))


@pytest.mark.parametrize(
    ("words", "remedy"),
    [(["enwik9"], "enwik8"), (["--from=x"], "NAME"), (["tiny", "--vocab=1"], "vocabulary"), (["enwik8", "--from=/nosuch"], "no such file")],
)
def test_bad_requests_are_one_line(tmp_path, monkeypatch, capsys, words, remedy):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(tmp_path))
    assert main(["data", *words]) == 2
    error = capsys.readouterr().err
    assert remedy in error and error.count("\n") == 1
