"""Prepare a release: `python -m tests.release`.

Checks that everything is committed, that the changelog and pyproject.toml name the same version and that it has no
tag yet; builds the sdist and the wheel into `dist/`; installs the wheel into a new environment and analyses games
there. Publishes nothing: it prints the commands that do.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]
DIST = ROOT / "dist"


class NotReady(Exception):
    """Raised when no release is possible now; the message is the reason, in one sentence."""


def main() -> int:
    """Run the command and return its exit code."""
    try:
        version = checked_version(
            (ROOT / "pyproject.toml").read_text(encoding="utf-8"),
            (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        )
        check_repository(f"v{version}")
        sdist, wheel = build(version)
        try_out(wheel, version)
    except NotReady as error:
        print(f"not ready: {error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"not ready: {error}\n{error.stdout or ''}{error.stderr or ''}", file=sys.stderr)
        return 1
    print(f"{sdist.name} and {wheel.name} are in dist/ and work. To publish them:\n")
    print(f"    git tag -a v{version} -m {version} && git push origin v{version}")
    print(f"    twine upload dist/{sdist.name} dist/{wheel.name}")
    return 0


def checked_version(pyproject: str, changelog: str) -> str:
    """Return the version that both files name.

    Raises `NotReady` unless the changelog has it at the top, with a date."""
    version: str = tomllib.loads(pyproject)["project"]["version"]
    top = re.search(r"^## (.*)$", changelog, flags=re.MULTILINE)
    if not top or not re.fullmatch(rf"\[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d", top[1]):
        problem = f"begins with {top[1]!r}" if top else "has no version"
        raise NotReady(f"the changelog must begin with '[{version}] - DATE', and it {problem}")
    return version


def check_repository(tag: str) -> None:
    """Raise NotReady if anything is not committed, or the tag exists."""
    if changed := git("status", "--porcelain"):
        raise NotReady(f"not everything is committed:\n{changed}")
    if git("tag", "--list", tag):
        raise NotReady(f"the tag {tag} exists; raise the version")


def git(*arguments: str) -> str:
    """Return what git prints."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def build(version: str) -> tuple[Path, Path]:
    """Build sdist and wheel and return where they are."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(DIST), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, text=True)
    stem = f"grandmaster_analysis-{version}"
    return DIST / f"{stem}.tar.gz", DIST / f"{stem}-py3-none-any.whl"


def try_out(wheel: Path, version: str) -> None:
    """Install the wheel into a new environment, outside of the repository, and make reports with it."""
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        programs = Path(scratch) / ("Scripts" if sys.platform == "win32" else "bin")
        games = ROOT / "tests" / "data" / "match.jsonl.zst"
        output = Path(scratch) / "moves.csv"
        run(scratch, programs / "python", "-m", "pip", "install", "--quiet", wheel)
        printed = run(scratch, programs / "engine", "--version")
        if printed.strip() != f"engine {version}":
            raise NotReady(f"the wheel says that it is {printed.strip()!r}")
        run(scratch, programs / "engine", "analyze", games, "--quiet", "-o", output)
        if not output.stat().st_size:
            raise NotReady("the wheel analyses games and writes nothing")


def run(folder: str, *command: str | Path) -> str:
    """Run a program in a folder and return what it prints. Raises CalledProcessError when it fails."""
    ran = subprocess.run([*map(str, command)], cwd=folder, check=True, capture_output=True, text=True)
    return ran.stdout


if __name__ == "__main__":
    sys.exit(main())
