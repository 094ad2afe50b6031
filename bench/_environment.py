"""The environment of the competitors, bench/.venv: Python 3.11, where their wheels exist, built as far as it is asked for."""

import shutil
import subprocess
from pathlib import Path

VENV = Path(__file__).parent / ".venv"


def python(requirements: str, what: str) -> Path | None:
    """Its interpreter, with bench/`requirements` installed on first use. None, after a line that says so, where that cannot be."""
    ready = VENV / f"{requirements}.ready"
    base = shutil.which("python3.11")
    if not ready.exists():
        if base is None or subprocess.run([base, "-c", ""], check=False, capture_output=True).returncode:
            print(f"{what} is left out: python3.11 is not on the PATH", flush=True)
            return None
        print(f"installing {what} into bench/.venv (minutes, once)", flush=True)
        if not (VENV / "bin" / "python").exists():
            subprocess.run([base, "-m", "venv", VENV], check=True)
        install = [VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "-r", Path(__file__).parent / requirements]
        if subprocess.run(install, check=False).returncode:
            print(f"{what} is left out: pip could not install bench/{requirements}, its own lines above say why", flush=True)
            return None
        ready.touch()
    return VENV / "bin" / "python"
