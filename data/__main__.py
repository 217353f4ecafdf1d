"""The command line: python -m data import | map | demo | check | rollback | erase | releases | keys | upgrade | fields.

Sentences go to standard output, progress and errors to standard error. No command ever prints a value of a record: an
unexpected error shows where it happened in the code and not its message, which may quote one.
"""

import argparse
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from data.demo import make_demo
from data.drafting import draft_mapping
from data.drafting.lines import draft_lines, preview_lines
from data.drafting.sheets import sheet_of_records
from data.geography import open_geography
from data.ingest import check_synthetic, import_file
from data.journal import Journal
from data.keys import create_keys, load_keys
from data.known_numbers import known_numbers
from data.mapping import FORM_TABLE, FileLayout, load_mapping
from data.preview import preview_rows
from data.pseudonymise import Pseudonymiser, normalise_name
from data.reading import FileSample, sample_file
from data.reading.file_rows import SeveralSheetsError
from data.releases import ReleaseRegister
from data.schema import OWN_TABLES, TABLES, field_table
from data.settings import STORE_VARIABLE, SYNTHETIC_SOUTH_WALES, Settings, load_settings
from data.store import (
    Store,
    check_store,
    current_version,
    erase,
    open_store,
    rollback,
    settle_agreeing,
    settle_conflict,
    undo_import,
    upgrade_store,
)
from wording import NaloxoneWatchError, _, format_count, format_moment, ngettext, set_language

__all__ = ["main"]

READER_GONE = 141
"""Exit code where the pipe that was written to is closed, as shells have it: 128 + SIGPIPE."""

# Seconds between lines of progress.
_PROGRESS_EVERY_S = 2.0


class CommandError(NaloxoneWatchError):
    """A command that cannot be done as it was asked for."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns 0, 1 where it could not be done (the reason is on standard error), or READER_GONE."""
    options = _parser().parse_args(arguments)
    if getattr(options, "store", None):
        os.environ[STORE_VARIABLE] = str(Path(options.store).resolve())
    try:
        settings = load_settings(options.settings)
        set_language(settings.language)
        code = options.command(options, settings)
        sys.stdout.flush()
        return code
    except NaloxoneWatchError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(_("Stopped. Nothing is half done: the store has all of it or is as it was."), file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Whoever read along (head, less) has gone: what is still to be said goes nowhere, also as Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m data", description=_("Records: import, check, roll back, erase."))
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(
        name: str, does: Callable[[argparse.Namespace, Settings], int], help_text: str
    ) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help_text, description=help_text)
        added.set_defaults(command=does)
        added.add_argument("--settings", type=Path, metavar="S.toml", help=_("settings file of the deployment"))
        added.add_argument("--store", type=Path, metavar="DIR", help=_("store folder, instead of the settings'"))
        return added

    tables = [table.name for table in TABLES if table.name not in OWN_TABLES]
    importing = command("import", _import, _("import a CSV or Excel file"))
    importing.add_argument("file", type=Path, metavar="FILE")
    importing.add_argument("--table", choices=tables, default=FORM_TABLE, help=_("table that the file is for"))
    importing.add_argument("--mapping", type=Path, metavar="M.toml", help=_("which column is what"))
    importing.add_argument("--dry-run", action="store_true", help=_("report only; write nothing"))
    importing.add_argument("--json", action="store_true", help=_("report as JSON"))

    drafting = command("map", _map, _("draft a mapping for a file that has none"))
    drafting.add_argument("file", type=Path, metavar="FILE")
    drafting.add_argument("--table", choices=tables, help=_("table that the file is for; guessed if not given"))
    drafting.add_argument("--sheet", metavar="S", help=_("sheet of a workbook, by name or number"))
    drafting.add_argument("--own-records", action="store_true", help=_("its rows add to no records of another file"))
    drafting.add_argument("--out", type=Path, metavar="M.toml", help=_("file to write the mapping to"))

    demo = command("demo", _demo, _("make a synthetic force"))
    demo.add_argument("--kind", choices=("south_wales", "quiet", "stress"), help=_("which force"))
    demo.add_argument("--rows", type=int, metavar="N", help=_("administrations of the stress force"))
    demo.add_argument("--seed", type=int, metavar="N", help=_("another seed draws another force"))
    demo.add_argument("--if-missing", action="store_true", help=_("do nothing where there is a store"))

    command("check", _check, _("verify the store, its keys and its journal"))
    command("upgrade", _upgrade, _("rewrite a store that an earlier version of this program made"))
    going_back = command("rollback", _rollback, _("go back to the snapshot before"))
    erasing = command("erase", _erase, _("erase a person, an officer or a record"))
    erasing.add_argument("token", nargs="?", metavar="TOKEN", help=_("token of the person, officer or record"))
    erasing.add_argument("--person", action="store_true", help=_("ask for a name and date of birth instead"))
    undoing = command("undo", _undo, _("take one import out of the store"))
    undoing.add_argument("import_id", nargs="?", metavar="IMPORT_ID", help=_("which import; without it, the latest"))
    settling = command("conflicts", _conflicts, _("list officers' reports of the same doses, and settle them"))
    settling.add_argument("--settle", metavar="CONFLICT", help=_("the conflict to settle"))
    settling.add_argument("--same", metavar="REPORT", help=_("the same doses: count them once, as in this report"))
    settling.add_argument("--different", action="store_true", help=_("different doses: add them up"))
    settling.add_argument(
        "--settle-agreeing",
        action="store_true",
        help=_("settle all whose reports state the same number of doses as the same doses"),
    )
    released = command("releases", _releases, _("list the views shown to others than analysts, or forget one"))
    released.add_argument("--forget", type=int, metavar="NUMBER", help=_("a view that reached nobody"))
    for each in (going_back, erasing, undoing, settling, released):
        each.add_argument("--purpose", default="", help=_("why, for the journal"))

    keys = command("keys", _keys, _("make the keys of a store"))
    keys.add_argument("--create", action="store_true", required=True, help=_("make both key files"))
    command("fields", _fields, _("print README's table of fields"))
    return parser


