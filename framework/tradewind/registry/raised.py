"""What a plugin has raised, which may be anything: also what is no `Exception`, and what has no text."""

from __future__ import annotations

__all__ = ["told"]


def told(error: BaseException) -> str:
    """Return the class and the text of an error."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the text is made by the error's own class
        text = "its text cannot be made"
    return f"{type(error).__name__}: {text}"
