"""``pinstream delete``: publishes tombstones."""

from typing import Annotated

import typer

from pinstream.cli.kafka_options import ConfigOption, KafkaOption, PrefixOption, kafka_connection, require_kafka
from pinstream.cli.screen import print_error
from pinstream.errors import EventInvalid, NotDelivered
from pinstream.events import valid_pin_id


def delete(
    pins: Annotated[list[str], typer.Argument(metavar="PIN...", help="Pin ids.")],
    *,
    version: Annotated[
        int | None, typer.Option(min=1, help="Delete every version up to this one; default: the clock in ms.")
    ] = None,
    kafka: KafkaOption = None,
    config: ConfigOption = None,
    topic_prefix: PrefixOption = "",
) -> None:
    """Delete pins: they leave the index, and no older event brings them back.

    Exit status 0: all deletions were delivered. 1: some were not. 2: wrong usage.
    """
    try:
        for pin in pins:
            valid_pin_id(pin)
    except EventInvalid as exc:
        raise typer.BadParameter(exc.reason) from exc
    connection = kafka_connection(kafka, config, topic_prefix)
    undelivered = list(pins)
    with require_kafka(connection), connection.publisher("live") as publisher:
        try:
            deliveries = [publisher.delete(pin, version) for pin in pins]
            for delivery in deliveries:
                delivery.result()
                undelivered.remove(delivery.pin_id)
        except (NotDelivered, EventInvalid) as exc:
            print_error(str(exc))
            publisher.flush()
    typer.echo(f"{len(pins) - len(undelivered)} of {len(pins)} deletions delivered ({connection.address})")
    raise typer.Exit(1 if undelivered else 0)
