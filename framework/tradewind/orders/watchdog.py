"""Watch a session from a process of its own, and stop it when its loop no longer turns."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from tradewind.errors import TradewindError
from tradewind.orders.kill_switch import Stopped, stop_session

if TYPE_CHECKING:
    from collections.abc import Callable

    from tradewind.journal.store import JournalStore, SessionInfo
    from tradewind.registry import Registry

__all__ = ["POLICIES", "Policy", "watch"]

Policy = Literal["cancel", "flatten", "kill"]
_LONGEST_WAIT_SECONDS = 60.0
POLICIES: tuple[Policy, ...] = ("cancel", "flatten", "kill")


def watch(
    store: JournalStore,
    name: str,
    registry: Registry,
    *,
    timeout_seconds: float,
    policy: Policy,
    stopped: Callable[[], bool] = lambda: False,
    tell: Callable[[SessionInfo, float, Stopped], None] = lambda *_: None,
    failed: Callable[[SessionInfo, TradewindError], None] = lambda *_: None,
    seconds_between_looks: float = 1.0,
) -> None:
    """Watch the last session of a name until it has finished, or until ``stopped``.

    A session's heart beats with the progress of its loop: at the end of each bar, and while it waits for the next. One
    that has not beaten for ``timeout_seconds`` hangs, or its process is gone and has left orders at the venue; it is
    dealt with by the policy, once for each time it falls silent.

    Parameters
    ----------
    timeout_seconds
        Silence after which the policy is carried out.
    policy
        ``cancel``: cancel what is at work and pause; ``flatten``: close positions too; ``kill``: cancel, and only
        re-arming lets it trade again.
    tell, failed
        Told of the session, its silence in seconds, and what was done; or of what stood in the way, after which it is
        tried again.
    """
    dealt_with: datetime | None = None
    wait_seconds, not_before = seconds_between_looks, 0.0
    while not stopped():
        sessions = store.sessions(name)
        if not sessions or sessions[-1].status == "finished":
            return
        info = sessions[-1]
        silence = (datetime.now(UTC) - info.heartbeat_at).total_seconds()
        if (
            info.status == "open"
            and silence >= timeout_seconds
            and info.heartbeat_at != dealt_with
            and (time.monotonic() >= not_before)
        ):
            try:
                done = stop_session(
                    store,
                    info,
                    lambda _: registry,
                    command="kill" if policy == "kill" else "pause",
                    flatten=policy == "flatten",
                    reason=f"watchdog: no heartbeat for {silence:.0f} s",
                    patience_seconds=0.0,
                )
            except TradewindError as error:
                failed(info, error)
                # What the venue refuses now it may refuse for long; each try asks it anew.
                wait_seconds = min(2.0 * wait_seconds, _LONGEST_WAIT_SECONDS)
                not_before = time.monotonic() + wait_seconds
            else:
                dealt_with = store.sessions(name)[-1].heartbeat_at
                tell(info, silence, done)
        time.sleep(seconds_between_looks)
