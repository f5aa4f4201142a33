"""What is installed: every subpackage, and the experiments."""

from configparser import ConfigParser
from importlib import resources
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_setup_cfg_lists_every_subpackage() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    listed = set(config["options"]["packages"].split()) - {"bayes_a2m.experiments"}
    found = {
        ".".join(init.parent.relative_to(ROOT).parts)
        for init in (ROOT / "bayes_a2m").rglob("__init__.py")
    }
    assert listed == found


def test_the_experiments_are_found_as_package_data() -> None:
    folder = resources.files("bayes_a2m.experiments")
    assert (folder / "crnn.yaml").is_file()
