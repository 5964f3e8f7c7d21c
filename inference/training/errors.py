"""What can be wrong with what training is given.

::

    TrainingProblem          fatal: says what is wrong and where; nothing was trained
    ├── BadPhotos            the folder, its table or a picture in it
    └── BadWeights           the backbone's file: absent, another checksum, other tensors
"""


class TrainingProblem(Exception):
    """The root of training's errors; the command prints it and exits 2."""


class BadPhotos(TrainingProblem):
    """A folder of labelled pictures that cannot be used as it is."""


class BadWeights(TrainingProblem):
    """Backbone weights that are absent or not what they should be."""
