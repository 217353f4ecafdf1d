"""Tables, downloads and charts: what they say, and that they keep what is held back."""

import csv
import io
import json
import tempfile
from datetime import date
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from streamlit.testing.v1 import AppTest

from analytics.disclosure import (
    Audience,
    Column,
    DisclosedSeries,
    DisclosedTable,
    Thresholds,
    disclose_list,
    disclose_outlines,
    disclose_series,
)
from pages.components.charts import series_figure
from pages.components.outline_files import geojson_of_outlines, geopackage_of_outlines
from pages.components.tables import csv_of_table


def table(*cells: str) -> DisclosedTable:
    return disclose_list(
        columns=(Column(heading="Area"), Column(heading="n", numeric=True)),
        rows=[cells],
        audience=Audience.ANALYST,
        caption="A caption.",
    )


def months(counts: list[int]) -> DisclosedSeries:
    return disclose_series(
        starts=[date(2025, month + 1, 1) for month in range(len(counts))],
        counts=counts,
        step="month",
        audience=Audience.MEETING,
        thresholds=Thresholds(),
    )


def test_a_download_carries_its_marks_and_every_row() -> None:
    content = csv_of_table(table("Cardiff", "41"), marks=("OFFICIAL-SENSITIVE", "SYNTHETIC DATA", "1 May 2025"))
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[:3]] == ["OFFICIAL-SENSITIVE", "SYNTHETIC DATA", "1 May 2025"]
    assert rows[4:6] == [["Area", "n"], ["Cardiff", "41"]]
    assert rows[-1] == ["A caption."]


def test_outlines_leave_in_degrees_with_their_marks_and_no_more_than_the_table_says() -> None:
    square = shapely.box(318_000, 176_000, 319_000, 177_000)
    outlines = disclose_outlines(
        names=["1. Cardiff Centre"],
        outlines=[square],
        events=[41],
        marked=[True],
        about=["lasting"],
        thresholds=Thresholds(),
    )
    marks = ("OFFICIAL-SENSITIVE", "SYNTHETIC DATA", "1 May 2025")
    saved = json.loads(geojson_of_outlines(outlines, table("1. Cardiff Centre", "41"), crs="EPSG:27700", marks=marks))
    assert saved["marking"] == list(marks)
    (feature,) = saved["features"]
    assert feature["properties"] == {
        "marking": "OFFICIAL-SENSITIVE; SYNTHETIC DATA",
        "Area": "1. Cardiff Centre",
        "n": "41",
    }
    shape = shapely.geometry.shape(feature["geometry"])
    # Cardiff Castle, 51.482 N 3.181 W, lies in this square of the British grid.
    assert shape.contains(shapely.Point(-3.1811, 51.4822))
    assert shape.exterior.is_ccw


def test_outlines_leave_as_a_geopackage_with_their_holes_and_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = shapely.box(318_000, 176_000, 319_000, 177_000) - shapely.box(318_400, 176_400, 318_600, 176_600)
    outlines = disclose_outlines(
        names=["1. Cardiff Centre"], outlines=[ring], events=[41], marked=[True], about=[""], thresholds=Thresholds()
    )
    marks = ("OFFICIAL-SENSITIVE", "SYNTHETIC DATA", "1 May 2025")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    content = geopackage_of_outlines(outlines, table("1. Cardiff Centre", "41"), crs="EPSG:27700", marks=marks)
    assert list(tmp_path.iterdir()) == []
    file = tmp_path / "places.gpkg"
    file.write_bytes(content)
    saved = gpd.read_file(file)
    assert saved.crs.to_epsg() == 27700
    assert saved.drop(columns="geometry").to_dict("records") == [
        {"marking": "OFFICIAL-SENSITIVE; SYNTHETIC DATA", "Area": "1. Cardiff Centre", "n": "41"}
    ]
    assert shapely.equals(saved.geometry[0], ring)
    for kind in ("layer_metadata", "dataset_metadata"):
        assert pyogrio.read_info(file)[kind]["marking"].splitlines() == list(marks)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_cell_of_a_download_is_a_formula(start: str) -> None:
    content = csv_of_table(table(f"{start}cmd|'/c calc'!A1", "5"), marks=(f"{start}HYPERLINK()",))
    cells = [cell for row in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")) for cell in row]
    assert not [cell for cell in cells if cell.startswith(start)]


def test_a_table_shows_text_as_text() -> None:
    def script() -> None:
        from analytics.disclosure import Audience, Column, disclose_list
        from pages.components.tables import show_table

        show_table(
            disclose_list(
                columns=(Column(heading="<b>Area</b>"), Column(heading="n", numeric=True)),
                rows=[("<script>alert(1)</script>", "2.1 (1.5 to 2.9), from few")],
                audience=Audience.ANALYST,
                caption="",
            ),
            title='A "title"',
        )

    app = AppTest.from_function(script).run()
    html = app.get("html")[0].proto.body
    assert "<script>" not in html
    assert "&lt;b&gt;Area" in html
    assert 'aria-label="A &quot;title&quot;"' in html
    assert '<td class="number"><span>2.1</span> <span>(1.5 to 2.9),</span> <span>from few</span></td>' in html


def test_a_chart_says_nothing_about_what_is_held_back() -> None:
    one, other = months([9, 2, 3, 12]), months([9, 3, 2, 12])
    assert not one.counts[1].shown
    figures = [series_figure(series, height_px=200).to_json() for series in (one, other)]
    assert figures[0] == figures[1]


def test_a_chart_draws_what_is_shown() -> None:
    figure = series_figure(months([9, 0, 7, 12]), height_px=200)
    assert list(figure.data[0].y) == [9, 0, 7, 12]
    assert len(figure.data) == 1
    assert "May 2025" not in figure.to_json()
    assert "April 2025" in figure.to_json()
