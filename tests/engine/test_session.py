"""What one bar does, in hand-computed cases."""

import datetime as dt

import numpy as np
import pytest

from tests.engine.helpers import equity_of, fills_of, run, scripted, single, weights
from tradewind.contracts import ExitPlugin
from tradewind.errors import ConfigError, DataError, PluginError, RiskHaltError
from tradewind.exchange import Quote
from tradewind.hookspecs import hookimpl
from tradewind.model import AssetClass, ExerciseStyle, Instrument, OptionRight, Targets
from tradewind.testing import make_bars

CASH = {"cash": 1000.0, "cash_buffer": 0.0}


def test_a_decision_on_the_close_fills_at_the_next_open():
    bars = make_bars(
        [[10.0], [20.0], [40.0]], open=[[9.0], [16.0], [30.0]], high=[[10.0], [20], [40]], low=[[9.0], [16], [30]]
    )
    session = run(bars, single("open", {0: weights(0.5)}), account=CASH)
    assert fills_of(session) == [(1, "S0", 50.0, 16.0)]
    assert equity_of(session).tolist() == [1000.0, 500 + 300 - 100 + 500, 200 + 50 * 40]


def test_without_opens_it_fills_at_the_next_close():
    session = run(make_bars([[10.0], [20.0], [40.0]]), single("close", {0: weights(0.5)}), account=CASH)
    assert fills_of(session) == [(1, "S0", 50.0, 20.0)]


def test_a_halted_bar_fills_nothing_and_the_order_waits():
    bars = make_bars([[10.0], [np.nan], [np.nan], [12.0], [15.0]])
    session = run(bars, single("halt", {0: weights(0.5)}), account=CASH)
    assert fills_of(session) == [(3, "S0", 50.0, 12.0)]


def test_a_halted_holding_is_marked_at_its_last_price_and_not_traded():
    bars = make_bars([[10.0], [10.0], [np.nan], [8.0], [8.0]])
    session = run(bars, single("mark", {0: weights(0.5), 2: weights(0.0), 3: weights(0.0)}), account=CASH)
    assert fills_of(session) == [(1, "S0", 50.0, 10.0), (4, "S0", -50.0, 8.0)]
    assert equity_of(session)[2] == 1000.0


def test_the_end_of_data_liquidates_one_bar_later_at_the_last_close_less_the_haircut():
    bars = make_bars([[10.0, 1.0], [10.0, 1.0], [12.0, 1.0], [np.nan, 1.0], [np.nan, 1.0]])
    for stream in (False, True):
        session = run(
            bars,
            single("end", {0: weights(0.5, 0.0)}),
            stream=stream,
            account=CASH,
            exchange={"data_end_haircut": 0.25},
        )
        assert fills_of(session) == [(1, "S0", 50.0, 10.0), (3, "S0", -50.0, 9.0)]
        kinds = [(record.bar, record.kind) for record in session.ledger.journal.records]
        assert (3, "data_end") in kinds
        assert "S0: position closed at 9.0000 (data end)" in session.ledger.warnings


def test_the_end_of_the_file_is_not_the_end_of_a_symbol():
    session = run(make_bars([[10.0], [10.0], [12.0]]), single("file", {0: weights(0.5)}), account=CASH)
    assert len(fills_of(session)) == 1


class Chain:
    """Quotes of one option by date, as a pricer will give them."""

    def __init__(self, option: Instrument, prices: dict[str, float], panel) -> None:
        self.option, self.prices, self.panel = option, prices, panel

    def quote(self, instrument: Instrument) -> Quote | None:
        price = self.prices.get(str(self.panel.timestamps[self.panel.bar])[:10])
        return None if instrument != self.option or price is None else Quote(price, price, price, price, float("nan"))


