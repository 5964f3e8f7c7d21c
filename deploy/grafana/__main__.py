"""``python -m deploy.grafana`` writes the dashboards' JSON."""

from deploy.grafana.files import written

if __name__ == "__main__":
    for path, text in written().items():
        path.write_text(text)
        print(path)
