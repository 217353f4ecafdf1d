"""Headings in Welsh as the English ones that the lists of headings know: forms in Wales may be in Welsh alone."""

import unicodedata
from functools import cache

__all__ = ["in_english"]

# Without the small words between them, and without accents; what stands here is read only where it is all of a heading.
_SMALL = frozenset({"y", "yr", "r", "i", "o", "yn", "ac", "ar", "gan", "wedi", "a"})
_ENGLISH = {
    "aed ysbyty": "taken to hospital",
    "ambiwlans": "ambulance",
    "ambiwlans cyrraedd": "ambulance arrived",
    "amser": "time",
    "amser cofnodi": "time recorded",
    "amser cyrraedd ambiwlans": "time ambulance arrived",
    "amser digwyddiad": "time incident",
    "amser galw ambiwlans": "time ambulance called",
    "amser rhoi nalocson": "time naloxone given",
    "ardal": "area",
    "canlyniad": "outcome",
    "cod post": "postcode",
    "cyfeiriad": "address",
    "cyfeirnod": "reference",
    "cyfeirnod digwyddiad": "incident reference",
    "cyfeirnod grid": "grid reference",
    "cyfenw": "surname",
    "cyffur": "drug",
    "cyffur amheuir": "suspected drug",
    "cyffuriau": "drugs",
    "cyffuriau amheuir": "suspected drugs",
    "dosau": "doses",
    "dosau roddwyd": "doses given",
    "dwyreiniad": "easting",
    "dyddiad": "date",
    "dyddiad amser": "date and time",
    "dyddiad cofnodi": "date recorded",
    "dyddiad digwyddiad": "date incident",
    "dyddiad geni": "date of birth",
    "enw": "name",
    "enw cyntaf": "first name",
    "ffon": "telephone",
    "gogleddiad": "northing",
    "grwp oedran": "age group",
    "hydred": "longitude",
    "lledred": "latitude",
    "lleoliad": "location",
    "nalocson roddwyd": "naloxone given",
    "nifer ddosau": "number doses",
    "nifer dosau": "number doses",
    "nodiadau": "notes",
    "oed": "age",
    "oedran": "age",
    "rhif cit": "kit number",
    "rhif coler": "collar number",
    "rhif digwyddiad": "incident number",
    "rhyw": "gender",
    "rhywedd": "gender",
    "swyddog": "officer",
    "sylwadau": "comments",
    "sylwedd": "substance",
    "sylwedd amheuir": "suspected substance",
    "sylweddau": "substances",
    "sylweddau amheuir": "suspected substances",
    "ymwybodol": "conscious",
    "ystod oedran": "age range",
}


@cache
def in_english(plain: str) -> str:
    """A heading in plain words, in English where all of it is a known one in Welsh; as it is where not."""
    letters = unicodedata.normalize("NFKD", plain)
    words = "".join(letter for letter in letters if not unicodedata.combining(letter)).split()
    return _ENGLISH.get(" ".join(word for word in words if word not in _SMALL), plain)
