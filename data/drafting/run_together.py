"""Headings whose words run together, as databases and map services write them: "INCIDENTDATE", "suspecteddrug"."""

from functools import cache

__all__ = ["parted"]

# Words that such headings are made of; the short ones only beside others. A word that holds two others is one of its
# own: "postcode" is no post and no code.
_WORDS = frozenset({
    *("accuracy", "address", "admin", "administered", "administration", "age", "agency", "aided", "alive", "ambulance"),
    *("amount", "area", "arrival", "arrived", "attended", "authority", "badge", "band", "beat", "birth", "block"),
    *("breathing", "bystander", "cad", "call", "called", "case", "casualty", "category", "centroid", "city", "code"),
    *("collar", "comment", "comments", "complaint", "condition", "conscious", "coord", "coordinate", "count", "county"),
    *("created", "creation", "crime", "date", "datetime", "death", "deceased", "deploy", "deployed", "deployment"),
    *("desc", "description", "detail", "details", "died", "dispatch", "disposition", "district", "division", "dob"),
    *("dosage", "dose", "doses", "drug", "drugs", "easting", "employee", "ems", "end", "ended", "entered", "event"),
    *("fatal", "file", "fips", "fire", "first", "force", "forename", "form", "fullname", "gender", "geocode", "given"),
    *("giver", "grid", "group", "handover", "hospital", "hour", "identifier", "incident", "individual", "kit", "kits"),
    *("last", "lat", "latitude", "level", "location", "log", "lon", "long", "longitude", "map", "medication", "method"),
    *("mg", "minutes", "municipality", "naloxone", "name", "narcan", "narrative", "nasal", "nature", "neighborhood"),
    *("neighbourhood", "niche", "nominal", "northing", "note", "notes", "num", "number", "nyxoid", "occurred"),
    *("occurrence", "offence", "offense", "officer", "offset", "outcome", "overdose", "patient", "pcd", "person"),
    *("phone", "place", "point", "police", "post", "postcode", "premises", "product", "race", "random", "range"),
    *("reason", "received", "recipient", "record", "recorded", "ref", "reference", "released", "remarks", "report"),
    *("reported", "response", "result", "role", "route", "scene", "sector", "serial", "sex", "shift", "site", "source"),
    *("spray", "sprays", "staff", "start", "station", "status", "street", "subj", "subject", "submission", "submitted"),
    *("substance", "substances", "surname", "survived", "susp", "suspected", "taken", "target", "ticket", "time"),
    *("timestamp", "total", "town", "type", "unit", "units", "update", "updated", "urn", "used", "utc", "vehicle"),
    *("victim", "ward", "when", "where", "year", "zip", "zipcode"),
    # No "ref" that is used, and the like.
    *("format", "forward", "inward", "latin", "login", "nowhere", "refused", "suspended"),
})  # fmt: skip
_SHORT = frozenset({"and", "at", "by", "for", "id", "in", "le", "no", "od", "of", "on", "pd", "to", "x", "y"})


@cache
def parted(word: str) -> tuple[str, ...]:
    """The fewest known words that a word in lower case is made of; itself where it is made of none."""
    best: list[tuple[str, ...] | None] = [(), *([None] * len(word))]
    for end in range(1, len(word) + 1):
        for start in range(end):
            piece, before = word[start:end], best[start]
            if before is None or piece not in _WORDS | _SHORT:
                continue
            if best[end] is None or len(before) + 1 < len(best[end] or ()):
                best[end] = (*before, piece)
    found = best[-1]
    return found if found and any(piece in _WORDS for piece in found) else (word,)
