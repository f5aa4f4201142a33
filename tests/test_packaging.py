"""What is installed: every subpackage, and the experiments."""

import subprocess
import sys
from configparser import ConfigParser
from importlib import resources
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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


def test_every_stub_is_installed() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    package = ROOT / "bayes_a2m"
    globs = config["options.package_data"]["bayes_a2m"].split()
    stubs = set(package.rglob("*.pyi"))
    assert stubs <= {path for glob in globs for path in package.glob(glob)}


def requirements(text: str) -> dict[str, Requirement]:
    """Requirements that this Python has, by canonical name."""
    lines = (line.strip() for line in text.splitlines())
    parsed = [Requirement(line) for line in lines if line and not line.startswith("#")]
    return {
        canonicalize_name(one.name): one
        for one in parsed
        if one.marker is None or one.marker.evaluate()
    }


def test_tested_versions_lie_in_the_ranges() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    tested = requirements((ROOT / "constraints.txt").read_text())
    asked = requirements(
        config["options"]["install_requires"] + config["options.extras_require"]["test"]
    )
    assert len(asked) > 20
    for name, requirement in asked.items():
        assert name in tested, f"constraints.txt has no {name}"
        (pin,) = tested[name].specifier
        assert pin.operator == "=="
        assert requirement.specifier.contains(pin.version), requirement


def test_every_requirement_has_a_floor_that_make_test_lowest_installs() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / ".ci" / "lowest.py"], capture_output=True, text=True, check=True
    )
    lowest = requirements(printed.stdout)
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    asked = requirements(config["options"]["install_requires"])
    assert lowest.keys() == asked.keys()
    for name, requirement in asked.items():
        (pin,) = lowest[name].specifier
        assert requirement.specifier.contains(pin.version)
        floors = [one.version for one in requirement.specifier if one.operator == ">="]
        assert name == "torch" or floors == [pin.version]