def test_an_option_without_a_feed_is_bought_during_the_run_marked_and_expires():
    bars = make_bars([[100.0], [100.0], [104.0], [110.0], [111.0]], symbols=["XYZ"], start="2021-03-01")
    option = Instrument(
        symbol="XYZ 210304C105",
        asset_class=AssetClass.OPTION,
        multiplier=100.0,
        underlying="XYZ",
        expiry=dt.date(2021, 3, 4),
        strike=105.0,
        right=OptionRight.CALL,
        style=ExerciseStyle.EUROPEAN,
    )
    prices = {"2021-03-02": 1.5, "2021-03-03": 2.0, "2021-03-04": 5.5}
    for stream in (False, True):
        session = run(
            bars,
            single("option", {1: Targets(quantities={option: 2.0})}),
            stream=stream,
            account={"cash": 10_000.0},
            quote_sources=lambda panel: [Chain(option, prices, panel)],
        )
        assert fills_of(session) == [(2, option.symbol, 2.0, 2.0), (3, option.symbol, -2.0, 5.0)]
        assert equity_of(session).tolist() == [10_000.0, 10_000.0, 10_000.0, 10_600.0, 10_600.0]
        assert session.ledger.books.books["main"].others == {}


def test_sleeve_books_sum_to_the_account_on_every_bar():
    generator = np.random.default_rng(1)
    bars = make_bars(20 * np.exp(np.cumsum(generator.normal(0, 0.02, (60, 4)), axis=0)))
    script = {bar: weights(*generator.dirichlet(np.ones(4))) for bar in range(0, 60, 7)}
    other = {bar: weights(*generator.dirichlet(np.ones(4)) * [1, -0.2, 1, 0.3]) for bar in range(3, 60, 5)}
    sleeves = [
        {"name": "one", "strategy": scripted("sum one", script), "share": 0.6},
        {"name": "two", "strategy": scripted("sum two", other), "share": 0.4},
    ]
    session = run(bars, sleeves, account={"cash": 50_000.0})
    tables = session.ledger.recorder.tables(session.panel.timestamps, None)
    profits = tables["sleeves"].sum(axis=1).to_numpy()
    np.testing.assert_allclose(profits, tables["equity"]["equity"].to_numpy() - 50_000.0, atol=1e-7)
    held = sum(book.quantities for book in session.ledger.books.books.values())
    account = session.ledger.holdings()
    np.testing.assert_allclose(held, [account.get(instrument, 0.0) for instrument in bars.instruments], atol=1e-9)
    assert any(record.kind == "cross" for record in session.ledger.journal.records)


def test_wrong_shapes_and_answers_name_the_plugin_and_the_bar():
    with pytest.raises(PluginError, match=r"Targets.weights has shape \(2,\) at bar 0; expected \(1,\)"):
        run(make_bars([[1.0], [1.0]]), single("shape", {0: weights(0.5, 0.5)}))


def test_a_sizer_on_targets_is_refused():
    with pytest.raises(PluginError, match="returns Targets, which no sizer applies to"):
        run(make_bars([[1.0], [1.0]]), single("sizer", {0: weights(0.5)}, sizer="ninety"))


def test_signals_without_a_sizer_are_refused():
    with pytest.raises(PluginError, match="need a sizer; add `sizer: equal_weight`"):
        run(make_bars([[1.0], [1.0]]), [{"strategy": "hold_all"}])


def test_an_account_that_is_gone_stops_the_run():
    bars = make_bars([[10.0], [10.0], [40.0], [40.0]])
    with pytest.raises(RiskHaltError, match="equity is"):
        run(bars, single("gone", {0: weights(-1.0)}), account=CASH | {"leverage": 2.0})


def test_whole_lots_are_traded_where_the_instrument_has_them():
    from dataclasses import replace

    bars = make_bars([[30.0], [30.0], [30.0]])
    bars = replace(bars, instruments=(Instrument(symbol="S0", lot_size=10.0),))
    session = run(bars, single("lots", {0: weights(0.99)}), account=CASH)
    assert fills_of(session) == [(1, "S0", 30.0, 30.0)]


def test_a_buy_that_became_too_dear_is_refused_as_by_backtrader_and_sized_again_on_the_next_close():
    close = [[10.0], [10.0], [12.0], [12.0], [12.0]]
    bars = make_bars(
        close, open=[[10.0], [11.0], [12.0], [12.0], [12.0]], high=[[10.0], [11], [12], [12], [12]], low=close
    )
    session = run(bars, single("dear", {0: weights(1.0)}), account=CASH)
    orders = session.ledger.recorder.tables(session.panel.timestamps, None)["orders"]
    assert orders[["bar", "reason", "status"]].to_numpy().tolist()[:2] == [
        [0, "rebalance", "rejected"],
        [1, "retry", "rejected"],
    ]
    assert fills_of(session) == [(3, "S0", pytest.approx(1000 / 12), 12.0)]


