"""The wheel has the files that it should have and no others."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests import release

ROOT = Path(__file__).parents[1]


def test_the_wheel_holds_the_two_packages_and_the_profiles(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(tmp_path), str(ROOT)],
        check=True,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"engine", "engine_plugins"}
    assert {"engine/configs/standard.toml", "engine/configs/deep.toml", "engine/configs/max.toml"} <= set(names)
    assert "engine/positions/data/openings.tsv" in names
    assert "engine_plugins/aggregators/lichess.baseline.json" in names
    assert any(name.endswith(".dist-info/sboms/sbom.cdx.json") for name in names)
    assert {"engine/py.typed", "engine_plugins/py.typed"} <= set(names)
    page = {"head.html.jinja", "row.html.jinja", "foot.html.jinja", "style.css", "script/main.js"}
    assert {f"engine/web/pages/{name}" for name in page} <= set(names)
    web = [path for name in ("templates", "static") for path in (ROOT / "engine/web" / name).iterdir()]
    assert len(web) > 20
    assert {path.relative_to(ROOT).as_posix() for path in web} <= set(names)
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "engine").rglob("*.py")}
    sources |= {
        path.relative_to(ROOT / "plugins").as_posix() for path in (ROOT / "plugins/engine_plugins").rglob("*.py")
    }
    assert {name for name in names if name.endswith(".py")} == sources
    kinds = {Path(name).suffix for name in names if not name.split("/")[0].endswith(".dist-info")}
    assert kinds <= {".py", ".toml", ".tsv", ".md", ".typed", ".css", ".js", ".svg", ".jinja", ".json", ""}


def test_the_version_is_the_one_of_the_changelog_or_unreleased() -> None:
    from importlib.metadata import version

    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "## [Unreleased]" in text or f"## [{version('grandmaster-analysis')}]" in text


def test_a_release_needs_one_version_with_a_date() -> None:
    pyproject = '[project]\nversion = "1.2.3"\n'
    assert release.checked_version(pyproject, "# Changelog\n\n## [1.2.3] - 2026-11-27\n") == "1.2.3"
    wrong = ("", "## [Unreleased]\n\n## [1.2.3] - 2026-11-27\n", "## [1.2.3]\n", "## [1.2.4] - 2026-11-27\n")
    for changelog in wrong:
        with pytest.raises(release.NotReady, match="changelog"):
            release.checked_version(pyproject, changelog)
