"""Every table and field of the store, declared once: name, type, unit, description and constraint.

The store's DDL, the import's checks, the mapping's field names and README's field table are all made from `TABLES`.
Unknown is a value (`NOT_RECORDED`), never an empty string; a number or time that is not known is NULL.
"""

from collections.abc import Iterator
from dataclasses import dataclass

__all__ = [
    "FIRST_AID_ITEMS",
    "NOT_RECORDED",
    "OWN_TABLES",
    "TABLES",
    "YES_NO",
    "Field",
    "Table",
    "field_table",
    "table_named",
]

NOT_RECORDED = "not_recorded"
YES_NO = ("yes", "no", NOT_RECORDED)

SETTINGS = ("street", "home", "custody", "hospital", "other", NOT_RECORDED)
LOCATION_SOURCES = ("coordinates", "postcode", "area", "none")
TIME_PRECISIONS = ("minute", "hour", "day", "month")
RECIPIENT_TYPES = ("public", "officer", NOT_RECORDED)
# What sources give that have ranges across two of the bands of ages: kept as it is, since putting it into one would be
# a guess.
AGE_RANGES = ("10_19", "15_19", "20_29", "30_39", "40_49", "50_59", "60_69")
AGE_BANDS = ("under_18", "18_24", "25_34", "35_44", "45_54", "55_64", "65_and_over", *AGE_RANGES, NOT_RECORDED)
GENDERS = ("male", "female", "other", NOT_RECORDED)
SUBSTANCES = (
    "heroin",
    "methadone",
    "nitazene",
    "fentanyl",
    "other_opioid",
    "benzodiazepine",
    "cocaine",
    "alcohol",
    "other",
    NOT_RECORDED,
)
CERTAINTIES = ("suspected", "confirmed", "found_not_opioid", NOT_RECORDED)
CONDITIONS = ("conscious", "unconscious", "non_responsive", NOT_RECORDED)
ALIVE_AT_HANDOVER = ("yes", "died", NOT_RECORDED)
ROLES = ("response", "pcso", "custody", "roads", "special", "other", NOT_RECORDED)
WAIT_KINDS = ("call_to_arrival", "naloxone_to_arrival")
WAIT_CLOCKS = ("ambulance_cad", "police_log", "officer_estimate", NOT_RECORDED)
WAIT_OUTCOMES = (
    "arrived",
    "already_there",
    "left_before",
    "declined",
    "cancelled",
    "not_called",
    NOT_RECORDED,
)
KIT_EVENTS = ("issued", "used", "returned", "lost", "expired")
OUTREACH_KINDS = ("peer_to_peer", "outreach", "needle_exchange", "treatment", "other", NOT_RECORDED)
FOLLOW_UP_STEPS = ("referred", "contact_due", "contacted", "consented", "declined", "engaged", "closed")
RISK_EVENT_KINDS = ("ambulance_overdose_call", "drug_related_death", "drug_incident")
RECORD_STATES = ("current", "withdrawn", "waiting", "not_counted")
SETTLEMENTS = ("same", "different")

# Tables that no file is for: the import and the people who look after it write them.
OWN_TABLES = ("imports", "quarantine", "joined", "pieces", "dose_reports", "settlements")