def _import(options: argparse.Namespace, settings: Settings) -> int:
    mapping = load_mapping(options.mapping) if options.mapping else None
    target = mapping.target if mapping else options.table
    if options.table not in (FORM_TABLE, target):
        raise CommandError(
            _("The mapping is for the table {target}, not {table}. Leave --table out, or name another mapping.").format(
                target=target, table=options.table
            )
        )
    check_synthetic(mapping, settings)
    report = import_file(
        path=options.file,
        mapping=mapping,
        settings=settings,
        keys=load_keys(store_folder=settings.store_folder, create=settings.store.synthetic and not options.dry_run),
        geography=open_geography(settings),
        table=target,
        dry_run=options.dry_run,
        on_progress=_progress(),
    )
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False, indent=2))
    else:
        print("\n".join(report.lines()))
    # Nothing of the file was of use: whoever runs this from a script has to know. Rows that wait are matched by
    # themselves, in whichever order the files come.
    return 0 if report.usable else 1


def _map(options: argparse.Namespace, settings: Settings) -> int:
    if options.out and options.out.exists():
        raise CommandError(_("{file} exists already. Name another file with --out.").format(file=options.out))
    sheet = int(options.sheet) if options.sheet and options.sheet.isdecimal() else options.sheet

    def read(sheet: str | int | None) -> FileSample:
        return sample_file(
            source=options.file, label=options.file.name, limits=settings.imports, layout=FileLayout(sheet=sheet)
        )

    try:
        sample = read(sheet)
    except SeveralSheetsError as error:
        if (records := sheet_of_records(read, error.sheets)) is None:
            raise
        sample = records
    geography = open_geography(settings)
    with _records(settings) as store:
        draft = draft_mapping(
            sample=sample,
            settings=settings,
            table=options.table,
            geography=geography,
            known_sources=store.form_sources() if store else (),
            may_join=not options.own_records,
            known_numbers=known_numbers(store, _pseudonymiser(settings)) if store else None,
        )
    print("\n".join(draft_lines(draft, sample)))
    print()
    if options.out:
        try:
            options.out.write_text(draft.toml(), encoding="utf-8")
        except OSError as error:
            raise CommandError(_("{file} cannot be written.").format(file=options.out)) from error
        print(_("Written to {file}. Correct it there, then try it: import --dry-run.").format(file=options.out))
    else:
        print(draft.toml())
    mapping = draft.mapping()  # where something that is needed lacks, this says what
    preview = preview_rows(mapping=mapping, sample=sample, settings=settings, geography=geography)
    print("\n".join(preview_lines(preview)))
    return 0


