"""The canary, ``python -m streams canary``: publishes a test pin, finds it, deletes it, and checks that it is gone."""