FIRST_AID_ITEMS = (
    "tried_to_wake",
    "tilted_head",
    "checked_breathing",
    "checked_response",
    "recovery_position",
    "chest_compressions",
    "rescue_breaths",
    "cleared_airways",
    "checked_pulse",
)


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column: its DuckDB type, what it means, and what it may hold.

    `values` lists the only texts allowed; `minimum` and `maximum` bound a number (both included); `default` is what
    an optional field becomes where a file does not say, or says something unusable. `mapped` is True for a field that
    a force's file may fill, False for one that the import derives.
    """

    name: str
    type: str
    description: str
    unit: str = ""
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    required: bool = False
    mapped: bool = True
    token: bool = False

    @property
    def default(self) -> str | None:
        """What stands where nothing usable was recorded."""
        return NOT_RECORDED if NOT_RECORDED in self.values else None

    @property
    def constraint(self) -> str:
        """What the field may hold, in words for README and for error sentences."""
        if self.values:
            return " | ".join(self.values)
        if self.minimum is not None and self.maximum is not None:
            return f"{self.minimum:g} to {self.maximum:g}"
        if self.token:
            return "keyed hash; the value itself is never stored"
        return ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table, its primary key, and its fields in column order."""

    name: str
    description: str
    key: str
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that name; KeyError where there is none."""
        return {field.name: field for field in self.fields}[name]

    @property
    def names(self) -> tuple[str, ...]:
        """The column names in order."""
        return tuple(field.name for field in self.fields)


def _key(name: str, description: str) -> Field:
    return Field(name=name, type="VARCHAR", description=description, required=True, token=True)


def _token(name: str, description: str) -> Field:
    return Field(name=name, type="VARCHAR", description=description, token=True)


def _text(name: str, description: str, *, mapped: bool = True) -> Field:
    return Field(name=name, type="VARCHAR", description=description, mapped=mapped)


def _choice(name: str, values: tuple[str, ...], description: str, *, mapped: bool = True) -> Field:
    return Field(name=name, type="VARCHAR", values=values, description=description, mapped=mapped)


def _yes_no(name: str, description: str) -> Field:
    return _choice(name, YES_NO, description)


def _moment(name: str, description: str, *, required: bool = False) -> Field:
    return Field(name=name, type="TIMESTAMPTZ", unit="UTC instant", description=description, required=required)


def _day(name: str, description: str, *, mapped: bool = True) -> Field:
    return Field(name=name, type="DATE", description=description, mapped=mapped)


def _number(
    name: str,
    unit: str,
    minimum: float,
    maximum: float,
    description: str,
    *,
    whole: bool = False,
    required: bool = False,
    mapped: bool = True,
) -> Field:
    return Field(
        name=name,
        type="SMALLINT" if whole else "DOUBLE",
        unit=unit,
        minimum=minimum,
        maximum=maximum,
        description=description,
        required=required,
        mapped=mapped,
    )


def _place() -> tuple[Field, ...]:
    return (
        _number("easting_m", "m", -20_000_000, 20_000_000, "Place on the deployment's projected CRS, snapped"),
        _number("northing_m", "m", -20_000_000, 20_000_000, "Place on the deployment's projected CRS, snapped"),
        _number("location_precision_m", "m", 0, 100_000, "How far the true place may be from the stored one"),
        _choice("location_source", LOCATION_SOURCES, "What the place was made from", mapped=False),
        _text("small_area", "Postcode district, or 1 km cell where a force has none"),
        _text("authority", "Local authority code"),
        _text("bcu", "Basic command unit or other grouping of the deployment's settings"),
    )


def _local_time() -> tuple[Field, ...]:
    return (
        _choice("time_precision", TIME_PRECISIONS, "How exactly the time is known", mapped=False),
        _day("local_date", "Date of the event where it happened; a month's first day stands for it", mapped=False),
        _number("local_hour", "h", 0, 23, "Hour of day; NULL where only the date is known", whole=True, mapped=False),
        _number(
            "local_weekday",
            "1 = Monday",
            1,
            7,
            "Day of the week; NULL where only the month is known",
            whole=True,
            mapped=False,
        ),
    )


def _row_number() -> Field:
    return Field(
        name="row_number",
        type="BIGINT",
        unit="1 = first row under the header",
        description="Row of the file of its import, to find it at the source",
        mapped=False,
    )


def _joined_by() -> Field:
    return Field(
        name="join_id",
        type="VARCHAR",
        description="The row of a second file that brought it, which decides whose it is",
        mapped=False,
        token=True,
    )


def _provenance() -> tuple[Field, ...]:
    return (
        _text("source", "The system or form the row came from", mapped=False),
        _text("import_id", "The import that last changed the row", mapped=False),
        _text("row_hash", "Keyed hash of the row, to tell changed from unchanged", mapped=False),
        _text("confirmed_by", "Later imports that held the row unchanged", mapped=False),
        _choice("record_state", RECORD_STATES, "All but current rows are left out of every count", mapped=False),
    )


def _incident_fields() -> tuple[Field, ...]:
    """What a form, or a second file, says of an incident beside its time."""
    return (
        *_place(),
        _choice("setting", SETTINGS, "Kind of place; custody and hospital stay off the street map"),
        _text("recording_force", "Force that recorded the incident"),
        _yes_no("police_first_on_scene", "Police were there before the ambulance"),
        _text("call_category_before", "Ambulance category before naloxone was given"),
        _text("call_category_after", "Ambulance category after naloxone was given"),
    )


def _administration_fields() -> tuple[Field, ...]:
    """What a form, or a second file, says of one person's treatment."""
    return (
        _choice("recipient_type", RECIPIENT_TYPES, "Officers treated after exposure stay outside maps and rates"),
        _choice("age_band", AGE_BANDS, "Age in years, banded at import; tens of years where the source has no more"),
        _choice("gender", GENDERS, "Gender as recorded"),
        *(_yes_no(item, "First aid: " + item.replace("_", " ")) for item in FIRST_AID_ITEMS),
        _choice("condition_before", CONDITIONS, "Consciousness before naloxone"),
        _choice("condition_after", CONDITIONS, "Consciousness after naloxone"),
        _choice("alive_at_handover", ALIVE_AT_HANDOVER, "Alive when police handed over; not the same as conscious"),
        _yes_no("previous_police_contact", "Any earlier police contact, any reason"),
        _yes_no("seen_by_paramedics", "Seen by paramedics"),
        _yes_no("taken_to_hospital", "Taken to hospital"),
        _number("doses_given", "doses", 0, 20, "Doses the form states for this person", whole=True),
        _yes_no("resupply_needed", "The officer asked for a new kit"),
        _number("resupply_kits", "kits", 0, 50, "Kits asked for", whole=True),
        _text("officer_area", "Area where the officer works, as a code or a name"),
        _moment("recorded_at", "When the record was entered; the gap to the event is the reporting delay"),
    )


