import socket

from deploy.local.ports import HOST, accepts, free_ports, is_free


def test_ports_are_different_and_free() -> None:
    ports = free_ports(20)

    assert len(set(ports)) == 20
    assert all(is_free(port) for port in ports)


def test_a_port_with_a_listener_is_not_free() -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]

        assert not is_free(port)
        assert accepts(f"{HOST}:{port}")
    assert is_free(port)
    assert not accepts(f"{HOST}:{port}")
