"""A file from the reader's machine into the store: what it is, how it would be read, a trial, and then the import.

Nothing is written before the reader has seen the trial's account of every row and has confirmed it. The file stays in
memory, in this session, and is forgotten when it is in or put away.
"""

import io
import secrets
from collections.abc import Sequence
from hashlib import sha256

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from analytics.findings.file_preview import describe_preview, fields_in_words, stored_label
from analytics.findings.import_history import PastImport
from analytics.findings.import_rows import rows_of_report
from analytics.findings.question import Question
from data.ingest import check_synthetic, import_stream
from data.keys import Keys, load_keys
from data.known_numbers import known_numbers
from data.mapping import FORM_TABLE, Mapping
from data.mapping_toml import mapping_toml
from data.preview import preview_rows
from data.pseudonymise import Pseudonymiser
from data.report import ImportReport
from data.saved_mappings import save_mapping
from data.settings import Settings
from data.snapshots import current_version
from geo.areas import Geography
from pages.components.beginning import show_commands, show_real_set_up
from pages.components.import_job import ImportJob, running_import, without_values
from pages.components.import_steps import import_steps, put_file_away, show_uploader
from pages.components.mapping_form import Reading, choose_reading
from pages.components.tables import show_rows_download, show_table
from pages.components.theme import show_finding, show_lines, show_small
from pages.components.undoing import show_undo
from wording import NaloxoneWatchError, _, format_count, join_words, ngettext

__all__ = ["show_first_import", "show_import", "show_import_result"]

# Seconds between two looks at an import that runs.
_LOOKS_EVERY_S = 0.5


def show_first_import(*, settings: Settings, geography: Geography, question: Question | None) -> None:
    """The page of a store without administrations: bringing in a file is all there is to do."""
    show_import_result(settings)
    _show_import(settings, geography, question, first=True)
    st.header(_("By command instead"))
    show_commands(settings)


def show_import(question: Question) -> None:
    """Everything from choosing a file to its import, where there are records already."""
    _show_import(question.settings, question.geography, question, first=False)
    with st.expander(_("By command instead")):
        show_commands(question.settings)


def _show_import(settings: Settings, geography: Geography, question: Question | None, *, first: bool) -> None:
    if not _may_begin(settings, question, first=first):
        return
    file = show_uploader(
        _("A file from your records system: CSV or Excel"),
        largest_mb=settings.imports.largest_file_mb,
        help_text=_("It is read in this program's memory. Nothing is written before you confirm."),
    )
    job, followed = import_steps().job, import_steps().followed
    # During a trial the form stays: a browser forgets what was chosen in boxes that go.
    if file is not None and (job is None or job.dry_run or followed):
        _show_file(file, settings, geography, question)


def show_import_result(settings: Settings) -> None:
    """What the last import of this session did, until it is closed; it can be undone from here."""
    steps = import_steps()
    if steps.job is None:
        steps.job = running_import(settings.store_folder)
        steps.followed = steps.job is not None
    if steps.job is not None and not steps.job.dry_run:
        _show_job()
    if steps.said:
        st.info(steps.said)
        steps.news = steps.said
        steps.said = ""
    if steps.news:
        # The button that was pressed is far below on a long page; what came of it must not need a search.
        st.toast(steps.news)
        steps.news = ""
    report = steps.done
    if report is None:
        return
    with st.container(border=True):
        _show_report(report, settings)
        if report.changed or report.waiting:
            this = PastImport(import_id=report.import_id, name=report.label)
            show_undo((this,), settings, title=_("Undo this import"), key="undo-last")
        if st.button(_("Close"), key="close-result"):
            steps.done = None
            st.rerun()


def _may_begin(settings: Settings, question: Question | None, *, first: bool) -> bool:
    """Whether a file can go into this store at all; where not, why not and what to do."""
    if settings.store.synthetic:
        st.warning(
            _(
                "Do not choose a file with real people in it here. This program is open with a synthetic store, which "
                "takes generated records only. Real ones need a settings file and keys of their own: three steps."
            )
        )
        with st.expander(_("How to open it for real records"), expanded=first):
            show_real_set_up()
        return st.checkbox(_("My file is generated: no record in it is of a real person."), key="import-generated")
    if question is not None and question.store.synthetic:
        st.error(
            _(
                "These settings are for real records, and the store in {folder} holds synthetic ones. Name another "
                "folder under [store] in the settings file and open this program again."
            ).format(folder=settings.store_folder)
        )
        return False
    if not settings.store.open_real_on_loopback:
        st.error(
            _(
                "These settings do not let this program show real records. Set open_real_on_loopback = true under "
                "[store] in the settings file and open this program again."
            )
        )
        return False
    try:
        load_keys(store_folder=settings.store_folder)
    except NaloxoneWatchError as error:
        st.error(str(error))
        return False
    return True


