"""Writes what a Backtrader strategy does into journal and records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import backtrader as bt
import numpy as np

from tradewind.engine.drop_in import day_numbers
from tradewind.engine.panel import HistoryPanel
from tradewind.engine.structural import GATE
from tradewind.journal import BarDigest
from tradewind.model import Fill, OrderIntent, OrderType, TimeInForce

if TYPE_CHECKING:
    from tradewind.engine.panel import StreamPanel
    from tradewind.model.typing import FloatArray

__all__ = ["RunRecorder"]

_TYPES = {
    bt.Order.Market: OrderType.MARKET,
    bt.Order.Close: OrderType.MARKET,
    bt.Order.Limit: OrderType.LIMIT,
    bt.Order.Stop: OrderType.STOP,
    bt.Order.StopLimit: OrderType.STOP_LIMIT,
    bt.Order.StopTrail: OrderType.TRAILING_STOP,
    bt.Order.StopTrailLimit: OrderType.TRAILING_STOP,
}
_ENDED = {
    bt.Order.Canceled: "cancelled",
    bt.Order.Expired: "expired",
    bt.Order.Margin: "rejected",
    bt.Order.Rejected: "rejected",
}


class RunRecorder(bt.Analyzer):
    """Records account, orders and fills on every bar; changes nothing."""

    params = (("panel", None), ("ledger", None), ("sleeve", "main"), ("on_bar", None))

    def start(self) -> None:
        """Begin with an empty book."""
        panel: HistoryPanel | StreamPanel = self.p.panel
        self._ids: dict[int, str] = {}
        self._reported: dict[int, int] = {}
        self._columns = {data: column for column, data in enumerate(self.strategy.datas)}
        self._start_cash = float(self.strategy.broker.getcash())
        self._digest = BarDigest([instrument.symbol for instrument in panel.instruments])
        self._digested_bar = -1
        self._bars: dict[float, int] = {}
        if isinstance(panel, HistoryPanel):
            self._bars.update((number, bar) for bar, number in enumerate(day_numbers(panel.timestamps).tolist()))
        self._flat = np.zeros(len(panel.instruments))

    def next(self) -> None:
        """Record the close of a bar; bars on which no symbol traded repeat the one before."""
        recorder, broker = self.p.ledger.recorder, self.strategy.broker
        bar = self._bar(self.strategy.lines.datetime[0])
        equity, cash = float(broker.getvalue()), float(broker.getcash())
        weights, gross, net = self._weights(equity)
        while recorder.bars <= bar:
            recorder.account(equity, cash, gross, net, weights, [equity - self._start_cash])
        if not self.p.on_bar(bar):
            self.strategy.env.runstop()

    def _weights(self, equity: float) -> tuple[FloatArray, float, float]:
        held = [(data, position.size) for data, position in self.strategy.broker.positions.items() if position.size]
        if not held:
            return self._flat, 0.0, 0.0
        weights = self._flat.copy()
        for data, size in held:
            weights[self._columns[data]] = size * data.close[0] / equity
        return weights, float(np.abs(weights).sum()), float(weights.sum())

    def notify_order(self, order: Any) -> None:
        """Journal an order's intent, ends and fills."""
        fault = self.strategy.broker.faults.get(order.ref)
        if fault is not None:
            self._refuse(order, fault)
            return
        if order.ref not in self._ids:
            self._intent(order)
        order_id = self._ids[order.ref]
        if order.status in _ENDED:
            reason = "margin" if order.status == bt.Order.Margin else ""
            self._write("order", {"id": order_id, "event": _ENDED[order.status], "reason": reason})
            self.p.ledger.recorder.status(order_id, _ENDED[order.status])
            if _ENDED[order.status] == "rejected":
                self.p.ledger.warnings[f"order {order_id} was rejected: {reason}"] = None
        elif order.status in (bt.Order.Partial, bt.Order.Completed):
            self._fills(order, order_id)

    def _refuse(self, order: Any, fault: str) -> None:
        """Journal an order that is none."""
        symbol = self.p.panel.instruments[self._columns[order.data]].symbol
        size = order.created.size
        self._write("gate", {"symbol": symbol, "gate": GATE, "code": GATE, "asked": str(size), "allowed": 0.0,
                             "text": f"{symbol}: {fault}"})  # fmt: skip
        self.p.ledger.warnings[f"an order for {symbol} was rejected: {fault}"] = None

    def _intent(self, order: Any) -> None:
        panel = self.p.panel
        bar = self._bar(order.created.dt)
        column = self._columns[order.data]
        instrument = panel.instruments[column]
        order_id = f"{bar}-{len(self._ids)}-{instrument.symbol}"
        self._ids[order.ref] = order_id
        quantity = float(order.created.size)
        self._write("intent", {"id": order_id, "symbol": instrument.symbol, "quantity": quantity,
                               "type": order.getordername(), "price": order.created.price,
                               "limit": order.created.pricelimit})  # fmt: skip
        self.p.ledger.recorder.order(
            OrderIntent(
                order_id=order_id,
                bar=bar,
                instrument=instrument,
                quantity=quantity,
                time_in_force=TimeInForce.GTC,
                reason=order.getordername().lower(),
                split={self.p.sleeve: quantity},
                **self._prices(order),
            ),
        )

    def _prices(self, order: Any) -> dict[str, Any]:
        kind = _TYPES.get(order.exectype, OrderType.MARKET)
        price, limit = order.created.price, order.created.pricelimit
        if kind is OrderType.LIMIT:
            return {"order_type": kind, "limit_price": price}
        if kind is OrderType.STOP:
            return {"order_type": kind, "stop_price": price}
        if kind is OrderType.STOP_LIMIT:
            return {"order_type": kind, "stop_price": price, "limit_price": limit}
        if kind is OrderType.TRAILING_STOP:
            if order.trailpercent:
                return {"order_type": kind, "trail_fraction": order.trailpercent}
            return {"order_type": kind, "trail_amount": order.trailamount or 0.0}
        return {"order_type": kind}

    def _fills(self, order: Any, order_id: str) -> None:
        panel, recorder = self.p.panel, self.p.ledger.recorder
        done = self._reported.get(order.ref, 0)
        executions = list(order.executed.exbits)
        for execution in executions[done:]:
            bar = self._bar(execution.dt)
            fill = Fill(
                order_id=order_id,
                bar=bar,
                instrument=panel.instruments[self._columns[order.data]],
                quantity=float(execution.size),
                price=float(execution.price),
                commission=float(execution.closedcomm + execution.openedcomm),
            )
            recorder.fill(fill)
            self._write("fill", {"id": order_id, "bar": bar, "quantity": fill.quantity, "price": fill.price,
                                 "commission": fill.commission})  # fmt: skip
        self._reported[order.ref] = len(executions)
        recorder.status(order_id, "filled" if order.status == bt.Order.Completed else "partially_filled")

    def _bar(self, number: float) -> int:
        """Return the number of the bar a time lies in; Backtrader's day fractions are exact to some microseconds."""
        bar = self._bars.get(number)
        if bar is None:
            panel = self.p.panel
            stamp = np.datetime64(bt.num2date(number), "ns") + np.timedelta64(1, "ms")
            bar = int(np.searchsorted(panel.timestamps[: panel.bar + 1], stamp, side="right")) - 1
            self._bars[number] = bar
        return bar

    def _write(self, kind: str, payload: dict[str, Any]) -> None:
        panel, journal = self.p.panel, self.p.ledger.journal
        bar = self._bar(self.strategy.lines.datetime[0])
        if bar > self._digested_bar:
            journal.write(bar, "data", {"bars": self._digest.update(panel.fields, bar + 1)})
            self._digested_bar = bar
        journal.write(bar, kind, payload)
