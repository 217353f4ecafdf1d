"""Where the rows lie: how many have a place, which have none, and whether most lie elsewhere."""

from collections.abc import Collection, Mapping

from data.report.counts import ImportCounts
from data.row_runs import RowRuns
from wording import _, format_count, ngettext

__all__ = ["place_lines", "unplaced_words"]

# Warnings that say how most coordinates were misread.
_MISREADINGS = frozenset({"swapped_coordinates", "wrong_crs", "longitude_without_minus"})


def place_lines(
    counts: ImportCounts, *, rows: Mapping[str, RowRuns], placed_now: int, warned_of: Collection[str]
) -> list[str]:
    """How many rows have a place; `rows` are those of each count, `warned_of` the kinds of warning that the file has.

    `placed_now` incidents have one by rows that had waited.
    """
    said = {
        _("{count} with coordinates or a postcode"): counts.located,
        _("{count} with an area alone"): counts.area_only,
        _("{count} with none"): counts.unlocated,
    }
    places = ", ".join(words.format(count=format_count(count)) for words, count in said.items() if count)
    said_of_places = [_("Places: {places}.").format(places=places)] if places else []
    if counts.located:
        said_of_places += _unplaced_rows(rows)
    if placed_now:
        brought = ngettext(
            "Rows that had waited brought the place of {count} incident.",
            "Rows that had waited brought the places of {count} incidents.",
            placed_now,
        )
        said_of_places.append(brought.format(count=format_count(placed_now)))
    lines = [" ".join(said_of_places)] if said_of_places else []
    if counts.outside > counts.located / 2 and _MISREADINGS.isdisjoint(warned_of):
        lines.append(
            _(
                "Most places lie outside the force. Perhaps longitude and latitude, or easting and northing, are "
                "swapped, the coordinates are of another system than the mapping says, or these are another force's "
                "records."
            )
            if counts.by_postcode < counts.located / 2
            else _(
                "Most places lie outside the force. Perhaps these are another force's records, or the settings are "
                "another force's."
            )
        )
    return lines


def _unplaced_rows(rows: Mapping[str, RowRuns]) -> list[str]:
    """Which rows have an area alone, and which no place at all."""
    return [
        ngettext("{which}: row {rows}.", "{which}: rows {rows}.", rows[name].rows).format(
            which=words, rows=rows[name].listed
        )
        for name, words in unplaced_words().items()
        if name in rows
    ]


def unplaced_words() -> dict[str, str]:
    """What is said of rows without a point, by the name of their count."""
    return {"area_only": _("With an area alone"), "unlocated": _("Without a place")}
