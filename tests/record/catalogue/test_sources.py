"""What is cited exists: sections of docs/clinical.md, keys of docs/references.md, pages, decisions.

The clinical numbers of the catalogues (figures.txt) stand in the section that their sources cite.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from clinic.models import Evidence
from tests.record.catalogue.test_figures import figures
from tests.support.catalogue import APPS, ROOT, nested, shipped

DOCS = ROOT / "docs"
CLINICAL = (DOCS / "clinical.md").read_text(encoding="utf-8")
HERE = str(Path(__file__).relative_to(ROOT))
READ = ("itself", "abstract", "secondary")
# Kinds of evidence, as the references call them.
OF_A_ROW = {
    Evidence.LABEL: "label",
    Evidence.TRIAL: "trial",
    Evidence.REVIEW: "review",
    Evidence.CONSENSUS: "consensus",
    Evidence.CLINIC_PAGE: "clinic page",
}
OF_NO_ROW = ("case report", "standard")
NOT_OURS = {"node_modules", "static_root", "var"}  # nor what begins with a dot
# "[Dogra 2014]", and neither a link nor "[ and their like".
KEY = re.compile(r"\[([A-Z0-9][^\[\]|]{2,60})\](?!\()")
PAGE = re.compile(r"(?<![\w/:.-])(?:[\w.-]+/)*[\w-]+\.md\b")
SECTION = re.compile(r"§(\d\.\d+)")
STANDARD = re.compile(r"\b(?:RFC \d+|3GPP TS [\d.]+)")
UNBRACKETED = re.compile(
    r"\b(?:[A-Z][\w-]+ (?:19|20)\d\d|K\d{6}|DEN\d{6}|NCT\d{8}|PMC\d{7}|RFC \d+|CTCAE v\d)\b"
)


def test_what_the_patterns_find() -> None:
    """Or the walks below would find nothing, and say so of everything."""
    assert cited("as [Dogra\n2014], [ and [text](page.md), [21 CFR 803]") == {
        "Dogra 2014",
        "21 CFR 803",
    }
    assert PAGE.findall("docs/lost.md, (gone.md) and https://example.org/far.md") == [
        "docs/lost.md",
        "gone.md",
    ]
    assert UNBRACKETED.findall("Chu 2021, K180778 and PMC6122507; 12 months") == [
        "Chu 2021",
        "K180778",
        "PMC6122507",
    ]
    assert STANDARD.findall("RFC 5321 §4.5.2 and 3GPP TS 23.038 §6") == [
        "RFC 5321",
        "3GPP TS 23.038",
    ]


def files(*endings: str) -> Iterator[tuple[str, str]]:
    """Every file of the project with one of these endings: its path and its text."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(one for one in set(folders) - NOT_OURS if one[0] != ".")
        for name in sorted(names):
            if name.endswith(endings):
                path = Path(folder, name)
                yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def sections() -> dict[str, str]:
    """The text of each section of docs/clinical.md, by its number."""
    parts = re.split(r"^## (\d\.\d+) .*$", CLINICAL, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def references() -> list[list[str]]:
    """The rows of docs/references.md: key, who and what, where and when, number, for us, evidence,
    read."""
    text = (DOCS / "references.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]
    return [row for row in rows if row[0] != "key"]


def keys() -> set[str]:
    return {key for key, *_ in references()}


def cited(text: str) -> set[str]:
    return set(KEY.findall(" ".join(text.split())))


def sources() -> Iterator[tuple[str, str]]:
    """Every source of a row that ships, with its place, and every text that gives evidence."""
    for path, row in shipped():
        for _, part in [("", row), *nested(row)]:
            for field in ("source", "studies"):
                if field in part:
                    yield f"{path} {part.get('code', part.get('kind', ''))} {field}", part[field]


def test_every_section_that_is_cited_exists() -> None:
    known = sections()
    wrong = [
        f"{path}: §{number}"
        for path, text in files(".py", ".yaml", ".md", ".txt", ".html")
        if path != HERE
        for line in text.splitlines()
        if not STANDARD.search(line)
        for number in SECTION.findall(line)
        if number not in known
    ]

    assert list(known) == [f"1.{number}" for number in range(1, 11)]
    assert wrong == []


def test_a_file_that_cites_a_section_says_of_what() -> None:
    nameless = [
        path
        for path, text in files(".py", ".yaml", ".md")
        if path not in (HERE, "tests/record/catalogue/test_figures.py")
        and any(SECTION.search(line) and not STANDARD.search(line) for line in text.splitlines())
        and not re.search(r"clinical\.md|clinical rules", text)
    ]

    assert nameless == []


def test_every_key_that_is_cited_is_in_the_references() -> None:
    known = keys()
    places = {
        **{
            page: (DOCS / page).read_text(encoding="utf-8")
            for page in ("clinical.md", "messages.md")
        },
        **dict(sources()),
    }
    unknown = [f"{place}: {key}" for place, text in places.items() for key in cited(text) - known]
    standards = [
        f"{path}: {name}"
        for path, text in files(".py", ".yaml", ".md", ".html")
        for name in STANDARD.findall(text)
        if name.rstrip(".") not in known
    ]

    assert unknown + standards == []


def test_every_reference_is_complete_and_cited_once_at_least() -> None:
    rows = references()
    elsewhere = " ".join(
        " ".join(text.split())
        for path, text in files(".py", ".yaml", ".md", ".html")
        if path not in (HERE, "docs/references.md")
    )
    incomplete = [row[0] for row in rows if len(row) != 7 or not all(row)]
    strange = [row[0] for row in rows if row[-2] not in (*OF_A_ROW.values(), *OF_NO_ROW)]
    strangely_read = [row[0] for row in rows if row[-1].split(",")[0] not in READ]

    assert len(rows) == len({row[0] for row in rows})
    assert incomplete + strange + strangely_read == []
    assert [row[0] for row in rows if row[0] not in elsewhere] == []


def test_every_source_that_ships_cites_its_section_and_a_source_or_says_that_it_is_a_default() -> (
    None
):
    texts = [(place, text) for place, text in sources() if place.endswith(" source")]
    wrong = [
        f"{place}: {text}"
        for place, text in texts
        if not re.search(r"\(clinical rules §1\.\d\)$", text)
        or not (cited(text) or re.search("default|to be checked", text, re.IGNORECASE))
    ]

    assert len(texts) > 150
    assert wrong == []


def test_every_sourced_row_says_its_evidence_and_cites_a_source_of_that_kind() -> None:
    """Or it is a default of this product, and its source says so."""
    kinds = {key: kind for key, *_, kind, _ in references()}
    rows = [
        (f"{path} {part.get('code', part.get('kind', part.get('zone', '')))}", part)
        for path, row in shipped()
        for _, part in [("", row), *nested(row)]
        if "source" in part
    ]
    wrong = [
        f"{place}: {part.get('evidence')} of {part['source']}"
        for place, part in rows
        if part.get("evidence") not in Evidence
        or (
            not re.search("default|to be checked", part["source"], re.IGNORECASE)
            if part["evidence"] == Evidence.DEFAULT
            else OF_A_ROW[part["evidence"]] not in {kinds[key] for key in cited(part["source"])}
        )
    ]

    assert {part["evidence"] for _, part in rows} == set(Evidence.values)
    assert wrong == []
    order = ("LABEL", "TRIAL", "REVIEW", "CONSENSUS", "CLINIC_PAGE", "DEFAULT")
    counted = Counter(part["evidence"] for _, part in rows)
    (told,) = re.findall(r"Of the \d+ rows\s+with a source .*?\.", CLINICAL, re.DOTALL)
    assert [*map(int, re.findall(r"\d+", told))] == [len(rows), *(counted[e] for e in order)]


def test_what_was_said_wrongly_of_a_study_stays_mended() -> None:
    """What each is known for wherever it is cited: a roller is no pen, a first session no last."""
    rows = {key: " ".join(rest) for key, *rest in references()}
    said = {
        "Ablon 2018": "after the first session",
        "Alam 2014": "roller",
        "Alqam 2022": "PMC9472661",
        "Dogra 2014": "roller",
        "Draaijers 2004": "POSAS 1.0",
        "Faghihi 2021": "all arms with minoxidil",
        "Goodman & Baron 2006b": "J Cosmet Dermatol 2006;5(1):48",
        "Lima 2017": "BMC Dermatol 2017;17:14",
        "Lotfi 2013": "roller",
        "Van de Kar 2005": "POSAS 2.0",
    }
    rollers = [line for line in sections()["1.1"].splitlines() if "roller" in line]

    assert {key: words for key, words in said.items() if words not in rows[key]} == {}
    assert {"Alam 2014", "Lotfi 2013"} <= cited(" ".join(rollers))
    assert re.search(r"with a roller on\s+types IV–V.*\[Dogra 2014\]", sections()["1.4"], re.DOTALL)


def test_no_source_is_named_outside_of_brackets() -> None:
    """Nobody would find out that it is not among the references."""
    named = [
        f"{place}: {text}"
        for place, text in sources()
        if UNBRACKETED.search(KEY.sub("", " ".join(text.split())))
    ]

    assert named == []


def test_every_number_stands_in_the_section_that_its_rule_cites() -> None:
    """In days and weeks as well as in the hours of the catalogue."""
    by_code = {row["code"]: row["source"] for path, row in shipped() if path.endswith("rules.yaml")}
    numbers = {
        section: {Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", text)}
        for section, text in sections().items()
    }
    missing = [
        f"§{section} {what}: {number}"
        for section, what, number, *_ in figures()
        if not {Decimal(number), Decimal(number) / 24, Decimal(number) / 168} & numbers[section]
    ]
    elsewhere = [
        f"{code} is of §{section}: {by_code[code]}"
        for section, _, _, place, code, _ in figures()
        if place == "rule" and code in by_code and f"§{section})" not in by_code[code]
    ]

    assert missing + elsewhere == []


def test_every_page_and_decision_that_is_named_exists() -> None:
    pages = {path for path, _ in files(".md")}
    names = {Path(page).name for page in pages}
    numbers = {name[:4] for name in os.listdir(DOCS / "decisions")}
    wrong = []
    for path, text in files(".py", ".yaml", ".md", ".html", ".toml", ".in", ".txt"):
        for page in PAGE.findall(text.replace("../", "")) if path != HERE else []:
            found = (
                page in names
                if "/" not in page
                else any(f"/{one}".endswith(f"/{page}") for one in pages)
            )
            if not found:
                wrong.append(f"{path}: {page}")
        wrong += [
            f"{path}: decision {number}"
            for number in re.findall(r"[Dd]ecision (\d{4})", text)
            if number not in numbers
        ]

    assert wrong == []


def test_every_link_and_path_in_a_page_leads_somewhere() -> None:
    """What a page of ours links to, and what it names in code type with a folder of ours."""
    wrong = []
    for page, text in files(".md"):
        links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", text)
        wrong += [
            f"{page}: {link}" for link in links if not (ROOT / page).parent.joinpath(link).exists()
        ]
        paths = re.findall(rf"`((?:{'|'.join(APPS)}|bench|docs|tests)/[\w./-]+)`", text)
        wrong += [f"{page}: {path}" for path in paths if not (ROOT / path).exists()]

    assert wrong == []
