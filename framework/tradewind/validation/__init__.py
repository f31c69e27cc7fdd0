"""Check bars before anything is decided on them."""

from tradewind.validation.findings import Finding, ValidationReport
from tradewind.validation.validate import require_valid, validate

__all__ = ["Finding", "ValidationReport", "require_valid", "validate"]