TABLES: tuple[Table, ...] = (
    Table(
        name="incidents",
        key="incident_id",
        description="When and where police gave naloxone; one incident can have several people.",
        fields=(
            _key("incident_id", "Incident"),
            _moment("occurred_at", "When naloxone was given", required=True),
            *_local_time(),
            *_incident_fields(),
            *_provenance(),
        ),
    ),
    Table(
        name="administrations",
        key="administration_id",
        description="One person given naloxone by police at one incident.",
        fields=(
            _key("administration_id", "Administration"),
            _key("incident_id", "Incident it belongs to"),
            _token("person_token", "Person; NULL where no name was recorded"),
            *_administration_fields(),
            *_provenance(),
        ),
    ),
    Table(
        name="substances",
        key="substance_id",
        description="What one person was thought or found to have taken; several rows a person.",
        fields=(
            _key("substance_id", "Row"),
            _key("administration_id", "Administration it belongs to"),
            _choice("substance", SUBSTANCES, "Substance"),
            _choice("certainty", CERTAINTIES, "How sure; found_not_opioid leaves the administration in place"),
            _joined_by(),
            *_provenance(),
        ),
    ),
    Table(
        name="doses",
        key="dose_id",
        description="One dose of naloxone, where a form records doses singly or by officer.",
        fields=(
            _key("dose_id", "Dose"),
            _key("administration_id", "Administration it belongs to"),
            _number("sequence", "1 = first", 1, 20, "Order of the dose", whole=True),
            _moment("given_at", "When the dose was given"),
            _token("officer_token", "Officer; dated, since collar numbers change hands"),
            _choice("officer_role", ROLES, "Role at the time"),
            _text("product", "Product name"),
            _token("kit_token", "Kit the dose came from"),
            _joined_by(),
            *_provenance(),
        ),
    ),
    Table(
        name="waits",
        key="wait_id",
        description="One ambulance clock for one incident, with its start, its end and whose clock it is.",
        fields=(
            _key("wait_id", "Wait"),
            _key("incident_id", "Incident it belongs to"),
            _choice("kind", WAIT_KINDS, "What is timed"),
            _choice("clock", WAIT_CLOCKS, "Whose clock; clocks are never pooled silently"),
            _moment("started_at", "Start of the clock"),
            _moment("ended_at", "End of the clock"),
            _number("minutes", "minutes", 0, 360, "Length of the wait; negative or longer goes to quarantine"),
            _choice("outcome", WAIT_OUTCOMES, "How the wait ended; 0 minutes is already_there"),
            _joined_by(),
            *_provenance(),
        ),
    ),
    Table(
        name="carriers",
        key="carrier_id",
        description="An officer or member of staff who carries naloxone, with dates; a role has a period.",
        fields=(
            _key("carrier_id", "Carrier and period"),
            _token("officer_token", "Officer"),
            _choice("role", ROLES, "Role in this period"),
            _text("base", "Station or base"),
            _text("bcu", "Basic command unit of the base"),
            _number("easting_m", "m", -20_000_000, 20_000_000, "Base on the deployment's CRS"),
            _number("northing_m", "m", -20_000_000, 20_000_000, "Base on the deployment's CRS"),
            _day("trained_on", "First training"),
            _day("refreshed_on", "Last refresher"),
            _day("valid_from", "First day of this role"),
            _day("valid_to", "Last day of this role; NULL where it goes on"),
            _row_number(),
            *_provenance(),
        ),
    ),
    Table(
        name="shifts",
        key="shift_id",
        description="When a carrier is rostered: a dated shift, or an hour of a typical week.",
        fields=(
            _key("shift_id", "Shift"),
            _token("officer_token", "Officer"),
            _moment("starts_at", "Start of a dated shift"),
            _moment("ends_at", "End of a dated shift"),
            _number("hour_of_week", "0 = Monday 00:00", 0, 167, "Hour of a typical roster", whole=True),
            *_provenance(),
        ),
    ),
    Table(
        name="kits",
        key="kit_event_id",
        description="The kit ledger: one row an event of one kit (two doses).",
        fields=(
            _key("kit_event_id", "Ledger row"),
            _token("kit_token", "Kit"),
            _token("officer_token", "Officer who holds or used it"),
            _text("base", "Station or base"),
            _choice("event", KIT_EVENTS, "What happened to the kit"),
            _day("event_on", "When it happened"),
            _text("lot", "Lot number"),
            _day("expires_on", "Expiry date of the kit"),
            _number("kits", "kits", 0, 10_000, "How many kits the row speaks of", whole=True),
            _row_number(),
            *_provenance(),
        ),
    ),
    Table(
        name="requests",
        key="request_id",
        description="A carrier was asked for: found or not.",
        fields=(
            _key("request_id", "Request"),
            _moment("occurred_at", "When a carrier was asked for", required=True),
            *_local_time(),
            *_place(),
            _yes_no("found", "A carrier was found"),
            _number("minutes", "minutes", 0, 360, "Until a carrier arrived"),
            *_provenance(),
        ),
    ),
    Table(
        name="follow_up",
        key="follow_up_id",
        description="One step of the follow-up after an administration: referral, consent, contact.",
        fields=(
            _key("follow_up_id", "Step"),
            _key("administration_id", "Administration it belongs to"),
            _choice("step", FOLLOW_UP_STEPS, "What happened"),
            _moment("at", "When it happened"),
            _moment("due_at", "When it was due; South Wales works to 72 hours"),
            *_provenance(),
        ),
    ),
    Table(
        name="outreach_points",
        key="outreach_point_id",
        description="Where naloxone and help are to be had: peer-to-peer supply, outreach, needle exchange, treatment.",
        fields=(
            _key("outreach_point_id", "Point"),
            _choice("kind", OUTREACH_KINDS, "What it is"),
            _text("name", "What it is called"),
            _text("opening", "When it is open, in words"),
            *_place(),
            *_provenance(),
        ),
    ),
    Table(
        name="risk_events",
        key="risk_event_id",
        description="The independent layer: ambulance overdose calls, drug-related deaths, drug incidents.",
        fields=(
            _key("risk_event_id", "Event"),
            _choice("kind", RISK_EVENT_KINDS, "What kind of event"),
            _moment("occurred_at", "When it happened", required=True),
            *_local_time(),
            *_place(),
            *_provenance(),
        ),
    ),
    Table(
        name="populations",
        key="population_id",
        description="Residents, where the user supplies them: a number at a point, or of a whole area.",
        fields=(
            _key("population_id", "Place or area, and the year where there are several"),
            _number("persons", "people", 0, 100_000_000, "Residents", required=True),
            _number("year", "year", 1900, 2100, "Year the number is for", whole=True),
            *_place(),
            *_provenance(),
        ),
    ),
    Table(
        name="joined",
        key="join_id",
        description="One row of a second file that adds fields to a record; it waits until exactly one record fits.",
        fields=(
            Field(name="join_id", type="VARCHAR", description="Row", required=True, mapped=False, token=True),
            _choice("joins", ("incidents", "administrations"), "What it adds to", mapped=False),
            _token("incident_id", "Incident that it names"),
            _token("administration_id", "Administration that it names"),
            _day("match_day", "Without a number: local date of the incident", mapped=False),
            _token("officer_token", "Without a number: officer of a dose"),
            _token("person_token", "Without a number: person"),
            *_incident_fields(),
            *_administration_fields(),
            _row_number(),
            *_provenance(),
        ),
    ),
    Table(
        name="pieces",
        key="piece_id",
        description="One row of a file whose rows are folded into administrations, as it was read.",
        fields=(
            Field(name="piece_id", type="VARCHAR", description="Row", required=True, mapped=False, token=True),
            _key("administration_id", "Administration it is part of; of a second file's rows, the row that joins"),
            _joined_by(),
            Field(name="position", type="BIGINT", description="Order among the rows", mapped=False),
            _text("fields", "Names of the row's fields, as a list of JSON", mapped=False),
            _text("content", "What they say, pseudonymised, as a list of JSON", mapped=False),
            _row_number(),
            _text("read_by", "Import that read the row; folded again, it is written by a later one", mapped=False),
            *_provenance(),
        ),
    ),
    Table(
        name="dose_reports",
        key="report_id",
        description="How many doses one officer reports, where several speak of one administration.",
        fields=(
            Field(name="report_id", type="VARCHAR", description="Report", required=True, mapped=False, token=True),
            _key("administration_id", "Administration it speaks of"),
            _token("officer_token", "Officer"),
            _number("doses", "doses", 0, 20, "Doses reported", whole=True, mapped=False),
            _moment("given_at", "First dose reported"),
            *_provenance(),
        ),
    ),
    Table(
        name="settlements",
        key="administration_id",
        description="What a person decided about several officers' reports of one administration.",
        fields=(
            _key("administration_id", "Administration"),
            _text("reports", "Hash of the reports decided on; others open the question again", mapped=False),
            _choice("decision", SETTLEMENTS, "The same doses, counted once, or different ones, added up", mapped=False),
            _token("report_id", "The report that counts, where they are the same doses"),
            _text("settled_by", "Who decided", mapped=False),
            _moment("settled_at", "When"),
        ),
    ),
    Table(
        name="imports",
        key="import_id",
        description="One import: what came in, and what became of every row.",
        fields=(
            _text("import_id", "Import", mapped=False),
            _moment("imported_at", "When the import was published"),
            _text("target", "Table the file was for", mapped=False),
            _text("file_hash", "SHA-256 of the file; its name may hold a person's name and is not kept", mapped=False),
            _text("extract", "full or incremental", mapped=False),
            _text("source", "The system or form, from the mapping", mapped=False),
            Field(name="rows_in", type="BIGINT", unit="rows", description="Rows read", mapped=False),
            Field(name="rows_imported", type="BIGINT", unit="rows", description="New", mapped=False),
            Field(name="rows_updated", type="BIGINT", unit="rows", description="Changed", mapped=False),
            Field(name="rows_unchanged", type="BIGINT", unit="rows", description="As before", mapped=False),
            Field(name="rows_folded", type="BIGINT", unit="rows", description="Parts of a record", mapped=False),
            Field(name="rows_withdrawn", type="BIGINT", unit="rows", description="Withdrawn in the file", mapped=False),
            Field(name="rows_waiting", type="BIGINT", unit="rows", description="No record yet to join", mapped=False),
            Field(name="rows_quarantined", type="BIGINT", unit="rows", description="Held back whole", mapped=False),
            Field(name="fields_quarantined", type="BIGINT", unit="fields", description="Set aside alone", mapped=False),
            _day("first_day", "Earliest event in the file", mapped=False),
            _day("last_day", "Latest event in the file", mapped=False),
            Field(
                name="records_gone",
                type="BIGINT",
                unit="records",
                description="Withdrawn, since a full extract lacks them",
                mapped=False,
            ),
            _text("version", "Snapshot that the import made", mapped=False),
            _text("reading", "Keyed hash of all that decided how the file was read", mapped=False),
            _text("report", "What the report said, as JSON", mapped=False),
        ),
    ),
    Table(
        name="quarantine",
        key="quarantine_id",
        description="What could not be used, by place and kind; never the value.",
        fields=(
            _text("quarantine_id", "Entry", mapped=False),
            _text("import_id", "Import", mapped=False),
            _text("target", "Table the row was for", mapped=False),
            _text("source", "The system or form, from the mapping", mapped=False),
            _row_number(),
            _text("column_hash", "Keyed hash of the column's heading, itself perhaps a value", mapped=False),
            Field(name="column_number", type="INTEGER", unit="1 = first", description="Column", mapped=False),
            _text("field", "Field it was meant for", mapped=False),
            _text("reason", "Why it was set aside", mapped=False),
            _text("value_kind", "empty, text, number, date or time", mapped=False),
            Field(name="value_length", type="INTEGER", unit="characters", description="Its length", mapped=False),
            Field(
                name="first_row",
                type="BIGINT",
                unit="1 = first row under the header",
                description="For a key given twice, the row that had it first",
                mapped=False,
            ),
            Field(name="whole_row", type="BOOLEAN", description="The whole row waits", mapped=False),
            _text("record_id", "Record that the row is, where its key can be read", mapped=False),
        ),
    ),
)


def table_named(name: str) -> Table:
    """The table of that name; KeyError where there is none."""
    return {table.name: table for table in TABLES}[name]


def field_table() -> Iterator[tuple[str, str, str, str, str, str]]:
    """Rows of README's field table: table, field, type, unit, constraint, description."""
    for table in TABLES:
        for field in table.fields:
            yield table.name, field.name, field.type, field.unit, field.constraint, field.description
