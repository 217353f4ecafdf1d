"""How a form, or a system's extract, heads the columns of an incident, a person treated, doses and waits."""

from data.drafting.field_patterns import (
    AMBULANCE,
    ANTIDOTE,
    EXPORT_NUMBERS,
    INCIDENT,
    NALOXONE,
    OFFICER,
    REFERENCE,
    WHEN,
    FieldWords,
)

__all__ = ["FORM", "NOT_KEYS", "OTHER_TIMES"]

# Times that are not the event's, whatever else their headings say.
OTHER_TIMES = (
    r"closed|end|ended|to|cleared|dispatch\w*|arriv\w*|entered|entry|modified|updated?|submitted|submission|completion|"
    r"birth|dob|report|expir\w*|due|ambulance|on scene|at scene|recorded|paramedics?"
)

# Numbers of other things than the record.
NOT_KEYS = (
    r"doses?|actuations?|kits?|minutes|time|date|age|phone|person|nominal|patient|subject|beat|officer|collar|warrant|"
    r"type|post ?code|lsoa|cad|ambulance|vehicle|victim|casualty|aided|drug|substance|county|city|state|fips|zip"
)

# What has a name and is nobody: "Incident County Name".
_NO_PERSONS = "".join(
    rf"(?<!{each} )"
    for each in (
        *("county", "city", "town", "borough", "district", "ward", "municipality", "beat", "sector", "station"),
        *("hospital", "agency", "department", "region", "division", "street", "drug", "product", "file", "form"),
    )
)