@contextmanager
def _records(settings: Settings) -> Iterator[Store | None]:
    """The store, to ask what is in it already; None where there is none yet."""
    if not current_version(settings.store_folder):
        yield None
        return
    with open_store(settings=settings, keys=load_keys(store_folder=settings.store_folder)) as store:
        yield store


def _pseudonymiser(settings: Settings) -> Pseudonymiser:
    return Pseudonymiser(load_keys(store_folder=settings.store_folder))


def _demo(options: argparse.Namespace, settings: Settings) -> int:
    folder = settings.store_folder
    if current_version(folder):
        if options.if_missing:
            return 0
        raise CommandError(
            _("There is a store in {folder} already. Name another folder with --store, or remove that one.").format(
                folder=folder
            )
        )
    if not settings.store.synthetic:
        if options.if_missing:
            print(_("These settings are for real records, so no synthetic force is made. Import a file first."))
            return 0
        raise CommandError(
            _("These settings are for real records (synthetic = false under [store]); a synthetic force needs its own.")
        )
    kind = options.kind or ("stress" if options.rows else "south_wales")
    if kind == "quiet" and settings == SYNTHETIC_SOUTH_WALES:
        raise CommandError(
            _("The quiet force has its own area: add --settings examples/quiet_force/settings.toml, also to open it.")
        )
    chosen = {} if options.seed is None else {"seed": options.seed}
    outcome = make_demo(
        settings=settings,
        keys=load_keys(store_folder=folder, create=True),
        geography=open_geography(settings),
        rows=options.rows,
        kind=kind,
        on_progress=_progress(),
        **chosen,
    )
    print(_("SYNTHETIC DATA: a generated force is in {folder}.").format(folder=folder))
    for report in outcome.reports:
        print(_("{table}: {result}").format(table=report.target, result=report.lines()[0]))
    return 0


def _check(options: argparse.Namespace, settings: Settings) -> int:
    del options
    found = check_store(settings=settings, keys=load_keys(store_folder=settings.store_folder))
    print("\n".join(found.lines()))
    return 0 if found.ok else 1


def _upgrade(options: argparse.Namespace, settings: Settings) -> int:
    del options
    version = upgrade_store(settings=settings, keys=load_keys(store_folder=settings.store_folder))
    print(_("The store is now the snapshot {version}.").format(version=version))
    return 0


def _rollback(options: argparse.Namespace, settings: Settings) -> int:
    keys = load_keys(store_folder=settings.store_folder)
    version = rollback(settings=settings, keys=keys, purpose=options.purpose)
    print(_("The store is now the snapshot {version}.").format(version=version))
    return 0


def _undo(options: argparse.Namespace, settings: Settings) -> int:
    keys = load_keys(store_folder=settings.store_folder)
    undone = undo_import(settings=settings, keys=keys, import_id=options.import_id, purpose=options.purpose)
    print("\n".join(undone.lines()))
    return 0


