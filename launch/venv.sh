#!/bin/sh
# Builds .venv with the newest of Python 3.13, 3.12 and 3.11 that really runs here. A name on the PATH is not enough: the
# shims of version managers exist for versions that nobody installed, so every candidate is tried.
set -eu
# Where version managers keep what is really installed: named, in the home folder, or beside the command itself.
managed="${PYENV_ROOT:-$HOME/.pyenv}"
if command -v pyenv >/dev/null; then
    managed="$managed $(pyenv root 2>/dev/null || true) $(dirname "$(dirname "$(command -v pyenv)")")"
fi
candidates=""
for version in 3.13 3.12 3.11; do
    candidates="$candidates python$version"
    for root in $managed; do
        for path in "$root"/versions/$version*/bin/python3; do
            candidates="$candidates $path"
        done
    done
done
for python in $candidates python3; do
    if "$python" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
        echo "building .venv with $("$python" --version) (a minute or two, once)"
        [ ! -L .venv ] || rm .venv  # a link to another clone's environment: that one is not ours to clear
        "$python" -m venv --clear .venv
        .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
        exit 0
    fi
done
echo "error: no Python 3.11, 3.12 or 3.13 runs here: install one of them with its venv module" >&2
exit 2
