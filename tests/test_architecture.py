"""The rules of the layout that a linter cannot hold: what stands where, how long a page is, which words are shown."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("analytics", "data", "geo", "pages", "wording")
PAGES = [ROOT / "dashboard.py", *sorted((ROOT / "pages").glob("*.py"))]
SOURCES = [ROOT / "dashboard.py", *(path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py")))]
LONGEST_PAGE = 60

# Words that DOMAIN rules out on screen, in any text: they judge people, or claim what the records cannot show.
RULED_OUT = (
    "lives saved",
    "saved lives",
    "addict",
    "junkie",
    "drug abuse",
    "drug user",
    "drug misuser",
    "false alarm",
    "known to police",
    "refused",
    "frequent flyer",
    "repeat offender",
)
SHOWN = re.compile(
    r"^(title|header|subheader|markdown|caption|write|text|info|warning|error|success|metric|button|download_button|"
    r"selectbox|multiselect|radio|checkbox|toggle|slider|number_input|text_input|date_input|file_uploader|tabs|expander|"
    r"link_button|page_link|spinner|progress|html|open_page|nothing_to_show)$"
)


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def name_of(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def literal(value: ast.expr) -> str:
    """The constant text of a literal; what an f-string puts in stands as a digit, so that tags stay whole."""
    if isinstance(value, ast.JoinedStr):
        return "".join(literal(part) for part in value.values)
    if isinstance(value, ast.BinOp):
        return literal(value.left) + literal(value.right)
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, str) else ""
    return "0"


def calls(path: Path) -> list[ast.Call]:
    return [node for node in ast.walk(parse(path)) if isinstance(node, ast.Call)]


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


@pytest.mark.parametrize("screen", PAGES, ids=relative)
def test_a_page_is_short_and_opens_first(screen: Path) -> None:
    lines = screen.read_text(encoding="utf-8").splitlines()
    assert len(lines) <= LONGEST_PAGE
    statements = [
        node
        for node in parse(screen).body
        if not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef)
        and not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
    ]
    first = statements[0]
    assert isinstance(first, ast.Assign)
    assert isinstance(first.value, ast.Call)
    assert name_of(first.value) == "open_page"


@pytest.mark.parametrize("screen", PAGES, ids=relative)
def test_a_page_imports_findings_and_components_only(screen: Path) -> None:
    allowed = ("analytics.findings", "pages.components", "streamlit", "wording")
    assert [name for name in imported(screen) if not name.startswith(allowed)] == []


def test_pages_folder_holds_pages_only() -> None:
    assert [path.name for path in (ROOT / "pages").glob("*.py") if path.name.startswith("_")] == []


@pytest.mark.parametrize(
    ("attribute", "homes"),
    [
        # The view lives in the sidebar's state and in the URL. The steps of an import hold what was read from an
        # uploaded file, must never be in a URL, and end with the file: so they are kept apart, behind a few functions.
        ("session_state", {"pages/components/sidebar.py", "pages/components/import_steps.py"}),
        ("cache_data", {"pages/components/context.py"}),
        ("cache_resource", {"pages/components/context.py"}),
    ],
)
def test_state_and_caches_have_their_homes(attribute: str, homes: set[str]) -> None:
    users = {
        relative(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and node.attr == attribute
    }
    assert users <= homes


def test_disclosed_types_are_made_in_disclosure_only() -> None:
    makers = {
        (relative(path), name_of(call))
        for path in SOURCES
        for call in calls(path)
        if name_of(call).startswith("Disclosed") and relative(path) != "analytics/disclosure.py"
    }
    assert makers == set()


def test_only_the_store_speaks_sql() -> None:
    sql = re.compile(r"\b(SELECT\s.+\sFROM|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b", re.DOTALL)
    speakers = {
        relative(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and sql.search(node.value)
    }
    # The journal is SQLite's, not DuckDB's: it keeps its own few statements.
    assert {path for path in speakers if not path.startswith("data/store/")} <= {"data/journal.py"}


def test_only_pseudonymise_and_the_key_store_read_the_pseudonym_key() -> None:
    readers = {
        relative(path)
        for path in SOURCES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Attribute) and node.attr == "pseudonym_key"
    }
    assert readers <= {"data/pseudonymise.py", "data/keys.py"}


@pytest.mark.parametrize("path", [*PAGES, *sorted((ROOT / "pages" / "components").glob("*.py"))], ids=relative)
def test_every_literal_shown_goes_through_gettext(path: Path) -> None:
    bare = []
    for call in calls(path):
        if not SHOWN.match(name_of(call)):
            continue
        shown = [*call.args[:1], *(word.value for word in call.keywords if word.arg in ("label", "help", "title"))]
        for value in shown:
            text = literal(value)
            plain = re.sub(r"<style.*?</style>|<[^>]*>|&\w+;|[*#_`\s]", "", text, flags=re.DOTALL)
            if re.search(r"[A-Za-z]{2,}", plain) and not text.endswith(".py"):
                bare.append((value.lineno, text))
    assert bare == []


def test_no_sentence_uses_words_that_are_ruled_out() -> None:
    found = []
    for path in SOURCES:
        for call in calls(path):
            if name_of(call) not in ("_", "ngettext"):
                continue
            for argument in call.args:
                text = (
                    argument.value.lower()
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
                    else ""
                )
                found += [(relative(path), word) for word in RULED_OUT if word in text]
    assert found == []


def test_sentences_are_whole_literals() -> None:
    """gettext finds literals only: an f-string or a variable inside _() would never be translated."""
    wrong = [
        (relative(path), call.lineno)
        for path in SOURCES
        for call in calls(path)
        if isinstance(call.func, ast.Name)
        and call.func.id == "_"
        and not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant))
    ]
    assert wrong == []


def test_the_program_names_no_host() -> None:
    host = re.compile(r"https?://(?!127\.0\.0\.1|localhost|www\.w3\.org)[\w.-]+")
    texts = {relative(path): host.findall(path.read_text(encoding="utf-8")) for path in SOURCES}
    assert {path: hosts for path, hosts in texts.items() if hosts} == {}


def test_git_tracks_no_data_and_ignores_no_source() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    endings = (".duckdb", ".parquet", ".xlsx", ".ipynb", ".gpkg", ".shp", ".whl", ".sqlite", ".key")
    assert [name for name in tracked if name.endswith(endings)] == []
    assert "data/schema.py" in tracked


def test_the_contract_for_methods_names_every_method() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = next(set(item["source_modules"]) for item in contracts if "Methods know" in item["name"])
    methods = {f"analytics.{path.stem}" for path in (ROOT / "analytics").glob("*.py") if not path.stem.startswith("__")}
    assert named == methods