def _conflicts(options: argparse.Namespace, settings: Settings) -> int:
    keys = load_keys(store_folder=settings.store_folder)
    if options.settle_agreeing:
        settled = settle_agreeing(settings=settings, keys=keys, purpose=options.purpose)
        print(
            ngettext(
                "Settled {count} administration as the same doses, counted once. “rollback” takes it back.",
                "Settled {count} administrations as the same doses, counted once. “rollback” takes it back.",
                settled,
            ).format(count=format_count(settled))
            if settled
            else _("No administration waits to be settled whose reports state the same number of doses.")
        )
        return 0
    if not options.settle:
        with open_store(settings=settings, keys=keys) as store:
            zone = ZoneInfo(settings.time_zone)
            names = {
                row.import_id: _("“{source}”, imported {when}").format(
                    source=row.source, when=format_moment(row.imported_at.tz_convert(zone))
                )
                for row in store.imports().itertuples()
            }
            lines = [line for conflict in store.conflicts() for line in conflict.lines(imports=names)]
        print("\n".join(lines) or _("No administration has several officers' reports."))
        return 0
    if bool(options.same) == options.different:
        raise CommandError(_("Say what the reports are: --same REPORT or --different."))
    version = settle_conflict(
        settings=settings,
        keys=keys,
        conflict_id=options.settle,
        decision="same" if options.same else "different",
        report_id=options.same,
        purpose=options.purpose,
    )
    print(_("Settled. The store is now the snapshot {version}.").format(version=version))
    return 0


def _releases(options: argparse.Namespace, settings: Settings) -> int:
    folder = settings.store_folder
    register = ReleaseRegister(Journal(folder=folder, keys=load_keys(store_folder=folder)))
    if options.forget is None:
        releases, _last = register.read()
        print("\n".join(each.line() for each in releases) or _("Others than analysts have been shown no view yet."))
        return 0
    register.forget(options.forget, purpose=options.purpose)
    print(_("Forgotten: other views are not compared with it any more."))
    return 0


def _erase(options: argparse.Namespace, settings: Settings) -> int:
    keys = load_keys(store_folder=settings.store_folder)
    if bool(options.token) == options.person:
        raise CommandError(_("Say what to erase: a token, or --person to be asked for a name and a date of birth."))
    # Asked for and not an argument: arguments stay in the shell's history and in the list of processes.
    token = _ask_for_person(Pseudonymiser(keys)) if options.person else options.token
    print("\n".join(erase(settings=settings, keys=keys, token=token, purpose=options.purpose).lines()))
    return 0


def _ask_for_person(pseudonymiser: Pseudonymiser) -> str:
    name = normalise_name(input(_("Name, as in the records: ")))
    born = input(_("Date of birth (YYYY-MM-DD; empty where the records have none): ")).strip()
    if not name:
        raise CommandError(_("That is no name. Nothing was erased."))
    try:
        birth = datetime.strptime(born, "%Y-%m-%d") if born else pd.NaT
    except ValueError:
        raise CommandError(_("That is no date such as 1980-12-31. Nothing was erased.")) from None
    births = pd.Series([birth], dtype="datetime64[ns]")
    return str(pseudonymiser.person_tokens(names=np.array([name], dtype=object), births=births)[0])


def _keys(options: argparse.Namespace, settings: Settings) -> int:
    del options
    for file in create_keys(store_folder=settings.store_folder):
        print(_("Made {file}. Keep a copy somewhere safe: without it the store cannot be read.").format(file=file))
    return 0


def _fields(options: argparse.Namespace, settings: Settings) -> int:
    del options, settings
    print(_("| table | field | type | unit | may hold | meaning |"))
    print("|---|---|---|---|---|---|")
    for row in field_table():
        print("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |")
    return 0


def _progress() -> Callable[[float, str], None]:
    """Prints a line now and then."""
    last = time.monotonic()

    def tell(share: float, sentence: str) -> None:
        nonlocal last
        if time.monotonic() - last >= _PROGRESS_EVERY_S:
            last = time.monotonic()
            print(_("{percent} %: {sentence}").format(percent=round(share * 100), sentence=sentence), file=sys.stderr)

    return tell


def _show_place_only(kind: type[BaseException], error: BaseException, where: TracebackType | None) -> None:
    """Where in the code an unexpected error happened; not its message, which may quote a record."""
    del error
    print(
        _("An unexpected error happened ({kind}). Please report these lines:").format(kind=kind.__name__),
        file=sys.stderr,
    )
    print("".join(traceback.format_tb(where)), file=sys.stderr)


if __name__ == "__main__":
    sys.excepthook = _show_place_only
    sys.exit(main())
