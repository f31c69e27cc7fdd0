"""Distributions as an installer leaves them, written into a folder: for tests that need some."""

from __future__ import annotations

import hashlib
from pathlib import Path

SIZER = """
import tradewind

class Sizer:
    max_weight = budget = 1.0
    def weights(self, signals, market, portfolio): ...

@tradewind.hookimpl
def tradewind_sizers():
    yield tradewind.SizerPlugin(name={name!r}, create=Sizer, summary="A sizer.")
"""


def sizer_source(name: str, before: str = "") -> str:
    return before + SIZER.format(name=name)


def write_distribution(folder: Path, name: str, version: str, files: dict[str, str], points: dict[str, str]) -> None:
    """Write modules and `dist-info`, with the files listed as a wheel's are."""
    for key, text in files.items():
        (folder / key).parent.mkdir(parents=True, exist_ok=True)
        (folder / key).write_text(text, encoding="utf-8")
    told = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    told.mkdir()
    (told / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n\nName: readme\n")
    lines = [f"{key} = {value}" for key, value in points.items()]
    (told / "entry_points.txt").write_text("\n".join(["[tradewind]", *lines, ""]))
    listed = [*files, f"{told.name}/METADATA", f"{told.name}/entry_points.txt", f"{told.name}/RECORD"]
    (told / "RECORD").write_text("".join(f"{one},,\n" for one in listed))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
