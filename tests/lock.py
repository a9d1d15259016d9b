"""Make requirements.lock and sbom.cdx.json: `python -m tests.lock` (`pip install uv`).

requirements.lock pins what `pip install '.[embedded]'` installs, on every system and Python from 3.11 on, with the
hashes of the files: `pip install --require-hashes -r requirements.lock`. sbom.cdx.json (CycloneDX) lists the same,
and the Stockfish that is fetched at the first use, for tools that look for licences and vulnerabilities. Wheels
carry it.
"""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

from engine_plugins.evaluators import _fetch

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
SBOM = ROOT / "sbom.cdx.json"
HEADER = """\
# What `pip install '.[embedded]'` installs, pinned: pip install --require-hashes -r requirements.lock
# Made by `python -m tests.lock`.
"""
COMPILE = ("--universal", "--python-version", "3.11", "--generate-hashes", "--no-header", "--no-emit-index-url")


def main() -> int:
    """Run the command and return its exit code."""
    if importlib.util.find_spec("uv") is None:
        print("requirements.lock stays as it is: pip install uv", file=sys.stderr)
    elif not write_lock():
        return 1
    bill = bill_of(LOCK.read_text(encoding="utf-8"))
    SBOM.write_text(json.dumps(bill, indent=2) + "\n", encoding="utf-8")
    return 0


def write_lock() -> bool:
    """Have uv write requirements.lock, and return whether it could."""
    arguments = ("pip", "compile", "pyproject.toml", "--extra", "embedded", "--quiet", "--upgrade", *COMPILE)
    done = subprocess.run(
        [sys.executable, "-m", "uv", *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    if done.returncode:
        print(f"no lock is made: {done.stderr.strip()}", file=sys.stderr)
        return False
    LOCK.write_text(HEADER + done.stdout, encoding="utf-8")
    return True


def locked(lock: str) -> dict[str, tuple[str, list[str]]]:
    """Return the version of each package of a lock file, and who needs it."""
    packages: dict[str, tuple[str, list[str]]] = {}
    for block in re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE)[1:]:
        found = re.match(r"([a-z0-9.-]+)==(\S+)", block)
        assert found, block
        _, _, via = block.partition("# via")
        needed_by = [line.strip(" #") for line in via.splitlines()]
        packages[found[1]] = found[2], [name for name in needed_by if name]
    return packages


def bill_of(lock: str) -> dict[str, Any]:
    """Return the bill of materials of a lock file, as CycloneDX 1.6."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    packages = locked(lock)
    ours = f"pkg:pypi/{project['name']}@{project['version']}"
    urls = {name: f"pkg:pypi/{name}@{version}" for name, (version, _) in packages.items()}
    needs: dict[str, list[str]] = {url: [] for url in (ours, *urls.values())}
    for name, (_, needed_by) in packages.items():
        for other in needed_by:
            needs[urls.get(other, ours)].append(urls[name])
    stockfish = f"pkg:npm/{_fetch.PACKAGE}@{_fetch.VERSION}"
    needs[ours].append(stockfish)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                **_component("application", project["name"], project["version"], ours),
                "licenses": [{"expression": project["license"]}],
            }
        },
        "components": [
            *(_library(name, version, urls[name]) for name, (version, _) in packages.items()),
            {
                **_component("application", "Stockfish lite (WebAssembly)", _fetch.VERSION, stockfish),
                "description": f"{_fetch.MEMBER} of the npm package, fetched at the first use, not shipped",
                "hashes": [{"alg": "SHA-256", "content": _fetch.SHA256}],
                "licenses": [{"expression": _fetch.LICENCE}],
                "externalReferences": [{"type": "vcs", "url": url} for url in _fetch.SOURCES],
            },
        ],
        "dependencies": [{"ref": url, "dependsOn": sorted(needs[url])} for url in sorted(needs)],
    }


def _library(name: str, version: str, url: str) -> dict[str, Any]:
    licence = _licence(name)
    licences = {"licenses": [licence]} if licence else {}
    return {**_component("library", name, version, url), **licences}


def _component(kind: str, name: str, version: str, url: str) -> dict[str, Any]:
    return {"type": kind, "bom-ref": url, "name": name, "version": version, "purl": url}


def _licence(name: str) -> dict[str, Any] | None:
    """Return what the package says of its licence, where it is installed here."""
    try:
        about = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return None
    if expression := about.get("License-Expression"):
        return {"expression": expression}
    words = [
        text.rpartition(" :: ")[2] for text in about.get_all("Classifier") or [] if text.startswith("License ::")
    ]
    name_of_it = (about.get("License") or " or ".join(words)).partition("\n")[0]
    return {"license": {"name": name_of_it}} if name_of_it else None


if __name__ == "__main__":
    sys.exit(main())
