"""The command line: python -m analytics backtest | watch | calibrate.

backtest prints how well earlier maps foretold later administrations, watch what is unusual now (for a scheduler: it
ends with 3 when an alert is new), calibrate how often the alert rules are wrong on simulated forces.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from analytics.alert_rules import AlertRules
from analytics.findings.back_test import find_back_test
from analytics.findings.question import Question
from analytics.findings.watch import mark_told, watch
from analytics.simulate import CalibrationRow, calibrate
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.keys import load_keys
from data.settings import STORE_VARIABLE, load_settings
from data.store import open_store
from wording import NaloxoneWatchError, _, format_count, format_interval, format_number, format_share, set_language

__all__ = ["main"]

NEW_ALERT = 3
"""Exit code of `watch` where an alert is new: a scheduler can mail what was printed."""
READER_GONE = 141
"""Exit code where the pipe that was written to is closed, as shells have it: 128 + SIGPIPE."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 where it could not be done (standard error says why), NEW_ALERT or READER_GONE."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except NaloxoneWatchError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        # Whoever read along (head, less) has gone: what is still to be said goes nowhere, also as Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


@contextmanager
def _asked(options: argparse.Namespace) -> Iterator[Question]:
    """A question about all of the store's records."""
    if options.store:
        os.environ[STORE_VARIABLE] = str(options.store.resolve())
    settings = load_settings(options.settings)
    set_language(settings.language)
    geography = open_geography(settings)
    with open_store(settings=settings, keys=load_keys(store_folder=settings.store_folder)) as store:
        first_day, last_day = store.period()
        yield Question(
            store=store,
            geography=geography,
            settings=settings,
            filters=Filters(first_day=first_day, last_day=last_day),
            scope=AccessScope(audience=settings.audience),
        )


def _backtest(options: argparse.Namespace) -> int:
    with _asked(options) as question:
        found = find_back_test(question)
    print(found.sentence)
    if found.table.rows:
        _print_table([column.heading for column in found.table.columns], found.table.rows)
        print(f"\n{found.method}")
    return 0


def _watch(options: argparse.Namespace) -> int:
    with _asked(options) as question:
        report = watch(question)
        printed = json.dumps(report.as_json, ensure_ascii=False, indent=2) if options.json else "\n".join(report.lines)
        print(printed, flush=True)
        mark_told(question, report)
    return NEW_ALERT if report.new else 0


def _calibrate(options: argparse.Namespace) -> int:
    def tell(share: float) -> None:
        print(f"\r{format_share(share)}", end="", file=sys.stderr, flush=True)

    rows = calibrate(
        events_per_area_week=options.rates,
        force_years=options.force_years,
        clusters=options.clusters,
        seed=options.seed,
        rules=AlertRules(replicates=options.replicates),
        progress=tell,
    )
    print(file=sys.stderr)
    _print_table(
        [_("Simulated"), _("A week"), _("Dispersion"), _("Tried"), _("Raised"), _("Result (95 %)")],
        [_calibration_cells(row) for row in rows],
    )
    return 0


def _calibration_cells(row: CalibrationRow) -> tuple[str, ...]:
    shares = row.unit.startswith("share")
    value = format_share(row.value, decimals=1) if shares else format_number(row.value)
    lower, upper = (100 * row.lower, 100 * row.upper) if shares else (row.lower, row.upper)
    return (
        row.scenario,
        format_number(row.events_per_area_week),
        format_number(row.dispersion),
        format_count(row.trials),
        format_count(row.found),
        _("{value} ({interval}) {unit}").format(value=value, interval=format_interval(lower, upper), unit=row.unit),
    )


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    print(f"\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analytics", description=_("Test the methods on the records."))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = _("how well earlier maps foretold later administrations, beside two baselines")
    testing = commands.add_parser("backtest", help=about, description=about)
    about = _("score the latest day for spikes and print the open alerts; ends with 3 when one is new")
    watching = commands.add_parser("watch", help=about, description=about)
    watching.add_argument("--json", action="store_true", help=_("for a program instead of a reader"))
    for command, run in ((testing, _backtest), (watching, _watch)):
        command.add_argument("--settings", type=Path, metavar="S.toml", help=_("settings file of the deployment"))
        command.add_argument("--store", type=Path, metavar="DIR", help=_("store folder, instead of the settings'"))
        command.set_defaults(run=run)
    about = _("how often the alert rules raise when nothing happens, and find what does, on simulated forces")
    checking = commands.add_parser("calibrate", help=about, description=about)
    checking.add_argument(
        "--rates",
        type=float,
        nargs="+",
        default=(0.01, 0.1, 0.5, 1.0),
        metavar="X",
        help=_("administrations per area and week; the higher, the slower"),
    )
    checking.add_argument("--force-years", type=int, default=20, metavar="N", help=_("simulated years a line"))
    checking.add_argument("--clusters", type=int, default=200, metavar="N", help=_("planted clusters a line"))
    checking.add_argument("--replicates", type=int, default=9_999, metavar="N", help=_("simulated worlds a day"))
    checking.add_argument("--seed", type=int, default=1, metavar="N", help=_("same seed, same table"))
    checking.set_defaults(run=_calibrate)
    return parser


if __name__ == "__main__":
    sys.exit(main())
