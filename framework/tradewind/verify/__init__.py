"""The proof that nothing reads the future: the same plan under other futures decides the same up to the cut."""

from tradewind.verify.finding import Check, Finding, Verdict
from tradewind.verify.verify import verify, verify_shortly

__all__ = ["Check", "Finding", "Verdict", "verify", "verify_shortly"]