def test_a_factor_that_needs_a_missing_field_is_refused_before_the_run(monkeypatch):
    from tests.engine import helpers
    from tradewind_plugins.exits import AtrStop

    plugin = ExitPlugin(name="atr_stop", create=AtrStop, summary="ATR.")
    monkeypatch.setattr(helpers.TestPlugins, "tradewind_exits", hookimpl(lambda self: iter([plugin])), raising=False)
    with pytest.raises(ConfigError, match=r"main\.exit\.atr_stop: factor .* needs the field 'high'"):
        run(make_bars(np.ones((30, 1))), single("atr", {}, exits=["atr_stop"]))


def test_an_order_that_waits_on_a_halt_is_withdrawn_when_the_sleeve_no_longer_wants_it():
    bars = make_bars([[10.0], [np.nan], [np.nan], [10.0], [10.0]])
    session = run(bars, single("withdrawn", {0: weights(0.5), 2: weights(0.0)}), account=CASH)
    assert fills_of(session) == []
    statuses = session.ledger.recorder.tables(session.panel.timestamps, None)["orders"]["status"].tolist()
    assert statuses == ["cancelled"]


def test_a_sale_that_waits_on_a_halt_survives_a_decision_that_still_wants_it():
    bars = make_bars([[10.0], [10.0], [np.nan], [np.nan], [9.0], [9.0]])
    script = {0: weights(0.5), 1: weights(0.0), 3: weights(0.0)}
    session = run(bars, single("survives", script), account=CASH)
    assert fills_of(session) == [(1, "S0", 50.0, 10.0), (4, "S0", -50.0, 9.0)]


def test_a_new_decision_of_one_sleeve_keeps_what_the_other_still_waits_for():
    close = np.full((6, 1), 10.0)
    volume = np.full((6, 1), 40.0)
    bars = make_bars(close, open=close, high=close, low=close, volume=volume)
    sleeves = [
        {"name": "one", "strategy": scripted("waits", {0: weights(1.0)}), "share": 0.6},
        {"name": "two", "strategy": scripted("changes", {0: weights(1.0), 1: weights(0.5)}), "share": 0.4},
    ]
    for stream in (False, True):
        session = run(bars, sleeves, stream=stream, account=CASH, exchange={"volume_limit": 0.5})
        held = {name: float(book.quantities[0]) for name, book in session.ledger.books.books.items()}
        assert held == {"one": pytest.approx(60.0), "two": pytest.approx(20.0)}
        assert session.ledger.holdings()[bars.instruments[0]] == pytest.approx(80.0)


def test_longs_may_borrow_what_leverage_lends_and_no_more():
    bars = make_bars(np.full((4, 1), 10.0))
    sleeves = [
        {"name": "one", "strategy": scripted("lever one", {0: weights(1.0)}), "share": 0.8},
        {"name": "two", "strategy": scripted("lever two", {0: weights(1.0)}), "share": 0.8},
    ]
    session = run(bars, sleeves, account=CASH | {"leverage": 2.0})
    assert session.ledger.holdings()[bars.instruments[0]] == pytest.approx(160.0)
    session = run(bars, single("lever", {0: weights(3.0)}), account=CASH | {"leverage": 1.5})
    assert session.ledger.holdings()[bars.instruments[0]] == pytest.approx(150.0)


def test_an_instrument_in_weights_and_quantities_is_refused():
    bars = make_bars(np.full((3, 1), 10.0))
    both = Targets(weights=np.array([0.5]), quantities={bars.instruments[0]: 5.0})
    with pytest.raises(PluginError, match=r"give S0 a weight \(0.5\) and a quantity \(5.0\)"):
        run(bars, single("both", {0: both}), account=CASH)


def test_an_exact_quantity_of_none_withdraws_an_order_that_waits():
    bars = make_bars([[10.0], [np.nan], [np.nan], [10.0], [10.0]])
    instrument = bars.instruments[0]
    script = {0: Targets(quantities={instrument: 50.0}), 2: Targets(quantities={instrument: 0.0})}
    assert fills_of(run(bars, single("none", script), account=CASH)) == []


