"""``python -m deploy.prometheus`` writes ``docs/metrics.md`` from the metrics' tables."""

from deploy.prometheus.tables import PAGE, page

if __name__ == "__main__":
    PAGE.write_text(page())
    print(PAGE)
