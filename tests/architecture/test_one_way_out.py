"""No order reaches a broker around the gates: every call that hands orders on is known."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2] / "framework" / "tradewind"

HANDS_ON = {
    "engine/flattening.py": {"ledger.submit"},
    "engine/session.py": {"ledger.submit"},
    "engine/ledger.py": {"self.submit", "self.exchange.submit"},
    "engine/structural.py": {"super().submit"},
    "orders/courier.py": {"self.broker.submit"},
    "exchange/broker.py": {"self._exchange.submit"},
    "exchange/venue/server.py": {"self._broker.submit"},
    "runs/parity/ports.py": {"self._exchange.submit"},
}
"""Session to ledger, ledger (which asks the gates) to the port, courier to the broker, broker to its exchange. The kill
switch closes positions only, through a courier; a bt.Strategy's broker rejects what is no order; parity's ports are an
exchange of their own that no broker hears of. Conformance kits trade at venues that their authors open for them."""


def calls(tree: ast.AST, name: str) -> list[str]:
    return [
        ast.unparse(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == name
    ]


def test_orders_are_handed_on_in_one_chain():
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT).as_posix()
        if not place.startswith(("engine/drop_in/", "engine/doctor/", "testing/")):
            callers = set(calls(ast.parse(path.read_text(encoding="utf-8")), "submit"))
            if callers:
                found[place] = callers
    assert found == HANDS_ON


def test_the_ledger_asks_the_gates_before_it_hands_on():
    tree = ast.parse((ROOT / "engine" / "ledger.py").read_text(encoding="utf-8"))
    (submit,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "submit")
    lines = {ast.unparse(node.func): node.lineno for node in ast.walk(submit) if isinstance(node, ast.Call)}
    assert lines["self.desk.judge"] < lines["self.exchange.submit"]
    assert calls(tree, "judge") == ["self.desk.judge"]
    assert set(calls(tree, "submit")) == {"self.exchange.submit", "self.submit"}
    assert calls(submit, "submit") == ["self.exchange.submit"]


def test_the_kill_switch_only_closes():
    tree = ast.parse((ROOT / "orders" / "kill_switch.py").read_text(encoding="utf-8"))
    made = {
        node.func.id: node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    quantity = next(word.value for word in made["OrderIntent"].keywords if word.arg == "quantity")
    assert ast.unparse(quantity) == "order.quantity"
    assert ast.unparse(made["ClosingOrder"].args[2]) == "-quantity"
    assert calls(tree, "deliver") == ["courier.deliver"]
