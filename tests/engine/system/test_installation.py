"""Another distribution that installs a package `engine` is noticed, by the command and by `engine doctor`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import engine
import engine_plugins
from engine.system import installation
from tests.support import PATIENCE

COMMAND = "import sys; from engine_plugins.console import main; sys.argv = ['engine', '--version']; main()"


def record(site: Path, name: str, *modules: str) -> None:
    """Write the metadata of a distribution that has installed these modules as they are now."""
    info = site / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    rows = [f"{module},sha256=x,{(site / module).stat().st_size}\n" for module in modules]
    (info / "RECORD").write_text("".join(rows), encoding="utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages with ours, before all others on the path of this process."""
    site = tmp_path / "site"
    for package in (engine, engine_plugins):
        folder = Path(str(package.__file__)).parent
        shutil.copytree(folder, site / folder.name, ignore=shutil.ignore_patterns("__pycache__"))
    modules = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.py"))]
    record(site, "grandmaster-analysis", *modules)
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setattr(installation, "_FOLDER", str(site))
    return site


def started(site: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        cwd=site,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        timeout=PATIENCE,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_an_installation_of_ours_alone_is_fine(site: Path) -> None:
    assert installation.why_not_ours(thorough=True) == ""
    assert started(site)[0] == 0


def test_modules_that_another_distribution_has_replaced_end_the_command(site: Path) -> None:
    (site / "engine" / "plugin.py").write_text("VERSION = 3\n", encoding="utf-8")
    record(site, "workflow-engine", "engine/plugin.py")
    code, said = started(site)
    assert code == 2
    assert said == (
        "error: workflow-engine replaced engine/plugin.py: pip uninstall workflow-engine, then pip install "
        "--force-reinstall grandmaster-analysis\n"
    )


@pytest.mark.parametrize("module", ["__init__.py", "system/__init__.py"])
def test_what_the_check_itself_needs_may_be_replaced(site: Path, module: str) -> None:
    (site / "engine" / module).write_text("from engine.parts import Motor\n", encoding="utf-8")
    record(site, "workflow-engine", f"engine/{module}")
    code, said = started(site)
    assert code == 2
    assert said.startswith("error: ")
    assert "pip install --force-reinstall grandmaster-analysis" in said


def test_a_module_that_another_distribution_took_with_it_is_missing(site: Path) -> None:
    (site / "engine" / "scoring.py").unlink()
    code, said = started(site)
    assert code == 2
    assert said.startswith(
        "error: engine/scoring.py is missing, as after another package `engine` was uninstalled: "
    )


def test_only_the_doctor_speaks_of_what_has_changed_nothing_yet(site: Path) -> None:
    (site / "engine" / "parts.py").write_text("", encoding="utf-8")
    record(site, "workflow-engine", "engine/parts.py")
    assert installation.why_not_ours() == ""
    assert installation.why_not_ours(thorough=True).startswith("workflow-engine installs a package `engine` too: ")


def test_a_module_that_the_user_has_changed_stays(site: Path) -> None:
    with (site / "engine" / "scoring.py").open("a", encoding="utf-8") as file:
        file.write("# mine\n")
    assert installation.why_not_ours() == ""
    assert installation.why_not_ours(thorough=True).startswith("engine/scoring.py is not what was installed: ")