@st.fragment
def _show_file(file: UploadedFile, settings: Settings, geography: Geography, question: Question | None) -> None:
    """How the file would be read, ten rows of it, and the way to try and to import it."""
    above = st.container()
    try:
        with st.spinner(_("Reading the file and working out which column is what.")):
            known_sources = question.store.form_sources() if question else ()
            keys = load_keys(store_folder=settings.store_folder) if question else None
            numbers = known_numbers(question.store, Pseudonymiser(keys)) if question and keys else None
            reading = choose_reading(
                file, settings=settings, geography=geography, known_sources=known_sources, known_numbers=numbers
            )
        if reading is not None:
            check_synthetic(reading.mapping, settings)
            with above:
                _show_what_it_adds_to(reading, question)
            _show_preview(reading, settings, geography)
            _show_steps(file, reading, settings, geography)
    except NaloxoneWatchError as error:
        st.error(str(error))


def _show_what_it_adds_to(reading: Reading, question: Question | None) -> None:
    """A word before the trial where the records that a file adds to are not there: all of its rows would wait."""
    if not reading.mapping.joins:
        return
    sources = tuple(question.store.imports()["source"].unique()) if question else ()
    if reading.mapping.parent_source in sources:
        return
    sentences = [
        _("Nothing in the store is from “{source}”, so all rows of this file would wait.").format(
            source=reading.mapping.parent_source
        )
        if sources
        else _("The store has no records yet that this file could add to, so all of its rows would wait."),
        _("Import the records first."),
    ]
    if sources:
        sentences[1] = _("“{box}” may be {sources}; or import the records first.").format(
            box=_("Source of the records that it adds to"), sources=join_words([f"“{each}”" for each in sources])
        )
    if reading.drafted:
        sentences.append(
            _("If its rows are records of their own, take away the tick at “{box}”.").format(
                box=_("It adds to other records")
            )
        )
    st.warning(" ".join(sentences))


def _show_preview(reading: Reading, settings: Settings, geography: Geography) -> None:
    preview = without_values(
        lambda: preview_rows(
            mapping=reading.mapping, sample=reading.sample, settings=settings, geography=geography, on_page=True
        )
    )
    described = describe_preview(preview, geography=geography)
    title = _("The first rows as they would be stored")
    # At its full height: a line that is cut through would read as another value.
    show_table(described.table, title=title, tallest_rem=1_000, headed=True, narrow=True)
    show_lines(described.problems)


def _show_steps(file: UploadedFile, reading: Reading, settings: Settings, geography: Geography) -> None:
    """Save the mapping, try the file, and import it once the trial was of this file with this mapping."""
    steps = import_steps()
    text = mapping_toml(reading.mapping)
    _show_saving(text, reading.name)
    this = sha256(f"{file.file_id}|{text}".encode()).hexdigest()
    tried = steps.trial if steps.tried == this else None
    # How far the trial is stands where its button was: the top of a long page is out of sight.
    place = st.empty()
    if (
        steps.job is None
        and tried is None
        and place.button(_("Try it: nothing is written"), type="primary", key="try-import")
    ):
        steps.tried = this
        _start(file, reading.mapping, settings, geography, dry_run=True)
    if steps.job is not None and steps.job.dry_run:
        with place.container():
            _show_job()
    if steps.job is not None or tried is None:
        return
    st.header(_("What an import would do"))
    _show_remedy(tried, reading.mapping)
    _show_report(tried, settings, headings=reading.sample.headings)
    if tried.withdrawn_gone:
        st.warning(
            ngettext(
                "{count} record that is counted now is not in this file and would be withdrawn: it is kept, and no "
                "longer counted. If the file holds only some of the records, say so under “{box}”.",
                "{count} records that are counted now are not in this file and would be withdrawn: they are kept, and "
                "no longer counted. If the file holds only some of the records, say so under “{box}”.",
                tried.withdrawn_gone,
            ).format(count=format_count(tried.withdrawn_gone), box=_("Which records does it hold?"))
        )
    label = _("Import: {news}").format(news=tried.news)
    with st.container(horizontal=True):
        if st.button(label, type="primary", disabled=not tried.usable, key="confirm-import"):
            _start(file, reading.mapping, settings, geography, dry_run=False)
            steps.news = _("Importing. How far it is, and “Stop”, stand at the top of the page.")
            st.rerun()
        if st.button(_("Put the file away"), key="put-away"):
            put_file_away()
            st.rerun()


def _show_remedy(tried: ImportReport, mapping: Mapping) -> None:
    """What in the form would let rows in that wait because another row has their key."""
    repeated = sum(each.count for each in tried.reasons if each.reason == "key_repeated")
    if repeated and mapping.target == FORM_TABLE and not mapping.joins:
        st.warning(
            ngettext(
                "{count} row would wait, because another row has the same key. If a row is one officer's report, one "
                "drug or one dose of a person, say so under “{box}” above and try again.",
                "{count} rows would wait, because other rows have the same key. If a row is one officer's report, one "
                "drug or one dose of a person, say so under “{box}” above and try again.",
                repeated,
            ).format(count=format_count(repeated), box=_("What is a row?"))
        )


