"""What the measures accept: finite samples of one length, levels between one half and one."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from tradewind.errors import DataError, UserError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from tradewind.model.typing import FloatArray

__all__ = ["checked_level", "checked_window", "frozen", "matrix_of", "positive_semi_definite", "vector_of"]

Scalar = TypeVar("Scalar", bound=np.generic)

_NEGATIVE_EIGENVALUE = 1e-9
"""Of the largest one: below this a covariance matrix is wrong, not merely rounded."""


def checked_level(level: float, where: str) -> float:
    """Return a confidence level strictly between 0.5 and 1, or raise `UserError`."""
    if 0.5 < level < 1.0:
        return float(level)
    remedy = f"write {level / 100:g}" if 50.0 < level < 100.0 else "write 0.95 for 95 %"
    raise UserError(f"{where}: level is {level!r}, expected a confidence above 0.5 and below 1; {remedy}")


def checked_window(window: int, bars: int, where: str) -> int:
    """Return a window of at least 2 and fewer than ``bars`` bars, or raise."""
    if window < 2:
        raise UserError(f"{where}: window is {window}, expected at least 2 bars; 250 is a year of days")
    if window >= bars:
        raise DataError(
            f"{where}: the window has {window} bars and the sample {bars}, so no bar is left after the first window; "
            f"shorten the window or give more bars"
        )
    return window


def vector_of(values: ArrayLike, where: str, *, shortest: int = 1, length: int | None = None) -> FloatArray:
    """Return a finite vector, shape (n,), of at least ``shortest`` and, where given, exactly ``length`` numbers."""
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1:
        raise DataError(f"{where}: received an array of shape {vector.shape}, expected one dimension; pass one series")
    if length is not None and len(vector) != length:
        raise DataError(f"{where}: received {len(vector)} numbers, expected {length}; align the inputs first")
    if len(vector) < shortest:
        raise DataError(f"{where}: received {len(vector)} numbers, expected at least {shortest}; give a longer sample")
    _require_finite(vector, where)
    return vector


def matrix_of(
    values: ArrayLike, where: str, *, shortest: int = 0, rows: int | None = None, columns: int | None = None
) -> FloatArray:
    """Return a finite matrix, shape (rows, columns), where ``rows`` may be left open but for ``shortest``."""
    matrix = np.asarray(values, dtype=np.float64)
    wanted = (matrix.shape[0] if rows is None and matrix.ndim else rows, columns)
    fits = matrix.ndim == 2 and matrix.shape[0] == wanted[0] and columns in (None, matrix.shape[1])
    if not fits:
        expected = f"({'n' if rows is None else rows}, {'m' if columns is None else columns})"
        raise DataError(f"{where}: received an array of shape {matrix.shape}, expected {expected}; align the inputs")
    if len(matrix) < shortest:
        raise DataError(f"{where}: received {len(matrix)} rows, expected at least {shortest}; give a longer sample")
    _require_finite(matrix, where)
    return matrix


def positive_semi_definite(covariance: ArrayLike, size: int, where: str) -> tuple[FloatArray, FloatArray]:
    """Return eigenvalues (ascending, none negative) and eigenvectors (columns) of a covariance matrix, or raise."""
    matrix = matrix_of(covariance, where, rows=size, columns=size)
    scale = float(np.abs(matrix).max(initial=0.0))
    if float(np.abs(matrix - matrix.T).max(initial=0.0)) > _NEGATIVE_EIGENVALUE * scale:
        raise DataError(f"{where}: the matrix is not symmetric; pass a covariance matrix")
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2.0)
    if size and values[0] < -_NEGATIVE_EIGENVALUE * max(float(values[-1]), scale):
        raise DataError(
            f"{where}: the matrix has the eigenvalue {values[0]:.3g}, expected none below 0; "
            f"estimate it on complete rows, or repair it to the nearest covariance matrix"
        )
    return np.maximum(values, 0.0), vectors


def frozen(values: NDArray[Scalar]) -> NDArray[Scalar]:
    """Return an array that cannot be written to through the result."""
    view = values.view()
    view.flags.writeable = False
    return view


def _require_finite(values: FloatArray, where: str) -> None:
    finite = np.isfinite(values)
    if finite.all():
        return
    place = np.unravel_index(int(np.argmin(finite)), values.shape)
    row = ", column ".join(str(int(index)) for index in place)
    raise DataError(
        f"{where}: row {row} is {values[place]}, expected a finite number; look for a missing price there, "
        f"or drop incomplete rows first"
    )