FORM = (
    FieldWords(
        field="incident_id",
        kinds=("key",),
        strong=rf"(?:niche )?{INCIDENT} {REFERENCE}(?: {REFERENCE})?|unique (?:reference|id|identifier)(?: number)?|"
        r"(?:our |police |force |form )reference(?: number)?",
        exact=r"urn|reference(?: number)?|ref(?: no)?|occurrence|incident|log|id|key|e?pcr|"
        # By the name of its element in the National EMS Information System, as the next one.
        r"e response 0?3(?: .*)?",
        weak=rf"reference|ref|urn|id|uuid|guid|(?:call|run|alarm|dispatch|complaint|pcr|epcr|ticket|file) {REFERENCE}",
        unlike=NOT_KEYS,
        never=EXPORT_NUMBERS,
    ),
    FieldWords(
        field="administration_id",
        kinds=("key",),
        strong=rf"administration {REFERENCE}|{ANTIDOTE} (?:form |record |report )?{REFERENCE}",
        # An officer's entry in the log of an occurrence.
        # An ambulance service's report is of one patient.
        exact=rf"oel(?: entry)?(?: {REFERENCE})?|e record 0?1|patient care report {REFERENCE}",
    ),
    FieldWords(
        field="person_number",
        kinds=("key", "number", "category"),
        strong=r"(?:person|patient|subject|casualty|individual) (?:no|number|index|seq|sequence|count)|"
        r"(?:person|patient|subject) \d|(?:person|patient|subject) on (?:form|report|incident|log)",
        exact=r"victim|pt",
    ),
    FieldWords(
        field="occurred_at",
        kinds=("time", "date", "month", "excel"),
        strong=rf"occurred(?: (?:at|on|date|time))*|{WHEN}(?: and time)?(?: {WHEN})?(?: (?:incident|occurrence|event|"
        rf"overdose|reversal|{NALOXONE}))|(?:incident|occurrence|occ|event|overdose|reversal|{NALOXONE})(?: {WHEN})+"
        r"(?: (?:from|start|time))?|"
        r"date and time|date time|datetime|when|date",
        weak=rf"(?:create|created|call|committed|reported|start|from|attended|month).*{WHEN}|{WHEN}|month|"
        r"create time|(?:call |alarm )?(?:received|reported|created)|call|alarm",
        unlike=OTHER_TIMES,
        # Map services note when a row was edited.
        never=r"edit(?:ed)?|editor|modified|updated?|creation date",
    ),
    FieldWords(
        field="recorded_at",
        kinds=("time", "date", "excel"),
        strong=r"(?:record|form|report|entry) (?:created|entered|submitted|completed)(?: .*)?|"
        r"(?:entered|entry|submitted|submission|completion|recorded|input|inserted|form completed)"
        r"(?: (?:at|on|date|time|datetime))+|date (?:entered|submitted|recorded|input|completed)|completion time",
        weak=r"created|entered|submitted|reported (?:date|on|at)",
    ),
    FieldWords(
        field="recording_force",
        kinds=("category", "text"),
        strong=r"(?:recording |police |reporting )?force(?: name)?|recording force|constabulary",
    ),
    FieldWords(
        field="officer_area",
        kinds=("category", "text"),
        strong=r"area where officer works|officer (?:area|division|base|station|district|team)|"
        r"(?:area|division|division and subdivision|policing area|officer s area)",
        weak=r"subdivision|sub division|section|station|area|team",
    ),
    FieldWords(field="bcu", kinds=("category", "text"), strong=r"bcu(?: name)?|basic command unit|command unit"),
    FieldWords(
        field="setting",
        kinds=("category", "text"),
        strong=r"setting|(?:location|place|premises|venue|scene) (?:type|kind|category)|(?:type|nature|kind) "
        r"(?:location|place|premises|scene)",
        weak=r"where happened|public or private|private dwelling",
    ),
    FieldWords(
        field="police_first_on_scene",
        kinds=("yes_no", "category"),
        strong=r"police (?:first|arrived first|there first)(?: (?:on|at) scene)?|first (?:on|at) scene|"
        r"police (?:there|present|attended) before ambulance",
    ),
    FieldWords(
        field="call_category_before",
        kinds=("category", "number"),
        strong=r"(?:ambulance |call |response )?category(?: before| initial)|(?:initial|original|first|opening) "
        r"(?:call |response |ambulance |triage )?(?:category|code|grade)|ambulance (?:call )?category|call category",
        weak=r"category|(?:response )?grade|colour code|amb cat",
    ),
    FieldWords(
        field="call_category_after",
        kinds=("category", "number"),
        strong=r"(?:ambulance |call |response )?category(?: after| final| revised)|(?:final|revised|closing|upgraded|"
        r"downgraded|second) (?:call |response |ambulance |triage )?(?:category|code|grade)",
    ),
    FieldWords(
        field="person.first_name",
        kinds=("name",),
        strong=r"(?:first|given|fore) ?names?(?: \d)?|forenames? ?\d?|(?:\w+ )?(?:first name|forename)s?",
    ),
    FieldWords(
        field="person.last_name",
        kinds=("name",),
        strong=r"(?:last|family|sur) ?name|(?:\w+ )?(?:surname|last name)",
    ),
    FieldWords(
        field="person.name",
        kinds=("name",),
        strong=r"(?:full |patient |person |subject |casualty |recipient |individual |nominal |service user |victim )?"
        rf"(?:full )?{_NO_PERSONS}name|name (?:person|patient|casualty|subject|individual)(?: .*)?|"
        r"(?:patient|subject|casualty|person)",
        weak=r"details person.*|person details|subject details|personal details",
    ),
    FieldWords(
        field="person.date_of_birth",
        kinds=("date", "time", "excel"),
        strong=r"(?:\w+ )?(?:dob|d o b|date birth|birth ?date|born)(?: \w+)?",
    ),
    FieldWords(
        field="person.age",
        kinds=("number",),
        strong=r"(?:\w+ )?age(?: (?:years?|in years?|yrs|person|patient|at incident|approx|approximate|estimated))*|"
        r"(?:approx|approximate|estimated) age",
    ),
    FieldWords(field="age_band", kinds=("category", "text"), strong=r"age (?:band|group|range|bracket)"),
    FieldWords(
        field="person.identifier",
        kinds=("key", "category", "number"),
        strong=rf"(?:nominal|person|patient|subject|victim|pnc|cro|nhs|offender|golden nominal|"
        rf"service user)(?: {REFERENCE})+|pncid",
        exact=r"nominal",
    ),
    FieldWords(
        field="gender",
        kinds=("category",),
        strong=r"(?:\w+ )?(?:gender|sex)(?: \w+)?",
        exact=r"m f(?: \w+)?",
        never=r"officers?",
    ),
    # "Casualty: male" says no more of anybody.
    FieldWords(
        field="gender",
        kinds=("sex",),
        strong=r"(?:patient|person|subject|casualty|recipient|individual|victim)(?: description)?",
        never=r"officers?",
    ),
    FieldWords(
        field="described_by",
        kinds=("category",),
        strong=r"(?:\w+ )?(?:race|ethnicit(?:y|ies)|ethnic (?:group|appearance|origin)|nationality)(?: \w+)?",
        never=r"officers?",
    ),
    FieldWords(
        field="naloxone_given",
        kinds=("yes_no", "category"),
        strong=rf"(?:police |officer )?(?:{ANTIDOTE} )+"
        r"(?:administered|given|used|use|deployed|administration|provided)"
        rf"(?: (?:by )?(?:police|officers?|pd))?|{ANTIDOTE}|"
        rf"(?:(?:you|officer|police) )?(?:administered|administer|given|give|gave|used|use|deployed) {ANTIDOTE}",
    ),
    FieldWords(
        field="given_by_others",
        kinds=("category", "text"),
        strong=r"(?:given|administered) by (?:others?|third part(?:y|ies)|non police|bystanders?)(?: .*)?|"
        r"third party.*",
    ),
    FieldWords(
        field="drug_number",
        kinds=("key", "number"),
        strong=rf"(?:\w+ )*(?:drug|substance) {REFERENCE}",
    ),
    FieldWords(
        field="recipient_type",
        kinds=("category",),
        strong=r"recipient(?: type)?|(?:given|administered) to|(?:person|patient|subject) type|type (?:person|"
        r"recipient)|"
        r"public or officer",
    ),
    FieldWords(
        field="substances",
        kinds=("category", "text"),
        never=rf"(?:drug|substance)s? {REFERENCE}|drug(?:s)? (?:found|seized|charges?|paraphernalia)",
        strong=r"(?:type )?(?:substance|drug)s?(?: (?:type|taken|used|suspected|involved|name|believed taken|\d+))*|"
        r"(?:suspected|type|believed) (?:substance|drug)s?(?: .*)?|what (?:substance|drug).*|"
        r"what (?:you (?:think|believe) )?(?:had |have |has )?(?:they|he|she|person|casualty|patient|subject)"
        r"(?: had| have| has)? (?:taken|took|used)",
        weak=r"substance|drug",
    ),
    FieldWords(
        field="certainty",
        kinds=("category",),
        strong=r"(?:substance |drug )?(?:certainty|confirmed or suspected|suspected or confirmed)(?: \d+)?|"
        r"(?:drug|substance) confirmed(?: \d+)?",
    ),
    FieldWords(
        field="doses_given",
        kinds=("number", "doses"),
        # The number by which a dose goes is no count of doses.
        never=r"\bdoses? unit|\bunit dose|strength|(?<!\d )mg|^doses?\b.* mg|"
        r"\b(?:doses?|sprays?|actuations?|administrations?) (?:id|identifier|ref|reference|urn|guid)\b",
        strong=r"(?:number|no|total|count|how many|num|qty|quantity) (?:\w+ )?(?:doses?|actuations?|sprays?|"
        r"administrations?)"
        r"(?: .*)?|(?:doses?|actuations?|sprays?)(?: (?:given|delivered|administered|used|number|total|count|no))*|"
        r"(?:naloxone|nyxoid|narcan|nx) (?:doses?|sprays?|units?|administrations)"
        r"(?: (?:given|used|administered|total))?|"
        r"how many (?:given|used|administered|deployed)|"
        rf"(?:qty|how many|number) {ANTIDOTE}(?: (?:given|used|administered))?|"
        r"(?:doses?|sprays?) (?:of )?(?:naloxone|nyxoid|narcan)(?: (?:given|used|administered|total))?",
        # Where the cells count doses; a yes or no is naloxone_given's.
        weak=rf"^{ANTIDOTE}(?: (?:given|used|administered|amount|quantity))?$",
    ),
    FieldWords(
        field="tried_to_wake",
        kinds=("yes_no",),
        strong=r"(?:tried|try|attempted) to wake.*|wake.* verbally|verbal stimul.*|rouse.*",
    ),
    FieldWords(field="tilted_head", kinds=("yes_no",), strong=r"(?:tilt|tilted) .*head.*|head tilt.*"),
    FieldWords(field="checked_breathing", kinds=("yes_no",), strong=r"check(?:ed)? .*breathing|breathing check(?:ed)?"),
    FieldWords(
        field="checked_response",
        kinds=("yes_no",),
        strong=r"check(?:ed)? (?:for )?.*respons.*|response check(?:ed)?|avpu.*",
    ),
    FieldWords(field="recovery_position", kinds=("yes_no",), strong=r".*recovery position.*"),
    FieldWords(field="chest_compressions", kinds=("yes_no",), strong=r".*chest compressions?.*|cpr.*|compressions"),
    FieldWords(field="rescue_breaths", kinds=("yes_no",), strong=r".*(?:rescue breath|mouth to mouth).*|ventilations?"),
    FieldWords(
        field="cleared_airways",
        kinds=("yes_no",),
        strong=r"(?:clear|cleared|open|opened) .*airways?.*|airways? cleared",
    ),
    FieldWords(field="checked_pulse", kinds=("yes_no",), strong=r"check(?:ed)? .*pulse.*|pulse check(?:ed)?"),
    FieldWords(
        field="condition_before",
        kinds=("category", "yes_no"),
        strong=r"(?:condition|state|status|conscious(?:ness)?|responsive(?:ness)?|level consciousness)(?: \w+)* "
        r"(?:before|on arrival|"
        r"at arrival|prior)(?: .*)?|(?:initial|presenting|before) (?:condition|state|consciousness)|"
        r"conscious or unconscious|(?:person |subject |patient )?(?:conscious|unconscious|"
        r"consciousness)(?: on arrival)?",
        weak=r"conscious|unconscious|condition|physical state|state",
        unlike=r"after|afterwards|following|post",
    ),
    FieldWords(
        field="condition_after",
        kinds=("category", "yes_no"),
        strong=r"(?:(?:person|patient|subject) )?(?:condition|state|conscious(?:ness)?|responsive(?:ness)?|outcome|"
        r"response)(?: \w+)* (?:after|afterwards|following|"
        r"post)(?: .*)?|(?:final|after) (?:condition|state|consciousness)|outcome(?: (?:person|patient|subject|"
        r"individual)"
        r"(?: .*)?)?|(?:person|patient|subject) outcome|regained consciousness|"
        r"(?:aided )?(?:person|patient|subject|casualty|victim|recipient|individual)(?: s)? "
        r"(?:response|reaction|outcome)(?: to (?:naloxone|narcan))?",
        weak=r"outcome|result|response desc(?:ription)?|(?:response|reaction)(?: to)? (?:naloxone|narcan)",
    ),
    FieldWords(
        field="alive_at_handover",
        kinds=("yes_no", "category"),
        strong=r"(?:(?:victim|person|patient) )?(?:alive|survived?|survival|lived|died|fatal|deceased|life status)"
        r"(?: .*)?|(?:fatal|non fatal) outcome",
    ),
    FieldWords(
        field="previous_police_contact",
        kinds=("yes_no",),
        strong=r"(?:previous|prior|earlier) (?:police )?contact.*|(?:previously )?known to police|previous police.*",
    ),
    FieldWords(
        field="seen_by_paramedics",
        kinds=("yes_no",),
        strong=r"seen by (?:paramedics?|ambulance).*|(?:paramedics?|sas|scottish ambulance service|"
        r"ambulance) (?:provided|gave)"
        r" .*care.*|further medical care.*|(?:treated|assessed|care) by (?:paramedics?|ambulance).*|paramedics? saw.*",
        weak=rf"{AMBULANCE} (?:attended|attendance|responded|attend|respond).*|medical care",
    ),
    FieldWords(
        field="taken_to_hospital",
        kinds=("yes_no", "category"),
        strong=r"(?:\w+ )*(?:taken|transported|conveyed|conveyance|transferred|admitted) (?:to )?hospital.*|"
        r"conveyed|transported|hospitali[sz]ed",
        weak=r"hospital|a e|conveyance",
    ),
    FieldWords(
        field="resupply_needed",
        kinds=("yes_no",),
        strong=r"(?:naloxone |kit )?(?:resupply|re supply|replacement|restock)(?: (?:needed|required|requested|kit|"
        r"kits))*",
    ),
    FieldWords(
        field="resupply_kits",
        kinds=("number",),
        strong=r"(?:number|no|how many) (?:\w+ )?kits?(?: (?:needed|required|requested))?|kits? (?:needed|required|"
        r"requested)|"
        r"resupply (?:kits?|number|quantity)",
    ),
    FieldWords(
        field="dose.officer",
        kinds=("key", "number", "category", "text", "name"),
        strong=rf"(?:administering |carrying |reporting |dose \d )?(?:officer|collar|warrant|"
        rf"shoulder)(?: {REFERENCE})*|"
        rf"{OFFICER} {REFERENCE}|dose \d+ officer.*|officer dose \d+|administered by|given by",
        exact=rf"(?:administering |attending )?pc(?: {REFERENCE})?",
        never=r"force (?:code|id)",
        weak=r"officer|collar",
    ),
    FieldWords(
        field="dose.officer_role",
        kinds=("category",),
        strong=r"(?:officer )?(?:role|rank|job title)|dose \d+ role|officer role.*",
    ),
    FieldWords(
        field="dose.product",
        kinds=("category", "text"),
        strong=r"(?:naloxone )?(?:product|brand|formulation|route)(?: .*)?|dose \d+ product|(?:nyxoid|prenoxad).*",
        never=r"kit|pack|device|serial|batch|lot|expir\w*",
    ),
    FieldWords(
        field="dose.kit",
        kinds=("key", "category", "number"),
        strong=rf"(?:(?:{ANTIDOTE}|prenoxad) )?(?:kit|pack|device)(?: (?:serial|{REFERENCE}))+|dose \d+ kit.*|"
        rf"(?:(?:{ANTIDOTE}|prenoxad) )?serial (?:no|number)",
    ),
    FieldWords(
        field="dose.given_at",
        kinds=("time", "date", "clock", "excel"),
        strong=rf"dose (?:\d+ )?(?:given|time|at|{WHEN}).*|(?:time|when) (?:of )?dose(?: \d+)?(?: given)?|"
        r"time (?:of )?(?:administration|naloxone)(?: given)?|time naloxone (?:was )?(?:given|administered)|"
        rf"medication (?:given )?(?:time|date time|at)|{WHEN} medication (?:given|administered)|"
        r"naloxone (?:given|administered)(?: (?:at|time))+|administration time",
    ),
    FieldWords(
        field="wait.minutes",
        kinds=("number",),
        strong=rf"{AMBULANCE}(?: \w+)* (?:response|wait|waiting|arrival) ?(?:time)?(?: .*)?min(?:ute)?s?(?: .*)?|"
        rf"(?:minutes|mins|time) (?:\w+ )*(?:until|to|for|before) {AMBULANCE}(?: .*)?|"
        rf"{AMBULANCE} (?:response|wait|waiting)(?: times?)?(?: .*)?|response time.*|ambulance minutes|wait minutes",
    ),
    FieldWords(
        field="wait.started_at",
        kinds=("time", "clock", "excel"),
        strong=rf"(?:time|datetime|date time|date and time)?(?: of)? ?(?:999 )?(?:call|ambulance called|"
        rf"ambulance requested|clock start)"
        rf"(?: {WHEN}| received| connect(?:ed)?| answered| made| at)*|{AMBULANCE} (?:called|requested|"
        rf"contacted)(?: .*)?|"
        r"t ?0|call connect.*|clock start.*|create time(?: .*)?|(?:created|creation) (?:date )?time|call (?:start|"
        r"pickup|connect)",
        weak=r"call|called|requested",
    ),
    FieldWords(
        field="wait.ended_at",
        kinds=("time", "clock", "excel"),
        strong=rf"{AMBULANCE} (?:arrived|arrival|on scene|at scene)(?: .*)?|(?:time|date time) (?:\w+ )?(?:at|"
        rf"on) scene|"
        rf"(?:first )?(?:resource |vehicle |crew )?(?:arrived|arrival|on|at) (?:at )?scene(?: .*)?|"
        rf"arrival (?:{WHEN}).*|"
        r"time (?:arrived|arrival|of arrival).*|what time (?:ambulance|paramedics?) arrived?|"
        r"clock stop.*|arrived(?: .*)?|scene arrival.*",
    ),
    FieldWords(
        field="wait.outcome",
        kinds=("category", "yes_no"),
        strong=rf"left (?:scene )?before (?:{AMBULANCE}).*|left (?:the )?scene.*|{AMBULANCE} (?:outcome|result|"
        rf"disposition)|"
        rf"{AMBULANCE} (?:declined|cancelled).*|stood down|disposition|call outcome|"
        r"how (?:it |wait |call )?ended|(?:attendance|wait) outcome",
    ),
)
