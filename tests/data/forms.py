"""Files as police and ambulance services would send them: generated, of nobody, and with headings of published forms.

The standard form is the evaluation's ("Police carriage of naloxone: process evaluation", section 4.2), Scotland's the
one that it describes. Each maker gives headings and rows.
"""

import csv
import io
import random
from datetime import datetime, timedelta

__all__ = ["FORMS", "SECRETS", "as_csv"]

# Words that stand in names and remarks, and nowhere else: a draft must not hold one.
SECRETS = ("Zuzanna", "Xylander", "Quibble", "Wobblegate", "collapsed behind")
FIRST_AID = (
    *("Tried to wake up verbally", "Tilted head back", "Checked breathing", "Put into the recovery position"),
    *("Chest compressions", "Rescue breaths / mouth-to-mouth", "Cleared airways", "Checked pulse"),
)


def when(row):
    """A time for each row, all of them in order and different."""
    return datetime(2024, 3, 1, 9, 0) + timedelta(hours=37 * row, minutes=13 * row)


def person(row):
    return f"{('Zuzanna', 'Bea', 'Carl')[row % 3]} {('Xylander', 'Quibble', 'Dunmore')[row // 3 % 3]}"


def standard_form(rows=48):
    """England and Wales: no number, no place."""
    draw = random.Random(1)
    headings = [
        *("Area where the officer works", "Date and time of incident", "Name", "Gender", "Age"),
        *("Type of substance taken (if known)", "Number of doses delivered"),
        *(f"{each} (Y/N)" for each in FIRST_AID),
        *("Outcome", "Ambulance response time (minutes from time of call)", "Seen by paramedics (Y/N)"),
        *("Resupply needed (Y/N)", "If yes, number of kits required"),
    ]
    return headings, [
        [
            *(
                draw.choice(["Cardiff", "Swansea"]),
                f"{when(n):%d/%m/%Y %H:%M}",
                person(n),
                draw.choice(["M", "Female"]),
            ),
            *(str(draw.randint(18, 70)), draw.choice(["Heroin", "Unknown", "Heroin and street valium"])),
            *(str(draw.randint(1, 4)), *(draw.choice("YN") for _each in FIRST_AID)),
            *(draw.choice(["Conscious and responsive", "Unconscious", "Non-responsive"]), str(draw.randint(4, 40))),
            *(draw.choice("YN"), draw.choice("YN"), draw.choice(["", "1", "2"])),
        ]
        for n in range(rows)
    ]


def scottish_form(rows=48):
    draw = random.Random(2)
    headings = [
        *("Division", "Sub-division", "Date of incident", "Time of incident", "Subject", "Number of actuations"),
        *("Was the person conscious or unconscious?", "Drug paraphernalia on scene"),
        *("Did the Scottish Ambulance Service attend?", "Further medical care provided"),
        "Transported to hospital or left scene",
    ]
    return headings, [
        [
            *(draw.choice(["E Division", "G Division"]), "EA", f"{when(n):%d/%m/%Y}", f"{when(n):%H:%M}", person(n)),
            *(str(draw.randint(1, 3)), draw.choice(["Conscious", "Unconscious"]), draw.choice("YN"), draw.choice("YN")),
            *(draw.choice("YN"), draw.choice(["Taken to hospital", "Left scene before ambulance arrived"])),
        ]
        for n in range(rows)
    ]


def niche_extract(rows=48):
    draw = random.Random(3)
    headings = [
        *(
            "OccurrenceNo",
            "OccType",
            "OccStartDateTime",
            "EnteredDateTime",
            "NominalRef",
            "Surname",
            "Forename1",
            "DOB",
        ),
        *(
            "Sex",
            "Address",
            "Postcode",
            "Easting",
            "Northing",
            "OfficerCollarNo",
            "NaloxoneDoses",
            "SuspectedSubstance",
        ),
        *("Outcome", "Summary"),
    ]
    return headings, [
        [
            *(f"62{2_400_000 + 7 * n}", "DRUGS - OVERDOSE", f"{when(n):%d/%m/%Y %H:%M:%S}"),
            *(f"{when(n + 1):%d/%m/%Y %H:%M:%S}", f"N{1000 + n}", person(n).split()[1].upper(), person(n).split()[0]),
            *(f"{1 + n % 28:02}/{1 + n % 12:02}/{1960 + n % 40}", draw.choice("MF"), "1 Wobblegate", "CF10 1AA"),
            *(str(318_000 + draw.randint(-3000, 3000)), str(176_000 + draw.randint(-3000, 3000)), str(1000 + n % 9)),
            *(str(draw.randint(1, 3)), draw.choice(["HEROIN", "UNKNOWN", "BENZOS"])),
            *(draw.choice(["CONSCIOUS", "UNCONSCIOUS"]), f"Zuzanna collapsed behind number {n}"),
        ]
        for n in range(rows)
    ]


