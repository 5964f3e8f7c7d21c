"""The dashboards: written in Python, committed as the JSON that Grafana reads."""
