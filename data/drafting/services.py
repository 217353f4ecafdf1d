"""Services that a file names, police and others: in headings, and in cells that are made of their names."""

import re

from data.drafting.column_facts import ColumnFacts
from data.drafting.work import Work
from data.values import is_nothing, plain_value

__all__ = ["POLICE", "SERVICES", "column_of_givers", "is_service", "names_others", "says_services", "service_of"]

_GIVEN_BY = re.compile(
    r"\b(?:given|administered|administration|administering|provided) by\b|"
    r"\badministering agency\b|\bperson administering\b"
)
POLICE = re.compile(
    r"\b(?:police|officers?|pd|deput(?:y|ies)|sheriffs?|constab\w*|collar|warrant|shoulder|badge|troopers?|"
    r"law enforcement|leo?|carriers?|custody|divisions?|bcu|force|niche|storm)\b"
)
SERVICES = re.compile(
    rf"{POLICE.pattern}|\b(?:ems|emt|fire|fd|paramedics?|ambulance|medics?|bystanders?|family|friends?|civilian|hospital|"
    r"nurse|staff|rescue|dispatch)\b|(?:pd|fd|so|ems)$"
)


def says_services(work: Work, column: ColumnFacts) -> bool:
    """Whether the cells of a column are names of services, such as "EMS" and "City PD"."""
    texts = [plain_value(text).replace("_", " ") for text in work.cells(column) if not is_nothing(text)]
    named = sum(bool(SERVICES.search(text)) for text in texts)
    return bool(texts) and "category" in column.kinds and named >= len(texts) / 2


def column_of_givers(work: Work) -> ColumnFacts | None:
    """A column that names services as those who gave naloxone, and no officers."""
    for column in work.facts:
        if _GIVEN_BY.search(column.plain) and says_services(work, column):
            return column
    return None


def service_of(text: str) -> str:
    """A cell as services are named in it: in plain form, with gaps between the words."""
    return plain_value(text).replace("_", " ")


def is_service(text: str) -> bool:
    """Whether a text is made of services' names alone."""
    return bool(SERVICES.fullmatch(text)) or all(
        SERVICES.fullmatch(word) or word in ("and", "or") for word in text.split()
    )


def names_others(text: str) -> bool:
    """Whether a text in plain form names a service, and none of the police."""
    return bool(SERVICES.search(text)) and not POLICE.search(text)
