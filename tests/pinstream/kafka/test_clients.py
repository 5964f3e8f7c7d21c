"""Every client is opened with the settings that all share, and a wrong one is named."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from pinstream.kafka.clients import open_admin, open_consumer, open_producer, open_reader
from pinstream.kafka.errors import KafkaSettingInvalid

ROOT = Path(__file__).parents[3]
ROOMS = ("pinstream", "schemas", "fetch", "inference", "index", "settings", "streams", "api", "samples", "deploy")
WRONG = {"bootstrap.servers": "127.0.0.1:1", "acks.of.kindness": "all"}


@pytest.mark.parametrize(
    "open_client",
    [
        open_admin,
        open_producer,
        lambda settings: open_consumer(settings, group="g"),
        lambda settings: open_reader(settings, name="r"),
    ],
)
def test_a_wrong_setting_is_named(open_client: Callable[[dict[str, str]], object]) -> None:
    with pytest.raises(KafkaSettingInvalid, match=r"acks\.of\.kindness"):
        open_client(WRONG)


def test_of_one_setting_the_user_outranks_what_is_preferred_and_what_is_fixed_outranks_the_user() -> None:
    def fails(preferred: str, given: str, fixed: str) -> bool:
        layers = [{"auto.offset.reset": value} if value else {} for value in (preferred, given, fixed)]
        try:
            open_consumer(
                {"bootstrap.servers": "127.0.0.1:1", **layers[1]}, group="g", preferred=layers[0], fixed=layers[2]
            ).close()
        except KafkaSettingInvalid:
            return True
        return False

    assert fails("wrong", "", "")
    assert not fails("wrong", "latest", "")
    assert not fails("", "wrong", "latest")
    assert fails("latest", "latest", "wrong")


def test_no_other_module_opens_a_client() -> None:
    opens = re.compile(r"(?<![\w.])(Consumer|Producer|AdminClient)\(")
    modules = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]

    found = [str(path.relative_to(ROOT)) for path in modules if opens.search(path.read_text())]

    assert found == ["pinstream/kafka/clients.py"]