def ambulance_cad(rows=48):
    draw = random.Random(4)
    headings = [
        *("CAD Number", "Police Reference", "Call Connect Time", "Time Vehicle Mobile", "Time On Scene"),
        *("Initial Category", "Final Category", "Chief Complaint", "Stand Down Reason"),
    ]
    return headings, [
        [
            *(f"C{n}", f"62{2_400_000 + 7 * n}", f"{when(n):%Y-%m-%d %H:%M:%S}", f"{when(n):%Y-%m-%d %H:%M:%S}"),
            f"{when(n) + timedelta(minutes=12):%Y-%m-%d %H:%M:%S}",
            *(draw.choice(["Category 1", "Red"]), draw.choice(["Cat 2", "Amber 1"]), "OVERDOSE/POISONING", ""),
        ]
        for n in range(rows)
    ]


def street_crime(rows=48):
    """data.police.uk: the month alone, all types of crime."""
    draw = random.Random(5)
    headings = [
        *("Crime ID", "Month", "Reported by", "Falls within", "Longitude", "Latitude", "Location", "LSOA code"),
        *("LSOA name", "Crime type", "Last outcome category", "Context"),
    ]
    return headings, [
        [
            *(f"{n:064x}", "2024-05", "South Wales Police", "South Wales Police", f"{-3.18 + draw.random() / 50:.6f}"),
            *(f"{51.48 + draw.random() / 50:.6f}", "On or near Wobblegate", "W01001018", "Cardiff 002D"),
            *(draw.choice(["Drugs", "Burglary"]), "Under investigation", ""),
        ]
        for n in range(rows)
    ]


def carriers(rows=48):
    headings = [
        "Collar Number",
        "Name",
        "Role",
        "Station",
        "BCU",
        "Date Trained",
        "Refresher Date",
        "Start Date",
        "End Date",
    ]
    roles = ("Response Officer", "PCSO", "Roads Policing")
    return headings, [
        [
            *(f"{1000 + n}", person(n), roles[n % 3], "Cardiff Bay", "Cardiff and the Vale", f"{when(n):%d/%m/%Y}", ""),
            *(f"{when(n):%d/%m/%Y}", ""),
        ]
        for n in range(rows)
    ]


def shifts(rows=48):
    return ["Collar No", "Shift date", "Start time", "End time"], [
        [f"{1000 + n % 20}", f"{when(n):%d/%m/%Y}", "07:00", "17:00"] for n in range(rows)
    ]


def kits(rows=48):
    return ["Kit Serial No", "Batch No", "Expiry Date", "Status", "Date", "Issued To", "Station"], [
        [
            *(f"K{n:04}", "B12", "31/12/2026", ("Issued", "Used", "Handed back")[n % 3], f"{when(n):%d/%m/%Y}"),
            *(f"{1000 + n % 20}", "Cardiff Bay"),
        ]
        for n in range(rows)
    ]


def requests(rows=48):
    return ["Request ID", "Date and time requested", "Carrier found", "Minutes to arrive", "Latitude", "Longitude"], [
        [
            f"{n}",
            f"{when(n):%d/%m/%Y %H:%M}",
            ("Yes", "No")[n % 2],
            f"{2 + n % 20}",
            f"{51.48 + n / 4_000:.5f}",
            "-3.17512",
        ]
        for n in range(rows)
    ]


def follow_up(rows=48):
    return ["Incident ref", "Action", "Date", "Due date"], [
        [
            *(f"N{2_400_000 + n}", ("Referral made", "Contact made", "Declined")[n % 3], f"{when(n):%d/%m/%Y}"),
            f"{when(n + 2):%d/%m/%Y}",
        ]
        for n in range(rows)
    ]


FORMS = {
    maker.__name__: maker
    for maker in (
        *(standard_form, scottish_form, niche_extract, ambulance_cad, street_crime, carriers, shifts, kits, requests),
        follow_up,
    )
}


def as_csv(headings, rows, *, separator=",", encoding="utf-8"):
    """The file's bytes."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(headings)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)
