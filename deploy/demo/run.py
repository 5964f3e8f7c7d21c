"""The demo from beginning to end: boot, publish, watch, search, tell, and stay up."""

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, suppress
from datetime import datetime
from itertools import count as numbers
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from deploy.demo.boot import DemoStack, booted, run_folder
from deploy.demo.options import DEFAULT_PINS, Options
from deploy.demo.outcome_feed import OutcomeFeed
from deploy.demo.publishing import publish_steadily
from deploy.demo.result.chart import Dot
from deploy.demo.result.exhibit import Exhibit, most_interesting
from deploy.demo.result.neighbours import candidates, exhibit_of, unfindable
from deploy.demo.result.page import Story, page
from deploy.demo.result.sheet import save_sheet
from deploy.demo.result.tally import RunTally, RunVerdict
from deploy.demo.screen import report
from deploy.demo.screen.demo_state import DemoState
from deploy.demo.screen.screen import screen_for
from deploy.demo.screen.wording import count
from deploy.demo.sources import PictureFolder, PinSource, SamplePins, what_is_wrong
from pinstream.events import PinOutcome
from pinstream.publish import Publisher
from pinstream.search.index import VisualIndex

_EXHIBITS: Final = 8
_PATIENCE_S: Final = 60.0
"""How long nothing may happen to any pin before the open ones are given up."""
_PROBE_PATIENCE_S: Final = 12.0
"""The same where all that is missing is a probe's sight of pins that were written."""
_STAYING_RATE: Final = 0.5
_NOBODYS_PIN: Final = "demo-warm-up"


def source_of(options: Options) -> PinSource:
    """Where this run's pins come from; raises NoPictures."""
    if options.images is None:
        return SamplePins(seed=options.seed)
    return PictureFolder(options.images, seed=options.seed)


def run(options: Options, source: PinSource, *, console: Console, started_at_s: float) -> int:
    """The exit status: 0 if every pin was accounted for, else 1.

    Raises StackError (with what to do), PinstreamError, and KeyboardInterrupt where it was ended early.
    """
    planned = options.pins or min(source.available, DEFAULT_PINS)
    board = DemoState(started_at_s)
    board.plan(planned)
    console.print(_announcement(planned, options, source), style="dim", soft_wrap=True)
    with run_folder(options.out, keep=options.keep) as root, ExitStack() as ends:
        with screen_for(console, board):
            booting = booted(root, source, count=planned, milvus=options.milvus, board=board)
            site = ends.enter_context(booting)
            demo = ends.enter_context(closing(Demo(options, source, site, console=console, board=board)))
            ends.callback(console.print, "ending the servers", style="dim")
            demo.publish(planned)
        good = demo.tell()
        if not options.exit:
            demo.stay(planned)
    return 0 if good else 1


