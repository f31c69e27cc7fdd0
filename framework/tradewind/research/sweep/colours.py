"""A scale from dark blue over grey to light yellow: told apart with every kind of colour blindness, and in grey."""

from __future__ import annotations

__all__ = ["colour", "contrast", "luminance", "text_on"]

_STOPS = ((18, 46, 92), (123, 127, 134), (244, 222, 92))
"""Red, green and blue at the worst, the middle and the best; each lighter than the one before."""

_DARK, _LIGHT = "#000000", "#ffffff"


def colour(part: float) -> str:
    """Return the colour of a place on the scale, 0 to 1, as ``#rrggbb``."""
    place = min(max(part, 0.0), 1.0) * (len(_STOPS) - 1)
    first = min(int(place), len(_STOPS) - 2)
    share = place - first
    mixed = (round(a + (b - a) * share) for a, b in zip(_STOPS[first], _STOPS[first + 1], strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)


def text_on(part: float) -> str:
    """Return black or white, whichever is easier to read there."""
    background = colour(part)
    return max((_DARK, _LIGHT), key=lambda text: contrast(text, background))


def luminance(code: str) -> float:
    """Return the relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2)."""
    parts = (int(code[start : start + 2], 16) / 255 for start in (1, 3, 5))
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
