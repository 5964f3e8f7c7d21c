"""The page's files are complete and never stale; nothing is inline, nothing comes from other hosts."""

import re

from api.endpoints.page import FOLDER
from tests.api.fakes import Bench, start_service

PAGE = (FOLDER / "index.html").read_text()
MODULES = sorted((FOLDER / "js").rglob("*.js"))
TEXTS = [*MODULES, *sorted((FOLDER / "css").glob("*.css")), FOLDER / "index.html", FOLDER / "icon.svg"]
NAMESPACES = {"http://www.w3.org/2000/svg", "http://page"}
"""Names that look like addresses: nothing is requested from there."""


async def test_files_have_their_media_type_and_are_revalidated() -> None:
    async with start_service(Bench()) as service:
        answers = {path: await service.client.get(path) for path in re.findall(r'(?:src|href)="(/web/[^"]+)"', PAGE)}
        script = answers["/web/js/app.js"]
        again = await service.client.get("/web/js/app.js", headers={"If-None-Match": script.headers["etag"]})

    assert {answer.status_code for answer in answers.values()} == {200}
    assert {answer.headers["cache-control"] for answer in answers.values()} == {"no-cache"}
    assert script.headers["content-type"].startswith("text/javascript")
    assert answers["/web/fonts/figtree.woff2"].headers["content-type"] == "font/woff2"
    assert "unsafe" not in script.headers["content-security-policy"]
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")


def test_modules_import_what_is_there() -> None:
    imports = [(module, name) for module in MODULES for name in re.findall(r' from "([^"]+)"', module.read_text())]

    assert imports
    assert [f"{module} imports {name}" for module, name in imports if not (module.parent / name).exists()] == []


def test_nothing_is_inline_and_nothing_comes_from_other_hosts() -> None:
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", PAGE)
    for path in TEXTS:
        text = path.read_text()
        assert set(re.findall(r"https?://[\w./-]+", text)) <= NAMESPACES, path.name
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", text), path.name


def test_modules_stay_small() -> None:
    assert max(len(path.read_text().splitlines()) for path in MODULES) <= 400
    assert sorted(len(path.read_text().splitlines()) for path in MODULES)[len(MODULES) // 2] <= 120
