"""``python -m deploy.grafana`` writes the dashboards' JSON."""

from deploy.grafana.files import render_all

if __name__ == "__main__":
    for path, text in render_all().items():
        path.write_text(text)
        print(path)
