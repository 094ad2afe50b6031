"""The tiny run as a Hydra app: python -m bench._hydra --multirun 'seed=range(8)' [hydra/launcher=joblib]"""

import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import DictConfig

from bench._tiny import train

ConfigStore.instance().store("config", {"seed": 0})


@hydra.main(version_base=None, config_path=None, config_name="config")
def main(config: DictConfig) -> None:
    train(config.seed)


if __name__ == "__main__":
    main()
