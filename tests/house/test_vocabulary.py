"""The house speaks one language: every glossary term is used, no retired word is, no public class name stands twice."""

import ast
import re
from collections import defaultdict

from tests.house.test_rooms import ROOMS, ROOT, tracked

GLOSSARY = ROOT / "docs" / "glossary.md"
TRITONS_OWN = {"TritonPythonModel"}  # Triton looks for this name in each model's folder

# Private words of earlier versions, and what is said instead. Each is a regular expression for whole words.
RETIRED = {
    r"sing|sings|singing|sung": "run a check",
    r"bury|buries|buried": "write_dead_letter, publish_tombstone",
    r"hear|hears|heard|hearing": "scan, receive, be notified",
    r"tell|tells|told|telling": "report, notify, publish, return",
    r"judge|judges|judged|judging": "compare, evaluate",
    r"mend|mends|mended|mending": "repair",
    r"patient|patience": "retry",
    r"settle|settles|settled|settling|settlement": "finished, accounted for, acknowledged",
    r"owe|owes|owed": "waiting, overdue",
    r"whereabouts": "pin status",
    r"vigil": "model check",
    r"letters?|letter_?box|letter_?office": "dead letter",
    r"nobody's": "of our own",
    r"last_?word": "compacted replay",
}
# Where such a word is part of a published contract or means what the dictionary says.
ALLOWED = re.compile(
    r"pinstream-letters-(?:handled|offsets)|dead[ _-]?letters?|letterbox(?:ed|ing)?|[\'\"]settled[\'\"]|\.tell\(\)",
    re.IGNORECASE,
)
PATTERNS = ("*.py", "*.md", "*.yaml", "*.html", "*.js", "*.mjs", "*.j2", "*.tpl")
EXEMPT = {"CHANGELOG.md", "tests/house/test_vocabulary.py"}


def public_classes() -> dict[str, list[str]]:
    found = defaultdict(list)
    for module in tracked("*.py"):
        name = str(module.relative_to(ROOT))
        if not name.startswith("tests/"):
            for node in ast.walk(ast.parse(module.read_text())):
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].append(name)
    return found


def test_no_public_class_name_stands_in_two_files() -> None:
    twice = {name: files for name, files in public_classes().items() if len(files) > 1}

    assert twice.keys() <= TRITONS_OWN, twice


def test_every_term_of_the_glossary_is_found_in_the_code() -> None:
    names = re.findall(r"\| (?:`\w+`, )*`(\w+)` \|$", GLOSSARY.read_text(), re.MULTILINE)
    source = "\n".join(
        module.read_text() for module in tracked("*.py") if module.relative_to(ROOT).parts[0] in (*ROOMS, "pinstream")
    )

    assert len(names) > 40
    assert [name for name in names if not re.search(rf"\b{name}\b", source)] == []


def test_no_glossary_term_stands_twice() -> None:
    terms = re.findall(r"^\| ([^|]+?) \|", GLOSSARY.read_text(), re.MULTILINE)
    listed = [term for term in terms if term not in ("term", "---")]

    assert sorted(set(listed)) == sorted(listed)


def test_no_retired_word_is_left() -> None:
    retired = {re.compile(rf"(?<![a-z])(?:{words})(?![a-z])", re.IGNORECASE): said for words, said in RETIRED.items()}
    left = []
    for pattern in PATTERNS:
        for file in tracked(pattern):
            name = str(file.relative_to(ROOT))
            if name in EXEMPT:
                continue
            for number, line in enumerate(file.read_text().splitlines(), start=1):
                plain = ALLOWED.sub("", line)
                left += [
                    f"{name}:{number} {found[0]!r}: say {said}"
                    for word, said in retired.items()
                    if (found := word.search(plain)) is not None
                ]

    assert not left, "\n".join(left)
