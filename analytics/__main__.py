"""The command line: python -m analytics backtest. Prints how well earlier maps foretold later administrations."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from analytics.findings.back_test import find_back_test
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.keys import load_keys
from data.settings import STORE_VARIABLE, load_settings
from data.store import open_store
from wording import NaloxoneWatchError, _, set_language

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, or 1 where it could not be done (the reason is on standard error)."""
    options = _parser().parse_args(arguments)
    if options.store:
        os.environ[STORE_VARIABLE] = str(options.store.resolve())
    try:
        settings = load_settings(options.settings)
        set_language(settings.language)
        geography = open_geography(settings)
        with open_store(settings=settings, keys=load_keys(store_folder=settings.store_folder)) as store:
            first_day, last_day = store.period()
            question = Question(
                store=store,
                geography=geography,
                settings=settings,
                filters=Filters(first_day=first_day, last_day=last_day),
                scope=AccessScope(audience=settings.audience),
            )
            found = find_back_test(question)
    except NaloxoneWatchError as error:
        print(error, file=sys.stderr)
        return 1
    print(found.sentence)
    if found.table.rows:
        headings = tuple(column.heading for column in found.table.columns)
        print(f"\n| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
        for row in found.table.rows:
            print(f"| {' | '.join(row)} |")
        print(f"\n{found.method}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m analytics", description=_("Test the methods on the records."))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    about = _("how well earlier maps foretold later administrations, beside two baselines")
    testing = commands.add_parser("backtest", help=about, description=about)
    testing.add_argument("--settings", type=Path, metavar="S.toml", help=_("settings file of the deployment"))
    testing.add_argument("--store", type=Path, metavar="DIR", help=_("store folder, instead of the settings'"))
    return parser


if __name__ == "__main__":
    sys.exit(main())
