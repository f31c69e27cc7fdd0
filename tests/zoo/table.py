"""Which test of which kit catches each sick plugin, with which words; and the healthy ones."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.zoo import (
    healthy_exits,
    healthy_factors,
    healthy_regimes,
    healthy_sizers,
    healthy_strategies,
    sick_exits,
    sick_factors,
    sick_memories,
    sick_regimes,
    sick_sizers,
    sick_strategies,
    sick_strategy_answers,
)

FUTURE = "test_the_future_changes_nothing"
SCENES = "test_it_answers_in_every_scene"
STREAM = "test_a_stream_gives_the_same_answers_as_a_history"
SHARED = "test_two_of_them_share_nothing"
SAVED = "test_its_state_can_be_saved"
CLOCKS = "test_it_reads_no_clock_and_rolls_no_dice"
GIVEN = "test_what_it_is_given_stays_as_it_is"
READS = "test_it_reads_what_it_declares"
ELSEWHERE = "test_fresh_processes_give_the_same_answers"
DEAD = "test_a_symbol_without_data_spoils_no_other"
ORDER = "test_the_order_of_symbols_does_not_matter"
IMPORT = "test_importing_it_does_nothing_else"
JUMPS = "test_bars_that_it_passes_over_hold_no_decision"
MOVES = "test_bars_that_it_passes_over_hold_no_change"
HELD = "test_it_concerns_what_is_held_alone"
RESTING = "test_resting_prices_can_be_sent"
LABELS = "test_probabilities_are_of_its_labels_and_sum_to_one"
FITTED = "test_it_is_fitted_on_the_past"
BOUNDS = "test_weights_keep_to_their_bounds"
TRADES = "test_it_holds_only_what_is_wanted_and_trades"
FIELDS = "test_its_signal_fields_are_known_and_enough"
HALTED = "test_a_halted_symbol_keeps_its_value"
OWN = "test_there_is_no_value_before_enough_own_bars"
BATCH = "test_batch_and_step_are_equal_to_the_last_bit"
SOUND = "test_its_schedule_and_warmup_are_sound"


@dataclass(frozen=True)
class Sick:
    """A plugin with a fault, the test that is meant to find it, and what it is to say."""

    kind: str
    plugin: Any
    test: str
    message: str
    params: dict = field(default_factory=dict)

    def __str__(self):
        name = self.plugin if isinstance(self.plugin, str) else self.plugin.__name__
        return f"{self.kind}-{Path(name).name}"


_LOOKS_AHEAD = r"bar \d+: it looks ahead: with other prices after bar \d+ its answer is another one; received .*S00"

_STRATEGIES = {**vars(sick_strategies), **vars(sick_strategy_answers)}

SICK = [
    *(
        Sick("factor", getattr(sick_factors, name), test, message)
        for name, test, message in (
            ("NextClose", FUTURE, _LOOKS_AHEAD),
            ("FullSampleScale", FUTURE, _LOOKS_AHEAD),
            ("FullSampleScale", STREAM, "a shorter history gives another value"),
            ("CentredMean", FUTURE, _LOOKS_AHEAD),
            ("CentredMean", BATCH, "scene ordinary, bar 2: the step form differs"),
            ("WeekLabelledLeft", FUTURE, _LOOKS_AHEAD),
            ("KnowsTheEnd", FUTURE, r"scene early_end.*it looks ahead.*S00"),
            ("BackFilled", OWN, "there is a value after 0 own bars, where other symbols needed 1"),
            ("FirstSymbolsPast", OWN, "there is a value after 0 own bars"),
            ("ZeroFilled", HALTED, "the value changes on a bar without trading; received 0.0 after"),
            ("BarsOfTheRun", HALTED, "the value changes on a bar without trading"),
            ("PoisonedMean", DEAD, "a symbol without data takes the value of another one away"),
            ("ByColumn", ORDER, "with symbols in another order its value is another one"),
            ("Infinite", SCENES, r"scene zero_volume, bar \d+, S\d+: a value is infinite; received inf"),
            ("OtherRounding", BATCH, "the step form differs from the batch form; received S00"),
            ("WrongShape", BATCH, r"float64 of shape \(\d+, 6\) \(bars, symbols\); received float64 \(\d+, 1\)"),
            ("WholeNumbers", BATCH, r"compute returns an array of float64.*received int64"),
            ("SharedMemory", SHARED, "instances influence each other"),
            ("Unpicklable", SAVED, "its state cannot be saved; received .*lambda"),
            ("Dice", CLOCKS, "rolls unseeded dice; received random.random, the generator that all share in values"),
            ("NumpyDice", CLOCKS, "numpy's global generator"),
            ("SetOrder", ELSEWHERE, "PYTHONHASHSEED=.*its answers differ from those in this process"),
            ("Undeclared", READS, "reads what it does not declare; received volume"),
            ("Unread", READS, "declares needs that it reads in no scene; received volume"),
            ("Mutator", GIVEN, "changes what it is given.*read-only"),
            ("BaseMutator", GIVEN, "changes the bars it is given"),
            ("NeedsTwoSymbols", SCENES, "scene one_symbol.*raised"),
        )
    ),
    *(
        Sick("strategy", _STRATEGIES[name], test, message)
        for name, test, message in (
            ("NextClose", FUTURE, _LOOKS_AHEAD),
            ("NextClose", STREAM, "a stream of the same bars gives another answer"),
            ("NextOffset", SCENES, r"offset \+1 at bar 5 would read the future.*It reads ahead: take nothing"),
            ("ArrayBase", FUTURE, _LOOKS_AHEAD),
            ("SameBarFill", FUTURE, _LOOKS_AHEAD),
            ("FullSampleRank", FUTURE, _LOOKS_AHEAD),
            ("Survivors", FUTURE, _LOOKS_AHEAD),
            ("FactorAhead", FUTURE, _LOOKS_AHEAD),
            ("LengthOfHistory", STREAM, "a stream of the same bars gives another answer"),
            ("ClassMemory", SHARED, "an attribute of the class.*received ClassMemory.calls"),
            ("ModuleMemory", SHARED, "instances influence each other"),
            ("Dice", CLOCKS, "random.random, the generator that all share in on_bar, line"),
            ("UnseededGenerator", CLOCKS, "a generator without a seed"),
            ("WallClock", CLOCKS, "received datetime.now in on_bar"),
            ("Stopwatch", CLOCKS, "received time.perf_counter in on_bar"),
            ("SetOrder", ELSEWHERE, "its answers differ from those in this process"),
            ("WritesFile", ELSEWHERE, "reaches out of the process while it decides; received file-write"),
            ("Poisoned", DEAD, "a symbol without data leaves no opinion of any other"),
            ("Mutator", GIVEN, "it changes what it is given; received .*read-only"),
            ("BaseMutator", GIVEN, "changes the bars it is given"),
            ("HoldingsMutator", GIVEN, "it changes what it is given; received .*read-only"),
            ("Undeclared", READS, r"received volume .*Add it to needs: needs=\('close', 'volume',\)"),
            ("UndeclaredReference", READS, "received reference:vix"),
            ("Unread", READS, "declares needs that it reads in no scene; received volume"),
            ("Unpicklable", SAVED, "its state cannot be saved; received .*lambda"),
            ("HalfSaved", SAVED, "restored, it answers differently"),
            ("WrongShape", SCENES, r"Signals.scores is an array of numbers of shape \(6,\); received float64 \(5,\)"),
            ("Infinite", SCENES, "Signals.scores is infinite"),
            ("PlainList", SCENES, "on_bar returns Signals, Targets or None; received list"),
            ("ShortWarmup", SCENES, "Declare `warmup` of at least 29 bars"),
            ("OddSchedule", SOUND, "schedule is unknown; known: annual.*received fortnightly"),
            ("NegativeWarmup", SOUND, "warmup is a number of bars, 0 or more; received -3"),
            ("TwoFaced", "test_it_answers_in_one_way", "it gives Signals here and Targets there"),
            ("Silent", "test_it_decides_something", "it decides nothing in any scene"),
            ("DeafToEvents", JUMPS, "next_event passes over a bar with a decision"),
            ("CountsVisits", JUMPS, "visiting fewer bars changes a decision"),
            ("PeeksInEvent", JUMPS, "visiting fewer bars changes a decision"),
            ("PandasClock", CLOCKS, "received Timestamp.now in on_bar"),
            ("BackwardEvent", JUMPS, r"next_event returns a bar after \d+"),
            ("NeedsThree", SCENES, "scene one_symbol: it raised where it should answer"),
            (
                "BareError",
                "test_numbers_at_their_bounds_are_taken_or_refused_by_name",
                "parameter 'bars' of 0: create raises a bare exception",
            ),
            ("TakesAnything", "test_wrong_parameters_are_refused_by_name", "'bars': it takes values of any type"),
            (
                "TakesAnything",
                "test_parameters_pass_through_yaml_and_json_schema",
                "'bars': JSON Schema cannot say what it is",
            ),
            ("NoSentence", "test_its_record_is_complete", "the summary is one sentence.*received does things"),
        )
    ),
    *(
        Sick("regime", getattr(sick_regimes, name), test, message)
        for name, test, message in (
            ("NextReturn", FUTURE, "it looks ahead"),
            ("Smoothed", FUTURE, "it looks ahead"),
            ("FittedOnAll", FUTURE, "it looks ahead"),
            ("CentredVolatility", FUTURE, "it looks ahead"),
            ("CentredVolatility", STREAM, "a stream of the same bars gives another answer"),
            ("SumBelowOne", LABELS, r"must sum to 1; received .* \(sum 0.89"),
            ("UndeclaredLabel", LABELS, "an estimate has its declared labels, calm, wild; received label 'panic'"),
            ("MissingLabel", LABELS, "probabilities of calm. Declare every label"),
            ("FittedAhead", FITTED, "fitted_until lies between that of the bar before"),
            ("FittedBackwards", FITTED, "fitted_until lies between that of the bar before"),
            ("Constant", "test_it_knows_more_than_one_state", "the same probabilities on every bar of every scene"),
            ("ClassMemory", SHARED, "received ClassMemory.seen"),
            ("Dice", CLOCKS, "the generator that all share"),
            ("Clock", CLOCKS, "received time.time in estimate"),
            ("TwiceTheSameLabel", "test_its_labels_are_sound", "labels is a tuple of different texts"),
            ("PlainLabel", SCENES, "estimate returns a RegimeEstimate; received str"),
            ("PoisonedMean", DEAD, "a symbol without data makes every estimate the same"),
            ("NotANumber", SCENES, "scene halts: it raised where it should answer; received .*: regime estimate"),
            ("SetOrder", ELSEWHERE, "its answers differ from those in this process"),
            ("UndeclaredReference", READS, "received reference:vix"),
            ("KeepsGenerator", SAVED, "its state cannot be saved; received TypeError: cannot pickle 'generator'"),
        )
    ),
    *(
        Sick("sizer", getattr(sick_sizers, name), test, message)
        for name, test, message in (
            ("TooLarge", BOUNDS, "S00.: a weight is larger than max_weight 0.1"),
            ("OverBudget", BOUNDS, "the weights are together more than budget 1; received"),
            ("NotANumber", SCENES, "S00.: a weight is not finite; received nan"),
            ("HoldsHalted", TRADES, "it holds what has no bar to trade on"),
            ("LongOnly", TRADES, "it holds what has a score of -"),
            ("HoldsEverything", TRADES, r"S00.: it holds what has a score of"),
            ("ScoresAsWeights", "test_the_unit_of_scores_does_not_matter", "scores seven times as large change"),
            ("MoneyAsFraction", "test_the_size_of_the_account_does_not_matter", "ten times the capital changes"),
            ("FirstTakesAll", ORDER, "with symbols in another order its weight is another one"),
            ("PoisonedVolatility", DEAD, "a symbol without data leaves no weight to any other"),
            ("UndeclaredField", FIELDS, "it needs a field of the signals that it does not declare"),
            ("UnreadField", FIELDS, "it declares fields of the signals that it does not read; received stop_price"),
            ("UnknownField", FIELDS, "signal_fields names a field that Signals lack; known: expected.*conviction"),
            ("FullSampleVolatility", FUTURE, _LOOKS_AHEAD),
            ("ClassMemory", SHARED, "received ClassMemory.calls"),
            ("Dice", CLOCKS, "the generator that all share"),
            ("Mutator", GIVEN, "it changes what it is given; received .*read-only"),
            ("WrongShape", SCENES, r"weights is an array of numbers of shape \(6,\); received float64 \(7,\)"),
            ("SetOrder", ELSEWHERE, "its answers differ from those in this process"),
            ("NeverHolds", "test_it_holds_something", "it holds nothing in any scene"),
            ("RaisesOnOne", SCENES, "it raised where it should answer; received RaisesOnOne raised IndexError"),
        )
    ),
    *(
        Sick("exit", getattr(sick_exits, name), test, message)
        for name, test, message in (
            ("NextOpen", FUTURE, _LOOKS_AHEAD),
            ("FullSampleLow", FUTURE, _LOOKS_AHEAD),
            ("ClosesFlat", HELD, "S00.: it closes, or sets a price for, what is not held"),
            ("Numbers", SCENES, r"closes returns bool of shape \(6,\); received float64 \(6,\)"),
            ("WrongShape", SCENES, r"closes returns bool of shape \(6,\)"),
            ("DeafToEvents", MOVES, r"bar \d+: next_event, asked at bar \d+, passes over a bar on which it acts"),
            ("LooseEvents", MOVES, "passes over a bar on which it acts"),
            ("PeeksInEvent", MOVES, "being asked for its next event changes what it answers"),
            ("BackwardEvent", MOVES, "next_event returns a bar after"),
            ("NeverActs", "test_it_acts_at_some_time", "it closes nothing and sets no price in any scene"),
            ("ClassMemory", SHARED, "received ClassMemory.calls"),
            ("Dice", CLOCKS, "the generator that all share"),
            ("Clock", CLOCKS, "received time.localtime in closes"),
            ("Mutator", GIVEN, "it changes what it is given; received .*read-only"),
            ("BreaksOnShorts", SCENES, "it raised where it should answer; received BreaksOnShorts raised ValueError"),
            ("StopOnTheWrongSide", RESTING, "a stop lies below the entry price of a long and above that of a short"),
            ("NegativePrice", RESTING, "a resting price is above 0 and finite"),
            ("ZeroForNone", HELD, "sets a price for, what is not held; received 0.0"),
            ("InfiniteLimit", RESTING, "a resting price is above 0 and finite, or NaN where none rests; received inf"),
            ("MovesUnannounced", MOVES, "passes over a bar on which it acts"),
            ("LimitOnTheWrongSide", RESTING, "a limit lies over the entry price of a long"),
        )
    ),
    *(
        Sick(kind, plugin, ELSEWHERE, "scene late_start: its answers differ .*may hide here that it reads ahead")
        for kind, plugin in (
            ("strategy", sick_memories.KeptInModule),
            ("strategy", sick_memories.KeptInClass),
            ("sizer", sick_memories.SizesByTomorrow),
            ("factor", sick_memories.RisesTomorrow),
        )
    ),
    *(
        Sick("sizer", f"{Path(__file__).parent}/imports/{name}.py:Equal", IMPORT, message)
        for name, message in (
            ("thread", r"import into a fresh process: .* received thread: a thread is started at import \(thread.py"),
            ("network", "received network: socket.getaddrinfo 127.0.0.1"),
            ("process", "received process: subprocess.Popen"),
            ("file", "received file-write: zoo-.* is opened for writing at import"),
            ("slow", r"takes more than 0.5 s of processor time"),
        )
    ),
]

HEALTHY = [
    (kind, plugin)
    for kind, module in (
        ("factor", healthy_factors),
        ("strategy", healthy_strategies),
        ("regime", healthy_regimes),
        ("sizer", healthy_sizers),
        ("exit", healthy_exits),
    )
    for plugin in vars(module).values()
    if isinstance(plugin, type) and plugin.__module__ == module.__name__
]
