"""What the import's tests share: settings, keys, a geography, files written as forces write them, and the raw store."""

import io
import json
import zipfile
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape

import duckdb
import duckdb_extension_httpfs
import pandas as pd

from data.geography import open_geography
from data.keys import Keys
from data.mapping import Mapping
from data.settings import SYNTHETIC_SOUTH_WALES, Settings, StoreSettings
from geo.areas import Geography

KEYS = Keys(store_key="store-key-of-the-tests-" * 2, pseudonym_key=b"pseudonym-key-of-the-tests-" * 2)

# One row a person, as in the standard form; tests add and replace columns.
FORM = {
    "target": "administrations",
    "source": "test form",
    "synthetic": True,
    "columns": {"administration_id": "Reference", "occurred_at": "When"},
}


def make_settings(folder: Path, **changes: object) -> Settings:
    """The synthetic South Wales with its store in `folder`."""
    return SYNTHETIC_SOUTH_WALES.model_copy(update={"store": StoreSettings(folder=folder / "store"), **changes})


def make_mapping(**changes: object) -> Mapping:
    """The test form's mapping, with `columns` added to and other sections replaced."""
    columns = FORM["columns"] | changes.pop("columns", {})
    return Mapping.model_validate(FORM | changes | {"columns": columns})


@cache
def south_wales() -> Geography:
    """The geography that SYNTHETIC_SOUTH_WALES asks for."""
    return open_geography(SYNTHETIC_SOUTH_WALES)


def stored(settings: Settings, table: str) -> pd.DataFrame:
    """Every row of a table of the current snapshot."""
    folder = settings.store_folder
    file = folder / json.loads((folder / "current.json").read_text())["file"]
    extension = next(Path(duckdb_extension_httpfs.__file__).parent.glob("extensions/v*/httpfs.duckdb_extension"))
    # Unchecked: the signature takes longer than a small test.
    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        connection.execute(f"LOAD '{extension}'")
        connection.execute(f"ATTACH '{file}' AS kept (ENCRYPTION_KEY ?, READ_ONLY)", [KEYS.store_key])
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        return connection.execute(f"FROM kept.{table}").df()


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A small .xlsx file: texts, numbers, true and false, dates, times and empty cells."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        names = list(enumerate(sheets, start=1))
        archive.writestr(
            "[Content_Types].xml", _CONTENT_TYPES.format(sheets="".join(_SHEET_TYPE.format(n) for n, _name in names))
        )
        archive.writestr("_rels/.rels", _ROOT_RELATIONS)
        archive.writestr(
            "xl/workbook.xml",
            _WORKBOOK.format("".join(f'<sheet name="{escape(name)}" sheetId="{n}" r:id="r{n}"/>' for n, name in names)),
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            _RELATIONS.format("".join(_SHEET_RELATION.format(n) for n, _name in names) + _STYLE_RELATION),
        )
        archive.writestr("xl/styles.xml", _STYLES)
        for n, name in names:
            rows = "".join(
                f'<row r="{r}">' + "".join(_cell(value, r, c) for c, value in enumerate(row)) + "</row>"
                for r, row in enumerate(sheets[name], start=1)
            )
            archive.writestr(f"xl/worksheets/sheet{n}.xml", _SHEET.format(rows))
    return file.getvalue()


def _cell(value: object, row: int, column: int) -> str:
    place = f"{chr(ord('A') + column)}{row}"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, datetime):
        days = (value - datetime(1899, 12, 30)).total_seconds() / 86_400
        return f'<c r="{place}" s="1"><v>{days!r}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="2"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, time):
        return f'<c r="{place}" s="3"><v>{(value.hour * 60 + value.minute) / 1440!r}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTENT_TYPES = (
    _HEAD + f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_KIND}.styles+xml"/>' + "{sheets}</Types>"
)
_SHEET_TYPE = '<Override PartName="/xl/worksheets/sheet{}.xml" ContentType="' + _KIND + '.worksheet+xml"/>'
_ROOT_RELATIONS = (
    _HEAD + f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
)
_WORKBOOK = _HEAD + f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">' + "<sheets>{}</sheets></workbook>"
_RELATIONS = _HEAD + f'<Relationships xmlns="{_PACKAGE}/relationships">' + "{}</Relationships>"
_SHEET_RELATION = '<Relationship Id="r{0}" Type="' + _OFFICE + '/worksheet" Target="worksheets/sheet{0}.xml"/>'
_STYLE_RELATION = f'<Relationship Id="styles" Type="{_OFFICE}/styles" Target="styles.xml"/>'
_SHEET = _HEAD + f'<worksheet xmlns="{_MAIN}">' + "<sheetData>{}</sheetData></worksheet>"
# Number formats 22, 14 and 20: date and time, date, time of day.
_STYLES = (
    _HEAD + f'<styleSheet xmlns="{_MAIN}"><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0"/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="20" applyNumberFormat="1"/></cellXfs></styleSheet>'
)
