"""`python -m projects.ssd.generate` as a person runs it: its text, its end, and an end before its time. Nothing stays behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from launch.configs import ROOT

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
LONG = ["--prompt", "It was the best of times", "--max-new=220", "--lookahead=3", "--fanout=geometric", "--backup=neural"]


def start(*words, **settings):
    """As a person at a terminal would: whoever runs these tests in the background may ignore Ctrl-C, and would hand that down."""
    command = [sys.executable, "-m", "projects.ssd.generate", *words]
    return subprocess.Popen(command, cwd=ROOT, bufsize=0, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL), **settings)  # fmt: skip


def done(process, first=b""):
    """Exit code, stdout, stderr."""
    out, error = process.communicate(timeout=300)
    return process.returncode, (first + out).decode(), error.decode()


def disturbed(act, words=LONG, attempts=3):
    """act(process, pid of the draft) once the first letter is there: exit code, stdout, stderr, pid. Again when the text was over first."""
    for _ in range(attempts):
        process = start(*words)
        draft, first = child_of(process), process.stdout.read(1)
        with contextlib.suppress(ProcessLookupError):
            act(process, draft)
            code, out, said = done(process, first)
            if code or "continues as SD" in said:
                return code, out, said, draft
    pytest.fail("the text was over before anything could happen to it")


def child_of(process):
    """The draft's process, as soon as it serves."""
    while process.poll() is None:
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                parent = int(stat.read_text().rpartition(")")[2].split()[1])
                words = (stat.parent / "cmdline").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == process.pid and "projects.ssd.serve" in words:
                return int(stat.parent.name)
        time.sleep(0.01)
    pytest.fail(f"it ended before its draft began: {process.stderr.read().decode()[-2000:]}")


def gone(pid, seconds=20):
    end = time.monotonic() + seconds
    while Path(f"/proc/{pid}").exists() and time.monotonic() < end:
        time.sleep(0.02)
    return not Path(f"/proc/{pid}").exists()


@pytest.fixture
def nothing_left(tmp_path, monkeypatch):
    """Whatever is in shared memory or the folder for temporary files after a test was there before."""
    folder, shared = tmp_path / "tmp", Path("/dev/shm")
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    before = set(os.listdir(shared)) if shared.is_dir() else set()
    yield
    assert not shared.is_dir() or set(os.listdir(shared)) <= before
    assert not list(folder.iterdir())


@pytest.fixture(scope="module")
def plain(trained_pair):
    """What plain decoding says."""
    code, out, _ = done(start(*LONG, "--mode=ar", env=os.environ | {"PAPERCLUB_RUNS": str(trained_pair[0])}))
    assert code == 0 and len(out) > 200
    return out


@pytest.mark.slow
def test_compare_prints_the_same_text_three_times_and_why(nothing_left, pair_runs, tmp_path):
    words = [*LONG[:2], "--max-new=48", "--lookahead=3", "--mode=compare", f"--timeline={tmp_path / 'rounds.png'}"]
    code, out, said = done(start(*words))
    assert code == 0, said
    assert len(out) > 100 and out == out[: len(out) // 3] * 3
    assert "all three texts are the same" in said and "target verifies" in said
    assert (tmp_path / "rounds.png").stat().st_size > 2_000


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_end_in_the_middle_of_the_text_leaves_nothing(nothing_left, pair_runs, plain, number):
    """Ctrl-C says so and ends with code 1; also after the worst end the draft's process goes by itself."""
    code, out, said, draft = disturbed(lambda process, draft: process.send_signal(number))
    assert gone(draft)
    assert code == (1 if number == signal.SIGINT else -number)
    assert plain.startswith(out) and 0 < len(out) < len(plain)
    if number == signal.SIGINT:
        assert said.splitlines()[-1] == "stopped" and "Traceback" not in said


@pytest.mark.slow
def test_ctrl_c_while_the_programs_are_compiled(nothing_left, pair_runs):
    process = start(*LONG)
    draft = child_of(process)
    process.send_signal(signal.SIGINT)
    code, out, said = done(process)
    assert gone(draft) and code == 1 and not out
    assert said.splitlines()[-1] == "stopped" and "Traceback" not in said


@pytest.mark.slow
def test_a_draft_that_is_killed_costs_one_line_and_no_token(nothing_left, pair_runs, plain):
    code, out, said, _ = disturbed(lambda process, draft: os.kill(draft, signal.SIGKILL))
    assert code == 0 and out == plain
    lines = [line for line in said.splitlines() if line.startswith("ssd: ")]
    assert lines == ["ssd: the draft's process was killed (SIGKILL): continues as SD"]


@pytest.mark.slow
def test_one_core_runs_sd_and_says_why(nothing_left, pair_runs, plain):
    mine = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(mine)})  # a process has the cores of the thread that starts it
    try:
        process = start(*LONG)
    finally:
        os.sched_setaffinity(0, mine)
    code, out, said = done(process)
    assert code == 0 and out == plain
    assert said.count("one core only, so drafting cannot overlap verification: SSD runs as SD") == 1


def test_a_wrong_word_ends_at_once_with_code_2(nothing_left):
    for words in (["--prompt", "x", "--temperature=nan"], ["--prompt", "x", "--mode=beam"], []):
        code, out, said = done(start(*words))
        assert code == 2 and not out and "error: " in said.splitlines()[-1] and "Traceback" not in said
