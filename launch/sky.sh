#!/bin/sh
# Builds .venv-sky, an environment of SkyPilot's own: it wants another click than W&B does. Leaves none that is only half there.
set -eu
python="${1:-.venv/bin/python}"
trap 'rm -rf .venv-sky' EXIT
"$python" -m venv --clear .venv-sky
.venv-sky/bin/python -m pip install --quiet --disable-pip-version-check "skypilot[gcp,aws,kubernetes]==0.14.1"
.venv-sky/bin/sky --version
trap - EXIT
