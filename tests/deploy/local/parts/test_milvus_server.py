import re
from pathlib import Path

import yaml

from deploy.local.parts.milvus_server import MilvusServer, render

DEFAULT_PORTS = {2379, 2380, 9091, 19529, 19530, 19531, 21121, 21123, 21124, 22930, 13333, 53100}


def test_placeholders_take_a_value_or_their_default() -> None:
    template = "a: {{ one(int): 1 }}\nb: {{ two }}\nc: {{three: x.pem}} # why\n"

    assert render(template, {"two": "2"}) == "a: 1\nb: 2\nc: x.pem # why\n"


def test_no_default_port_is_left(tmp_path: Path) -> None:
    launch = MilvusServer(tmp_path).prepare(lambda _doing, _share: None)

    settings = yaml.safe_load((tmp_path / "configs" / "milvus.yaml").read_text())
    etcd = (tmp_path / "configs" / "etcd.yaml").read_text()
    coordinators = ("rootCoord", "proxy", "queryCoord", "queryNode", "indexNode", "dataCoord", "dataNode")
    ports = {int(settings[name]["port"]) for name in coordinators} | {int(settings["proxy"]["internalPort"])}
    ports |= {int(port) for port in re.findall(r"127\.0\.0\.1:(\d+)", etcd)} | {int(launch.env["METRICS_PORT"])}
    assert len(ports) == 11
    assert not ports & DEFAULT_PORTS
    assert settings["etcd"]["endpoints"].rpartition(":")[2] in etcd


def test_everything_is_kept_below_its_folder(tmp_path: Path) -> None:
    MilvusServer(tmp_path).prepare(lambda _doing, _share: None)

    settings = yaml.safe_load((tmp_path / "configs" / "milvus.yaml").read_text())
    places = (settings["etcd"]["data"]["dir"], settings["localStorage"]["path"], settings["rocksmq"]["path"])
    assert all(Path(place).is_relative_to(tmp_path) for place in places)
