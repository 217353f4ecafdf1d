"""Published outlines as files for a geographic program: GeoJSON and GeoPackage, made in memory and never on disk."""

import io
import json

import geopandas as gpd
import streamlit as st

from analytics.disclosure import DisclosedOutlines, DisclosedTable
from pages.components.context import PageContext
from pages.components.map_layers import outlines_as_geojson
from pages.components.tables import marks_of_file
from wording import _

__all__ = ["geojson_of_outlines", "geopackage_of_outlines", "show_outlines_downloads"]


def show_outlines_downloads(
    context: PageContext, outlines: DisclosedOutlines, table: DisclosedTable, *, name: str, notes: tuple[str, ...] = ()
) -> None:
    """Two buttons that save the published outlines with their rows of the table, marked like the table."""
    crs, marks = context.question.geography.crs, marks_of_file(context, notes)
    for label, form, mime, write in (
        (_("Download the outlines (GeoJSON)"), "geojson", "application/geo+json", geojson_of_outlines),
        (_("Download the outlines (GeoPackage)"), "gpkg", "application/geopackage+sqlite3", geopackage_of_outlines),
    ):
        content = write(outlines, table, crs=crs, marks=marks)
        st.download_button(label, content, file_name=f"{name}.{form}", mime=mime, on_click="ignore")


def geojson_of_outlines(
    outlines: DisclosedOutlines, table: DisclosedTable, *, crs: str, marks: tuple[str, ...]
) -> bytes:
    """Outlines in degrees, each with the table's cells as its properties; the marks stand on the whole and on each."""
    collection = outlines_as_geojson(outlines, crs=crs)
    for feature, row in zip(collection["features"], table.rows, strict=True):
        feature["properties"] = {"marking": "; ".join(marks[:2])} | {
            column.heading: cell for column, cell in zip(table.columns, row, strict=True)
        }
    return json.dumps({**collection, "marking": list(marks)}, ensure_ascii=False, indent=1).encode()


def geopackage_of_outlines(
    outlines: DisclosedOutlines, table: DisclosedTable, *, crs: str, marks: tuple[str, ...]
) -> bytes:
    """Outlines in the deployment's metres with the table's cells; the first marks stand with each, all in the metadata.

    Raises nothing of its own; `outlines` must not be empty, since a file without a shape has no kind of shape.
    """
    cells = {column.heading: [row[place] for row in table.rows] for place, column in enumerate(table.columns)}
    marking = {"marking": ["; ".join(marks[:2])] * len(table.rows)}
    frame = gpd.GeoDataFrame({**marking, **cells}, geometry=list(outlines.outlines), crs=crs)
    written = io.BytesIO()
    about = {"marking": "\n".join(marks)}
    frame.to_file(
        written,
        driver="GPKG",
        engine="pyogrio",
        layer="places",
        promote_to_multi=True,
        dataset_metadata=about,
        layer_metadata=about,
    )
    return written.getvalue()
