"""Backtrader's simulated broker, sparing what cannot change anything."""

from __future__ import annotations

import collections
from typing import TYPE_CHECKING, Any

import backtrader as bt

from tradewind.engine.drop_in.orders import Waiting, copy_of, new_order
from tradewind.engine.drop_in.positions import Position, Positions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tradewind.engine.drop_in.lines import Cursor

__all__ = ["Broker"]

_PLAIN_COMMISSION = (
    "get_credit_interest",
    "_get_credit_interest",
    "cashadjust",
    "getvaluesize",
    "getvalue",
    "profitandloss",
    "get_leverage",
)
_CHARGING = ("_getcommission", "getcommission", "confirmexec")


def _valued(name: str) -> property:
    def read(broker: Any) -> Any:
        if broker.unvalued:
            broker.settle()
        return broker.__dict__[name]

    def write(broker: Any, value: Any) -> None:
        broker.__dict__[name] = value

    return property(read, write)


class Broker(bt.brokers.BackBroker):
    """`BackBroker` with the same orders, fills, cash and values; the account is valued when somebody looks.

    Between `begin_fast` and `end_fast` a loop promises that nothing acts between a bar's arrival and `next`.
    """

    unvalued = False
    _value = _valued("_value")
    _valuemkt = _valued("_valuemkt")
    _valuelever = _valued("_valuelever")
    _valuemktlever = _valued("_valuemktlever")
    _leverage = _valued("_leverage")
    _unrealized = _valued("_unrealized")
    _fundval = _valued("_fundval")

    def __init__(self) -> None:
        self._fast = False
        self._lean = False
        super().__init__()

    def init(self) -> None:
        """Begin a run with an empty book."""
        self.unvalued = False
        super().init()
        self.positions: dict[Any, Any] = collections.defaultdict(Position)

    def begin_fast(self, datas: Sequence[Any], cursors: Sequence[Cursor]) -> None:
        """Serve the fast loop over these feeds."""
        self._fast = True
        self._book = Positions(self, datas, cursors)
        self._waiting = Waiting(datas, cursors)
        self._judge_commissions()

    def end_fast(self) -> None:
        """Return to Backtrader's way."""
        if self.unvalued:
            self.settle()
        self._book.release()
        self._fast = self._lean = False
        del self._book, self._waiting

    def setcommission(self, *args: Any, **kwargs: Any) -> None:
        """Set a commission scheme, as `BackBroker` does."""
        if self.unvalued:
            self.settle()
        super().setcommission(*args, **kwargs)
        self._judge_commissions()

    def addcommissioninfo(self, comminfo: Any, name: str | None = None) -> None:
        """Add a commission scheme, as `BackBroker` does."""
        if self.unvalued:
            self.settle()
        super().addcommissioninfo(comminfo, name)
        self._judge_commissions()

    def _judge_commissions(self) -> None:
        """Find out whether positions cost or earn nothing by being held."""
        if not self._fast:
            return
        schemes = self.comminfo.values()
        # A fill at NaN, which Backtrader makes on a row without prices, spoils the account as only its own code does.
        self._lean = not (self._fundhist or self._book.has_gaps) and all(
            scheme._stocklike  # noqa: SLF001
            and not scheme.p.interest
            and all(getattr(type(scheme), name) is getattr(bt.CommInfoBase, name) for name in _PLAIN_COMMISSION)
            for scheme in schemes
        )
        self._at_once = self.p.filler is not None or any(
            getattr(type(scheme), name) is not getattr(bt.CommInfoBase, name)
            for scheme in schemes
            for name in _CHARGING
        )
        self._book.changed = True

    def next(self) -> None:
        """Act on a bar."""
        if not self._lean:
            super().next()
            return
        self.cash -= 0.0  # Backtrader subtracts the interest of the bar, which makes whole cash a float
        if self._toactivate or self.submitted or self.pending or self._userhist:
            self._act()
        self._book.mark()
        self.unvalued = True
        if self._at_once or self._cash_addition:
            self.settle()

    def _act(self) -> None:
        while self._toactivate:
            self._toactivate.popleft().activate()
        if self.submitted and self.p.checksubmit:
            self.check_submitted()
        if self._userhist:
            self._process_order_history()
        if self._waiting.all_rest(self.pending):
            return  # looking at each and putting it back would leave them as they are
        self.pending.append(None)
        while (order := self.pending.popleft()) is not None:
            self._look_at(order)

    def _look_at(self, order: Any) -> None:
        if order.expire():
            self.notify(order)
            self._ococheck(order)
            self._bracketize(order, cancel=True)
        elif not order.active():
            self.pending.append(order)
        else:
            self._try_exec(order)
            if order.alive():
                self.pending.append(order)
            elif order.status == bt.Order.Completed:
                self._bracketize(order)

    def _try_exec(self, order: Any) -> None:
        if self._lean and order.exectype == bt.Order.Market:
            data = order.data
            self._try_exec_market(order, data.open[0], data.high[0], data.low[0])
        else:
            super()._try_exec(order)

    def _execute(self, order: Any, ago: int | None = None, *args: Any, **kwargs: Any) -> Any:
        if ago is not None and self._fast:
            self._book.changed = True
            compensated = order.data._compensate  # noqa: SLF001
            position = self.positions.get(order.data if compensated is None else compensated)
            if position is not None:
                position.freeze()
        return super()._execute(order, ago, *args, **kwargs)

    def buy(self, owner: Any, data: Any, size: Any, *args: Any, **kwargs: Any) -> Any:
        """Place a buy order, as `BackBroker` does."""
        if not self._fast:
            return super().buy(owner, data, size, *args, **kwargs)
        return self._place(bt.order.BuyOrder, owner, data, size, *args, **kwargs)

    def sell(self, owner: Any, data: Any, size: Any, *args: Any, **kwargs: Any) -> Any:
        """Place a sell order, as `BackBroker` does."""
        if not self._fast:
            return super().sell(owner, data, size, *args, **kwargs)
        return self._place(bt.order.SellOrder, owner, data, size, *args, **kwargs)

    def _place(
        self,
        kind: type,
        owner: Any,
        data: Any,
        size: Any,
        price: Any = None,
        plimit: Any = None,
        exectype: Any = None,
        valid: Any = None,
        tradeid: Any = 0,
        oco: Any = None,
        trailamount: Any = None,
        trailpercent: Any = None,
        parent: Any = None,
        transmit: Any = True,
        histnotify: Any = False,
        _checksubmit: Any = True,
        **kwargs: Any,
    ) -> Any:
        order = new_order(
            kind, owner=owner, data=data, size=size, price=price, pricelimit=plimit, exectype=exectype, valid=valid,
            tradeid=tradeid, trailamount=trailamount, trailpercent=trailpercent, parent=parent, transmit=transmit,
            histnotify=histnotify,
        )  # fmt: skip
        order.addinfo(**kwargs)
        self._ocoize(order, oco)
        return self.submit(order, check=_checksubmit)

    def notify(self, order: Any) -> None:
        """Queue what an order is now, as `order.clone()` would copy it."""
        self.notifs.append(copy_of(order))

    def add_cash(self, cash: float) -> None:
        """Add cash at the next bar; its fund shares are priced at the present value."""
        if self.unvalued:
            self.settle()
        super().add_cash(cash)

    def set_cash(self, cash: float) -> None:
        """Set the cash."""
        if self.unvalued:
            self.settle()
        super().set_cash(cash)

    setcash = set_cash

    def get_value(self, datas: Any = None, mkt: bool = False, lever: bool = False) -> Any:
        """Return the value of the account or of some feeds' positions."""
        if self.unvalued:
            self.settle()
        if datas is None and not mkt and not lever:
            return self.__dict__["_value"]
        return super().get_value(datas, mkt, lever)

    getvalue = get_value

    def settle(self) -> None:
        """Value the account as it was at the end of `next`."""
        self.unvalued = False
        if not self._lean or not self._book.value():
            self._get_value()