class Demo:
    """One run on a site that is up: its publisher, its feed, its index, its books."""

    def __init__(
        self, options: Options, source: PinSource, site: DemoStack, *, console: Console, board: DemoState
    ) -> None:
        self._options = options
        self._source = source
        self._site = site
        self._console = console
        self._board = board
        self._tally = RunTally()
        self._shown = "PIN"
        self._index = VisualIndex(site.endpoints.milvus, consistency="Strong")
        self._publisher = Publisher(site.endpoints.kafka, source="pinstream-demo")
        self._feed = OutcomeFeed(site.endpoints.kafka, self._take)
        self._feed.start()

    def close(self) -> None:
        """Let go of Kafka and Milvus."""
        self._publisher.close(timeout_s=2.0)
        self._feed.close()
        self._index.close()

    def publish(self, planned: int) -> None:
        """Publish the run's pins, and wait until each is settled or nothing happens any more."""
        # A publisher connects at its first event, and the first pin should not pay for that: nobody has this one.
        self._publisher.delete(_NOBODYS_PIN).result()
        self._board.enter("publishing")
        self._publish(range(planned), rate=self._options.rate)
        self._board.enter("settling")
        self._settle()

    def tell(self) -> bool:
        """Search, write page, sheet and figures, and print them; whether every pin was accounted for."""
        figures, verdict = self._tally.figures(), self._judge()
        if self._options.json is not None:
            self._options.json.write_text(figures.as_json())
        exhibits = self._exhibits()
        files = list(self._written(exhibits, verdict))
        console = self._console
        console.print()
        if exhibits:
            self._shown = exhibits[0].pin_id
            in_colour = console.is_terminal and console.color_system == "truecolor"
            console.print(report.likeness(exhibits[0], in_colour=in_colour, width=console.width))
            console.print()
        if figures.freshness_ms:
            report.print_lines(console, [report.freshness(figures), Text()])
        first_pin_s = self._board.view().first_pin_s
        report.print_lines(console, report.closing(figures, verdict, first_pin_s=first_pin_s))
        for name, file in files:
            report.print_lines(console, [report.path_of(name, file)])
        return verdict.is_good

    def stay(self, published: int) -> None:
        """Publish on, slowly, and show it until Ctrl-C, which is how it should end."""
        with screen_for(self._console, self._board), suppress(KeyboardInterrupt):
            self._board.enter("staying", hint=_hint(self._shown, self._site))
            self._publish(numbers(published), rate=min(_STAYING_RATE, self._options.rate))

    def _publish(self, which: Iterable[int], *, rate: float) -> None:
        pins = (self._source.pin(number, base_url=self._site.endpoints.pictures) for number in which)
        publish_steadily(self._publisher, pins, rate=rate, tally=self._tally, board=self._board, check=self._site.check)

    def _settle(self) -> None:
        """Wait until every pin is settled; give up once nothing has happened for a while."""
        last_news, told = time.monotonic(), -1
        while not self._tally.await_all(timeout_s=0.5):
            self._site.check()
            if told != self._tally.news:
                last_news, told = time.monotonic(), self._tally.news
            patience_s = _PATIENCE_S if self._tally.silent() else _PROBE_PATIENCE_S
            if time.monotonic() - last_news > patience_s:
                return

    def _take(self, outcome: PinOutcome) -> None:
        pin = self._tally.take(outcome)
        if pin is not None:
            self._board.settled(outcome, pin.title)

    def _judge(self) -> RunVerdict:
        dead = (pin_id for pin_id, outcome in self._tally.outcomes.items() if outcome.outcome == "dead")
        pins = self._tally.pins
        blame = {pin_id: reason for pin_id in dead if (reason := what_is_wrong(pins[pin_id].file))}
        return self._tally.verdict(blame=blame, unfindable=unfindable(self._index, self._tally.unseen()))

    def _exhibits(self) -> tuple[Exhibit, ...]:
        outcomes, pins = self._tally.outcomes, self._tally.pins
        shown = [
            exhibit_of(self._index, pins[pin_id], pins, outcomes[pin_id])
            for pin_id in candidates(outcomes, self._tally.found())
        ]
        return most_interesting(shown, limit=_EXHIBITS)

    def _written(self, exhibits: Sequence[Exhibit], verdict: RunVerdict) -> Iterator[tuple[str, Path]]:
        """The files made for a person, each with what it is."""
        story = Story(
            exhibits=exhibits,
            figures=self._tally.figures(),
            dots=dots_of(self._tally),
            refused=verdict.refused,
            made_at=datetime.now().astimezone(),
            subtitle=_announcement(len(self._tally.pins), self._options, self._source),
        )
        html = self._options.out / "index.html"
        html.write_text(page(story), encoding="utf-8")
        yield "page", html
        if exhibits:
            sheet = self._options.out / "sheet.png"
            save_sheet(exhibits[0], sheet)
            yield "contact sheet", sheet
        if self._options.json is not None:
            yield "figures", self._options.json


def dots_of(tally: RunTally) -> list[Dot]:
    """Every pin whose freshness is known."""
    pins = tally.pins
    return [
        Dot(outcome.published_at_ms, outcome.freshness_ms, pins[pin_id].title)
        for pin_id, outcome in tally.outcomes.items()
        if outcome.freshness_ms is not None
    ]


def _announcement(planned: int, options: Options, source: PinSource) -> str:
    milvus = {"lite": "Milvus Lite", "server": "the standalone Milvus"}.get(options.milvus, "Milvus")
    cores = count(len(os.sched_getaffinity(0)), "core")
    return f"{source.described(planned)} at {options.rate:g} a second through Kafka, Triton and {milvus} on {cores}"


def _hint(pin_id: str, site: DemoStack) -> str:
    return (
        f"  Open {site.page} and watch pins arrive, or {site.page}/pins/{pin_id} for what is like one.\n"
        "  Still publishing, slowly. In another terminal:\n"
        f"    .venv/bin/pinstream related {pin_id} --milvus {site.endpoints.milvus}\n"
        f"    .venv/bin/pinstream watch --kafka {site.endpoints.kafka}\n"
        "  Ctrl-C ends everything."
    )
