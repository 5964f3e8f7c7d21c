"""The picture server as a part of the stack."""

import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from deploy.local.cache import Progress
from deploy.local.errors import BadOption, NotReady
from deploy.local.parts.part import Part
from deploy.local.ports import HOST, free_ports
from deploy.local.process import CHECKOUT, Launch

IDENTITY: Final = "X-Served-Folder"
"""Response header with the folder's absolute path: how the check recognises this server on its port."""


class PicturePart(Part):
    """The files of ``folder`` over HTTP, at a random free port of loopback unless one is given."""

    name = "pictures"
    ready_timeout_s = 20.0
    stop_grace_s = 3.0

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        if not folder.is_dir():
            raise BadOption(f"--pictures {folder}: not a folder")
        self._folder = folder.absolute()
        self._port = port or free_ports(1)[0]

    @property
    def addresses(self) -> Mapping[str, str]:
        """The URL that the files are directly below."""
        return {"pictures": f"http://{HOST}:{self._port}"}

    def prepare(self, progress: Progress) -> Launch:
        progress("starting", None)
        argv = (sys.executable, "-m", "deploy.local.parts.picture_server", str(self._folder), str(self._port))
        return Launch(argv=argv, env={}, cwd=CHECKOUT)

    def check(self) -> None:
        """Fetch the folder itself: the response, a 403, names it in a header."""
        url = self.addresses["pictures"] + "/"
        try:
            with urllib.request.urlopen(url, timeout=2.0) as answer:  # noqa: S310 (our own http URL)
                served = answer.headers.get(IDENTITY)
        except urllib.error.HTTPError as exc:
            served = exc.headers.get(IDENTITY)
            exc.close()
        except OSError as exc:
            raise NotReady(f"pictures at {url}: {exc}") from exc
        if served != str(self._folder):
            raise NotReady(f"{url} serves {served}, not {self._folder}")