def test_the_same_decision_on_a_halted_bar_keeps_or_renews_the_waiting_order():
    bars = make_bars([[10.0], [np.nan], [np.nan], [10.0], [10.0]])
    session = run(bars, single("same", {0: weights(0.5), 1: weights(0.5)}), account=CASH)
    assert session.ledger.holdings()[bars.instruments[0]] == pytest.approx(50.0)


def test_books_are_exactly_flat_after_divided_fills():
    close = np.full((40, 1), 10.0)
    bars = make_bars(close, open=close, high=close, low=close, volume=np.full((40, 1), 37.0))
    sleeves = [
        {"name": "one", "strategy": scripted("flat one", {0: weights(0.9), 15: weights(0.0)}), "share": 1 / 3},
        {"name": "two", "strategy": scripted("flat two", {0: weights(0.7), 15: weights(0.0)}), "share": 0.61},
    ]
    session = run(bars, sleeves, account=CASH, exchange={"volume_limit": 0.3})
    for book in session.ledger.books.books.values():
        assert book.quantities.tolist() == [0.0]
        assert book.entry_bars.tolist() == [-1]
    assert session.ledger.holdings() == {}


def test_a_haircut_costs_a_short_position_too():
    bars = make_bars([[10.0, 1.0], [10.0, 1.0], [10.0, 1.0], [np.nan, 1.0]])
    session = run(bars, single("short end", {0: weights(-0.5, 0.0)}), account=CASH, exchange={"data_end_haircut": 0.25})
    assert equity_of(session)[-1] == pytest.approx(1000.0 - 50 * 2.5)


def test_borrowing_is_charged_to_the_sleeve_that_was_short_when_it_covers():
    bars = make_bars(np.full((8, 1), 10.0))
    sleeves = [
        {"name": "short", "strategy": scripted("borrow", {0: weights(-0.5), 3: weights(0.0)}), "share": 0.9},
        {"name": "idle", "strategy": scripted("idle", {}), "share": 0.1},
    ]
    session = run(bars, sleeves, account=CASH, exchange={"borrow_rate_per_year": 0.5})
    tables = session.ledger.recorder.tables(session.panel.timestamps, None)
    equity = tables["equity"]["equity"].to_numpy()
    assert equity[-1] < 1000.0
    np.testing.assert_allclose(tables["sleeves"].sum(axis=1).to_numpy(), equity - 1000.0, atol=1e-9)
    assert (tables["sleeves"]["idle"] == 0.0).all()


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([0, 2, 1], "not after the row before it"),
        ([0, 0], "not after the row before it"),
    ],
)
def test_a_stream_out_of_order_is_refused(rows, words):
    from tests.engine.helpers import builder
    from tradewind.engine.assemble import run_session

    bars = make_bars(np.full((4, 1), 10.0))
    delivered = list(bars.rows())
    made = builder(bars, single("order", {}))
    with pytest.raises(DataError, match=words):
        run_session(made, bars, rows=iter([delivered[number] for number in rows]))


def test_a_halt_at_the_end_of_the_range_is_not_an_end():
    from dataclasses import replace

    bars = replace(make_bars([[10.0], [10.0], [np.nan], [np.nan]]), ends=None)
    session = run(bars, single("halted end", {0: weights(0.5)}), account=CASH)
    assert fills_of(session) == [(1, "S0", 50.0, 10.0)]


def test_an_option_on_a_reference_settles_on_it():
    option = Instrument(
        symbol="SPX C", asset_class=AssetClass.OPTION, multiplier=100.0, underlying="index", strike=100.0,
        expiry=dt.date(2020, 1, 6), right=OptionRight.CALL, style=ExerciseStyle.EUROPEAN,
    )  # fmt: skip
    bars = make_bars(np.full((5, 1), 10.0), references={"index": [100.0, 120.0, 130.0, 150.0, 160.0]})
    prices = {"2020-01-02": 2.0, "2020-01-03": 2.0}
    session = run(
        bars,
        single("index option", {0: Targets(quantities={option: 1.0})}),
        account={"cash": 10_000.0},
        quote_sources=lambda panel: [Chain(option, prices, panel)],
    )
    assert fills_of(session)[-1] == (3, "SPX C", -1.0, 50.0)
