"""A draft in sentences for the command line: fields, columns and counts. No cell of the file is in them."""

from collections import Counter

from data.drafting.results import Draft
from data.preview import Preview
from data.reading import FileSample
from wording import _, format_count, join_words, ngettext

__all__ = ["draft_lines", "preview_lines"]

# Problems of the rows looked at that are told one by one.
_PROBLEMS_TOLD = 10


def draft_lines(draft: Draft, sample: FileSample) -> list[str]:
    """What the file is, each field with its column, what is to settle, and what is left alone."""
    words = {"sure": _("sure"), "likely": _("likely"), "guess": _("a guess")}
    lines = [
        *_file_lines(sample),
        _("It is read as {table}: {why}.").format(table=draft.table, why=draft.table_why),
        "",
        *(
            _("  {field} = {headings} ({confidence}: {why})").format(
                field=each.field,
                headings=", ".join(f"“{heading}”" for heading in each.headings),
                confidence=words[each.confidence],
                why=each.why,
            )
            for each in draft.fields
        ),
        "",
    ]
    for each in draft.questions:
        lines.append(_("To settle, {setting}: {sentence}").format(setting=each.setting, sentence=each.line()))
        if each.choices:
            lines.append(_("  one of: {choices}").format(choices=", ".join(each.choices)))
    for each in draft.unknown_values:
        lines.append(
            ngettext(
                "{field}: {count} value of “{heading}” is on no list ({cells} cells). Name it under [values.{field}].",
                "{field}: {count} values of “{heading}” are on no list ({cells} cells). Name them in [values.{field}].",
                each.distinct,
            ).format(
                field=each.field,
                count=format_count(each.distinct),
                heading=each.heading,
                cells=format_count(each.cells),
            )
        )
        if each.shown:
            lines.append(
                _("  the frequent ones: {values}").format(values=", ".join(f"“{text}”" for text in each.shown))
            )
    by_reason: dict[str, list[str]] = {}
    for each in draft.unused:
        by_reason.setdefault(each.why, []).append(f"“{each.heading}”")
    for why, headings in by_reason.items():
        lines.append(_("Not read ({why}): {headings}.").format(why=why, headings=join_words(headings)))
    lines += draft.advice
    if draft.settings_toml:
        lines += ["", _("Settings for such a place, to start from:"), "", *draft.settings_toml.splitlines()]
    return lines


def _file_lines(sample: FileSample) -> list[str]:
    layout = sample.layout
    names = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("upright bar")}
    if layout.separator:
        what = _("text in {encoding}, separated by {separator}").format(
            encoding=layout.encoding, separator=names[layout.separator]
        )
    else:
        what = _("a workbook")
    return [
        ngettext(
            "{file}: {what}; headings in row {row}; {count} row looked at.",
            "{file}: {what}; headings in row {row}; {count} rows looked at.",
            len(sample.rows),
        ).format(file=sample.label, what=what, row=layout.header_row, count=format_count(len(sample.rows))),
        *sample.notes,
    ]


def preview_lines(preview: Preview) -> list[str]:
    """Of the first rows, how many each field could be read from, and what would be set aside; no value."""
    read = {column: sum(bool(row.cells[place]) for row in preview.rows) for place, column in enumerate(preview.columns)}
    lines = [
        ngettext("Of the first row:", "Of the first {count} rows:", len(preview.rows)).format(
            count=format_count(len(preview.rows))
        ),
        *(
            _("  {field}: read from {count}").format(field=name, count=format_count(count))
            for name, count in read.items()
        ),
    ]
    problems = Counter(problem for row in preview.rows for problem in row.problems)
    for problem, count in problems.most_common(_PROBLEMS_TOLD):
        numbers = [format_count(row.row_number) for row in preview.rows if problem in row.problems]
        lines.append(
            ngettext("  row {rows}: {problem}", "  rows {rows}: {problem}", count).format(
                rows=join_words(numbers), problem=problem
            )
        )
    return lines
