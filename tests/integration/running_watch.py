"""A real watch process on the test stack, and what it answers."""

import json
import uuid
from pathlib import Path
from typing import Any

from tests.integration.running_worker import RunningWorker, Site


class RunningWatch(RunningWorker):
    """``python -m streams watch`` as a child, with a folder of its own; killed at the end of the block."""

    command = "watch"

    def __init__(self, site: Site, folder: Path, **settings: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        super().__init__(site, folder, table__folder=str(folder / "made" / "by" / "it"), **settings)

    def start(self, *arguments: str) -> None:
        """Start it, with a log of its own: the port of the last run is no more."""
        self.log = self.log.with_name(f"watch-{uuid.uuid4().hex[:6]}.log")
        super().start(*arguments)

    def asked(self, path: str) -> bool:
        """Whether it answers, now: not before it listens, nor once it has ended."""
        try:
            answer = self.ask(path)
        except (OSError, AssertionError):
            return False
        return answer is not None and answer[0] == 200

    def get(self, path: str) -> dict[str, Any]:
        """What an endpoint answers."""
        answer = self.ask(path)
        assert answer is not None, path
        return dict(json.loads(answer[1]))

    def ready(self) -> bool:
        """Whether it reads, and has read what there was."""
        answer = self.ask("/readyz")
        return answer is not None and answer[0] == 200

    def standing(self, pin_id: str) -> str:
        """How a pin stands."""
        return str(self.get(f"/pins/{pin_id}")["standing"])

    def overdue(self) -> list[str]:
        """The pins that are overdue, sorted."""
        return sorted(each["pin_id"] for each in self.get("/overdue")["overdue"])