def _show_saving(text: str, name: str) -> None:
    with st.expander(_("Keep this mapping for the next file")):
        chosen = st.text_input(_("Name"), value=name, max_chars=60, key="mapping-name")
        left, right, beside, _rest = st.columns([1, 1, 1, 2])
        if left.button(_("Save it on this machine"), key="save-mapping"):
            try:
                save_mapping(chosen.strip(), text)
            except NaloxoneWatchError as error:
                # A name that will not do must not take the rest of the page away.
                st.error(str(error))
            else:
                said = _("Saved as “{name}”: choose it under “{box}”.")
                st.success(said.format(name=chosen.strip(), box=_("How is it read?")))
        right.download_button(
            _("Download it (TOML)"), text.encode(), file_name=f"{chosen.strip()}.toml", on_click="ignore"
        )
        with beside.popover(_("Show it (TOML)")):
            st.code(text, language=None)


def _start(file: UploadedFile, mapping: Mapping, settings: Settings, geography: Geography, *, dry_run: bool) -> None:
    """Begin the trial or the import beside the page, and look in on it."""
    keys = _keys(settings, dry_run=dry_run)
    content = file.getvalue()
    import_steps().followed = False
    if not dry_run:
        # Another file's account beside this one's progress, with a button that undoes it, misleads.
        import_steps().done = None
    import_steps().job = ImportJob(
        folder=settings.store_folder,
        dry_run=dry_run,
        run=lambda tell: import_stream(
            stream=io.BytesIO(content),
            label=file.name,
            mapping=mapping,
            settings=settings,
            keys=keys,
            geography=geography,
            dry_run=dry_run,
            on_progress=tell,
        ),
    )


def _keys(settings: Settings, *, dry_run: bool) -> Keys:
    """The keys of the store. A trial before there is one compares with nothing and writes nothing: any keys will do."""
    folder = settings.store_folder
    if dry_run and settings.store.synthetic and current_version(folder) is None:
        return Keys(store_key=secrets.token_urlsafe(32), pseudonym_key=secrets.token_bytes(32))
    return load_keys(store_folder=folder, create=settings.store.synthetic and not dry_run)


@st.fragment(run_every=_LOOKS_EVERY_S)
def _show_job() -> None:
    """How far the trial or the import is, and the way to stop it."""
    steps = import_steps()
    job = steps.job
    if job is None:
        return
    if job.running:
        doing = _("Trying the file; nothing is written") if job.dry_run else _("Importing")
        # The first step of a long file takes a while: that something goes on is told by its seconds.
        since = _("{seconds} s so far.").format(seconds=format_count(job.seconds))
        said = _("Stopping at its next step.") if job.stopping else f"{doing}. {job.sentence} {since}"
        st.progress(job.share, text=said)
        st.button(_("Stop"), key="stop-import", disabled=job.stopping, on_click=job.stop)
        return
    _take_result(job)
    st.rerun()


def _take_result(job: ImportJob) -> None:
    """Keep what came of the job; after an import the file is forgotten."""
    steps = import_steps()
    steps.job = None
    try:
        report = job.report()
    except NaloxoneWatchError as error:
        # An import that was stopped wrote nothing: what its trial found still holds.
        steps.tried, steps.said = "" if job.dry_run else steps.tried, str(error)
        return
    if job.dry_run:
        steps.trial = report
    else:
        if not steps.followed:
            put_file_away()
        done = _("Imported: {news}. More at the top of the page.").format(news=report.news)
        steps.done, steps.news = report, report.nothing_taken or done


def _show_report(report: ImportReport, settings: Settings, *, headings: Sequence[str] = ()) -> None:
    """The account in words, the sum first; every row that it speaks of is in the file under it."""
    if report.nothing_taken:
        st.warning(report.nothing_taken)
    show_finding(report.total)
    for title, sentences in report.sections(name_field=stored_label, headings=headings):
        if title:
            st.subheader(title)
        # Indented lines are text for a mapping, which words would spoil.
        show_lines([each if each.startswith("    ") else fields_in_words(each) for each in sentences])
        boxes = {"shared_points": _("Points that many rows share or lie around are"), "midnights": _("Midnights are")}
        for setting, box in boxes.items():
            if report.dry_run and any(f"{setting} =" in each for each in sentences):
                show_small(_("On this page {setting} is the box “{box}” above.").format(setting=setting, box=box))
    name = "rows_of_trial" if report.dry_run else "rows_of_import"
    show_rows_download(rows_of_report(report), name=name, settings=settings, about=f"{report.label}: {report.total}")
