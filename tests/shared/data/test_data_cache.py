import errno
import os
import shutil
import signal
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from shared.data import cache, prepared, registry
from shared.data.tokens import load
from shared.errors import BadInput

ROOT = Path(__file__).parents[3]

# Prepares `tiny`, says each stage, and at the stage argv[1] waits argv[2] seconds.
SCRIPT = """
import sys, time
from shared.data import registry
def say(line):
    print(line, flush=True)
    if sys.argv[1] in line:
        time.sleep(float(sys.argv[2]))
registry.prepare("tiny", 256, say=say)
"""


def preparing(stage: str, seconds: float) -> subprocess.Popen:
    command = [sys.executable, "-c", SCRIPT, stage, str(seconds)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def quiet(line: str) -> None:
    pass


@pytest.mark.parametrize("stage", ["reading", "training", "encoding"])
def test_killed_in_the_middle_it_leaves_nothing_and_the_next_call_succeeds(empty_cache, stage):
    process = preparing(stage, 60)
    for line in process.stdout:
        if stage in line:
            break
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert not prepared.directory("tiny", 256).exists() and prepared.problem(prepared.directory("tiny", 256))
    assert len(load("tiny", 256).train) > 0
    registry.verify("tiny", 256)
    assert {path.name for path in (empty_cache / "tiny").iterdir()} == {"raw", "v256", ".raw.lock", ".v256.lock"}


def test_two_processes_at_once_do_the_work_once(empty_cache):
    first, second = preparing("encoding", 0.5), preparing("encoding", 0.5)
    said = [process.communicate()[0] for process in (first, second)]
    assert first.returncode == second.returncode == 0
    assert "".join(said).count("training a BPE") == 1
    registry.verify("tiny", 256)


def test_an_interrupted_fetch_leaves_nothing(empty_cache):
    target = empty_cache / "name" / "raw"
    with pytest.raises(KeyboardInterrupt), cache.building(target, 0, lambda folder: True) as partial:
        (partial / "half").write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in target.parent.iterdir()] == [".raw.lock"]


def test_what_is_not_whole_stays_until_its_successor_is_ready(empty_cache):
    target = empty_cache / "name" / "raw"
    for content in ("old", "new"):
        with cache.building(target, 0, lambda folder: False) as partial:
            assert not target.exists() or (target / "file").read_text() == "old"
            (partial / "file").write_text(content)
    assert (target / "file").read_text() == "new"
    with cache.building(target, 0, lambda folder: True) as partial:
        assert partial is None


def test_too_little_space_is_seen_before_anything_starts(empty_cache, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 1_000_000))
    with pytest.raises(BadInput, match="has 1 MB free and 5 MB are needed: free some, or set PAPERCLUB_CACHE") as error:
        registry.prepare("tiny", 256, say=quiet)
    assert "\n" not in str(error.value) and not (empty_cache / "tiny" / "raw").exists()


@pytest.mark.parametrize(
    ("number", "message"), [(errno.ENOSPC, "no space left on the disk"), (errno.EACCES, "cannot write in")]
)
def test_a_disk_that_fills_and_a_folder_that_is_not_ours(empty_cache, monkeypatch, number, message):
    def fail(source, target):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(shutil, "copyfile", fail)
    with pytest.raises(BadInput, match=f"{message}.*PAPERCLUB_CACHE") as error:
        registry.prepare("tiny", 256, say=quiet)
    assert "\n" not in str(error.value)
    assert [path.name for path in (empty_cache / "tiny").iterdir()] == [".raw.lock"]


def test_a_cache_that_is_no_folder(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("PAPERCLUB_CACHE", str(tmp_path / "file"))
    with pytest.raises(BadInput, match="cannot write in .*file/tiny: set PAPERCLUB_CACHE to a folder of your own"):
        load("tiny", 256)


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_a_cache_without_permission(empty_cache):
    empty_cache.mkdir(mode=0o500)
    with pytest.raises(BadInput, match="cannot write in"):
        load("tiny", 256)


def test_the_cache_is_where_the_variable_says_and_never_in_the_repository(monkeypatch, tmp_path):
    monkeypatch.setenv("PAPERCLUB_CACHE", str(tmp_path))
    assert cache.root() == tmp_path
    monkeypatch.delenv("PAPERCLUB_CACHE")
    assert cache.root() == Path.home() / ".cache" / "paperclub" and ROOT not in cache.root().parents
