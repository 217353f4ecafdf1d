"""The person treated: a token, an age band, and what tells two people of one key apart.

The name, the date of birth and the age in years end here: of them only keyed hashes and the band go on.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.pseudonymise import age_bands, normalise_name, years_between
from data.records.cells import Columns, code_of, mapped
from data.records.numbers import read_numbers
from data.records.times import read_days
from data.records.work import BlockWork
from data.schema import NOT_RECORDED
from data.values import Texts, is_nothing, plain_value, two_digit_years

__all__ = ["names_of_people", "numbers_of_people", "read_person"]


def read_person(work: BlockWork, columns: Columns) -> None:
    """Person token and age band; where several rows make one record, who each row says it was."""
    pseudonymiser = work.rules.pseudonymiser
    births = _dates_of_birth(work, columns)
    tokens = pseudonymiser.person_tokens(names=names_of_people(work), births=births)
    if work.mapping.person.identifier:
        numbers = [numbers_of_people(work)]
        by_number = pseudonymiser.tokens(kind="person_token", source="identifier", parts=numbers)
        tokens = np.where(pd.isna(by_number), tokens, by_number)
    columns["person_token"] = tokens
    years = _read_age(work, columns, births)
    if work.mapping.folds:
        _read_identity(work, columns, births, years)


def numbers_of_people(work: BlockWork) -> Texts:
    """The number of the person in each row, "" where there is none."""
    return mapped(work.cells(work.mapping.person.identifier or "").texts, code_of)


def names_of_people(work: BlockWork) -> Texts:
    """The normalised name in each row, "" where there is none."""
    if work.people is None:
        name = work.mapping.person.name
        parts = [work.cells(heading).texts for heading in ((name,) if isinstance(name, str) else name)]
        work.people = mapped(_side_by_side(parts), normalise_name) if parts else np.full(len(work.rows), "", object)
    return work.people


def _side_by_side(parts: list[Texts]) -> Texts:
    """The texts of several columns as one."""
    if len(parts) == 1:
        return parts[0]
    joined = np.empty(len(parts[0]), dtype=object)
    joined[:] = [" ".join(row) for row in zip(*parts, strict=True)]
    return joined


def _dates_of_birth(work: BlockWork, columns: Columns) -> pd.Series:
    """Dates of birth; one after the event, or too long before it, is set aside."""
    heading = work.mapping.person.date_of_birth
    event_days = _event_days(columns)
    if not heading:
        return pd.Series(pd.NaT, index=event_days.index, dtype="datetime64[ns]")
    cells = work.cells(heading)
    births = read_days(work, "age_band", cells)
    # A year of two digits is read as the last century's where the other would be after the event.
    guessed = (births > event_days).to_numpy()
    guessed[guessed] = two_digit_years(cells.texts[guessed])
    if guessed.any():
        births[guessed] = births[guessed] - pd.DateOffset(years=100)
    _bands, impossible = age_bands(years_between(born=births, on=event_days))
    work.set_aside(impossible, field="age_band", reason="age_implausible", cells=cells)
    return births.mask(impossible)


def _event_days(columns: Columns) -> pd.Series:
    """The day of the event: a second file has it only where it is matched by it."""
    return pd.Series(columns["local_date"] if "local_date" in columns else columns["match_day"])


def _read_age(work: BlockWork, columns: Columns, births: pd.Series) -> NDArray[np.float64]:
    """The age band: as recorded, else from the date of birth, else from the age in years, which are returned."""
    years = years_between(born=births, on=_event_days(columns))
    if heading := work.mapping.person.age:
        cells = work.cells(heading)
        stated = np.floor(read_numbers(work, "age_band", cells))
        _bands, impossible = age_bands(stated)
        work.set_aside(impossible, field="age_band", reason="age_implausible", cells=cells)
        years = np.where(np.isfinite(years), years, np.where(impossible, np.nan, stated))
    bands, _impossible = age_bands(years)
    if "age_band" in columns:
        recorded = pd.Series(columns["age_band"])
        bands = recorded.where(recorded != NOT_RECORDED, pd.Series(bands)).array
    columns["age_band"] = bands
    return years


def _read_identity(work: BlockWork, columns: Columns, births: pd.Series, years: NDArray[np.float64]) -> None:
    """What tells two people of one key apart, each hashed with the key so that it says nothing elsewhere."""
    known = {
        "identity_name": names_of_people(work),
        "identity_birth": births.dt.strftime("%Y-%m-%d").fillna("").to_numpy(dtype=object),
        "identity_age": np.array([f"{each:.0f}" if np.isfinite(each) else "" for each in years], dtype=object),
    }
    if work.mapping.person.identifier:
        known["identity_number"] = numbers_of_people(work)
    for heading in work.mapping.headings_of("age_band"):
        # As written: ranges that are in no one band are two people's all the same.
        known["identity_range"] = mapped(work.cells(heading).texts, _range_as_written)
    key = np.asarray(columns["join_id" if work.mapping.joins else "administration_id"], dtype=object)
    for name, texts in known.items():
        parts = [pd.Series(key).fillna("").to_numpy(), texts]
        columns[name] = work.rules.pseudonymiser.tokens(kind=name, parts=parts)


def _range_as_written(text: str) -> str:
    return "" if is_nothing(text) else plain_value(text)
