"""The page's sources: nothing from other machines, packages pinned by what they hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "src" / "page"
ELSEWHERE = re.compile(r"""(?:https?:)?//(?!www\.w3\.org/2000/svg)[\w-]+\.[\w.-]+/?|@import\s""")


def _packages() -> dict[str, dict[str, object]]:
    packages: dict[str, dict[str, object]] = json.loads((PAGE / "package-lock.json").read_text(encoding="utf-8"))[
        "packages"
    ]
    return {name: package for name, package in packages.items() if name}


def test_packages_are_pinned_by_checksum_and_by_no_host() -> None:
    """Each package of the lock has a checksum; none says from which server it came."""
    packages = _packages()
    assert packages
    assert [
        name for name, package in packages.items() if not str(package.get("integrity", "")).startswith("sha512-")
    ] == []
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_own_packages_have_exact_versions() -> None:
    """What the page asks for is one version, not a range."""
    asked = json.loads((PAGE / "package.json").read_text(encoding="utf-8"))
    versions = {**asked["dependencies"], **asked["devDependencies"]}
    assert [name for name, version in versions.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)] == []


def test_no_address_of_another_machine_is_in_the_sources() -> None:
    """Scripts, styles, fonts and pictures of others are not asked for."""
    sources = [path for path in (PAGE / "src").rglob("*.*") if path.is_file()] + [PAGE / "index.html"]
    assert len(sources) > 30
    found = [
        f"{path.name}: {match[0]}" for path in sources for match in ELSEWHERE.finditer(path.read_text(encoding="utf-8"))
    ]
    assert found == []
