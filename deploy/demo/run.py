"""The demo from beginning to end: start, publish, wait for outcomes, search, report, and stay up."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.text import Text

from deploy.demo.boot import DemoStack, start_stack
from deploy.demo.options import DEFAULT_PINS, Options
from deploy.demo.outcome_feed import OutcomeFeed
from deploy.demo.publishing import publish_steadily
from deploy.demo.result.charts import Dot
from deploy.demo.result.examples import ExamplePin, find_examples, not_in_index
from deploy.demo.result.page import RunResult, render
from deploy.demo.result.tally import RunTally, RunVerdict
from deploy.demo.run_folder import run_folder
from deploy.demo.screen import report
from deploy.demo.screen.screen import Screen
from deploy.demo.sources import PictureFolder, PinSource, SamplePins, what_is_wrong
from pinstream.events import PinOutcome
from pinstream.publish import Publisher
from pinstream.search.index import VisualIndex

_EXAMPLES: Final = 8
_OUTCOME_TIMEOUT_S: Final = 60.0
"""How long to wait without a new outcome before giving up the pins that have none."""
_PROBE_TIMEOUT_S: Final = 12.0
"""The same once every pin has an outcome, and some lack only their freshness."""
_IDLE_RATE: Final = 0.5
_WARM_UP_PIN: Final = "demo-warm-up"


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
    screen = Screen(console, planned=planned, started_at_s=started_at_s)
    console.print(_describe_run(planned, options, source), style="dim", soft_wrap=True)
    with run_folder(options.out, keep=options.keep) as root, ExitStack() as ends:
        with screen.live():
            starting = start_stack(root, source, count=planned, milvus=options.milvus, screen=screen)
            stack = ends.enter_context(starting)
            demo = ends.enter_context(closing(Demo(options, source, stack, console=console, screen=screen)))
            ends.callback(console.print, "ending the servers", style="dim")
            demo.publish(planned)
        good = demo.report()
        console.print(report.next_steps(), soft_wrap=True)
        if not options.exit:
            demo.stay(planned)
    return 0 if good else 1


class Demo:
    """One run on a stack that is up: its publisher, its feed of outcomes, its index, its tally."""

    def __init__(
        self, options: Options, source: PinSource, stack: DemoStack, *, console: Console, screen: Screen
    ) -> None:
        self._options = options
        self._source = source
        self._stack = stack
        self._console = console
        self._screen = screen
        self._tally = RunTally()
        self._example = "PIN"
        self._index = VisualIndex(stack.endpoints.milvus, consistency="Strong")
        self._publisher = Publisher(stack.endpoints.kafka, source="pinstream-demo")
        self._feed = OutcomeFeed(stack.endpoints.kafka, self._record)
        self._feed.start()

    def close(self) -> None:
        """Disconnect from Kafka and Milvus."""
        self._publisher.close(timeout_s=2.0)
        self._feed.close()
        self._index.close()

    def publish(self, planned: int) -> None:
        """Publish the run's pins, and wait until each has its outcome or no more outcomes arrive."""
        # A publisher connects at its first event. This one warms it up, so that the first pin is not late for that.
        self._publisher.delete(_WARM_UP_PIN).result()
        self._publish(range(planned), rate=self._options.rate)
        self._await_outcomes()

    def report(self) -> bool:
        """Search, write page and figures, and print them; whether every pin was accounted for."""
        figures, verdict = self._tally.figures(), self._verdict()
        if self._options.json is not None:
            self._options.json.write_text(figures.as_json())
        examples = find_examples(self._index, self._tally.pins, self._tally.found, limit=_EXAMPLES)
        console = self._console
        console.print()
        if examples:
            self._example = examples[0].pin_id
            console.print(report.example(examples[0]))
            console.print()
        if figures.freshness_ms:
            report.print_lines(console, [report.freshness(figures), Text()])
        report.print_lines(console, report.closing(figures, verdict, first_pin_s=self._screen.first_pin_s))
        for name, file in self._write_files(examples, verdict):
            report.print_lines(console, [report.path_of(name, file)])
        return verdict.is_good

    def stay(self, published: int) -> None:
        """Publish on, slowly, and show it until Ctrl-C, which is how it should end."""
        with self._screen.live(), suppress(KeyboardInterrupt):
            self._screen.stay(_hint(self._example, self._stack))
            self._publish(count(published), rate=min(_IDLE_RATE, self._options.rate))

    def _publish(self, numbers: Iterable[int], *, rate: float) -> None:
        def before_each() -> None:
            self._stack.check()
            self._screen.add_published()

        pins = (self._source.pin(number, base_url=self._stack.endpoints.pictures) for number in numbers)
        publish_steadily(self._publisher, pins, rate=rate, tally=self._tally, before_each=before_each)

    def _await_outcomes(self) -> None:
        """Block until every pin has its outcome; give up once none has arrived for some time."""
        last_change_s, seen = time.monotonic(), self._tally.outcomes
        while not self._tally.await_all(timeout_s=0.5):
            self._stack.check()
            if (latest := self._tally.outcomes) != seen:
                last_change_s, seen = time.monotonic(), latest
            timeout_s = _OUTCOME_TIMEOUT_S if self._tally.without_outcome() else _PROBE_TIMEOUT_S
            if time.monotonic() - last_change_s > timeout_s:
                return

    def _record(self, outcome: PinOutcome) -> None:
        pin = self._tally.record(outcome)
        if pin is not None:
            self._screen.record(outcome, pin.title)

    def _verdict(self) -> RunVerdict:
        dead = (pin_id for pin_id, outcome in self._tally.outcomes.items() if outcome.outcome == "dead")
        pins = self._tally.pins
        broken = {pin_id: reason for pin_id in dead if (reason := what_is_wrong(pins[pin_id].file))}
        return self._tally.verdict(broken=broken, missing=not_in_index(self._index, self._tally.without_freshness()))

    def _write_files(self, examples: tuple[ExamplePin, ...], verdict: RunVerdict) -> Iterator[tuple[str, Path]]:
        """The files made for a person, each with what it is."""
        result = RunResult(
            examples=examples,
            figures=self._tally.figures(),
            dots=dots_of(self._tally),
            refused=verdict.refused,
            made_at=datetime.now().astimezone(),
            subtitle=_describe_run(len(self._tally.pins), self._options, self._source),
        )
        html = self._options.out / "index.html"
        html.write_text(render(result), encoding="utf-8")
        yield "page", html
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


def _describe_run(planned: int, options: Options, source: PinSource) -> str:
    milvus = {"lite": "Milvus Lite", "server": "the standalone Milvus"}.get(options.milvus, "Milvus")
    cores = len(os.sched_getaffinity(0))
    return (
        f"{source.describe(planned)} at {options.rate:g} a second through Kafka, Triton and {milvus} "
        f"on {cores} {'core' if cores == 1 else 'cores'}"
    )


def _hint(pin_id: str, stack: DemoStack) -> str:
    page = stack.endpoints.api
    return (
        f"  Open {page} and watch pins arrive, or {page}/pins/{pin_id} for what is like one.\n"
        "  Still publishing, slowly. In another terminal:\n"
        f"    .venv/bin/pinstream related {pin_id} --milvus {stack.endpoints.milvus}\n"
        f"    .venv/bin/pinstream where {pin_id} --kafka {stack.endpoints.kafka} --milvus {stack.endpoints.milvus}\n"
        f"    .venv/bin/pinstream watch --kafka {stack.endpoints.kafka}\n"
        "  Ctrl-C ends everything."
    )
