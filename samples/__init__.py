"""Sample pins that the project draws itself: ``draw(number)`` gives one, the same on every run."""

from samples.scene import DrawnObject, SamplePin, draw, jpeg

__all__ = ["DrawnObject", "SamplePin", "draw", "jpeg"]
