"""One table of metrics: well named, and on a page that cannot drift."""

from deploy.prometheus.tables import PAGE, TABLES, metrics, page


def test_the_page_is_what_the_tables_say() -> None:
    assert PAGE.read_text() == page(), "run python -m deploy.prometheus"


def test_names_are_unique_and_say_kind_and_unit() -> None:
    names = [metric.name for metric in metrics()]

    assert len(set(names)) == len(names)
    for metric in metrics():
        assert metric.name.startswith("pinstream_"), metric
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric
        assert metric.kind != "histogram" or metric.unit == "s", metric
        assert metric.meaning, metric


def test_a_table_holds_one_process() -> None:
    for heading, table in TABLES.items():
        assert len({metric.name.split("_")[1] for metric in table}) == 1, heading
