from pathlib import Path

import pytest

from shared.data import tokens


@pytest.fixture
def empty_cache(tmp_path, monkeypatch) -> Path:
    """A cache folder of this test's own, not yet made."""
    monkeypatch.setenv("PAPERCLUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> tokens.TokenSet:
    """The committed text, prepared once for the session."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAPERCLUB_CACHE", str(tmp_path_factory.mktemp("cache")))
        return tokens.load("tiny", 256)
