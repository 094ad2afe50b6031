import generalization_world
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def tables(tmp_path_factory) -> dict[str, pd.DataFrame]:
    """The table of every figure at scale smoke, computed."""
    return {name: generalization_world.table(name, tmp_path_factory.mktemp(name)) for name in generalization_world.FIGURES}
