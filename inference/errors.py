"""What can go wrong between a picture and its codes.

::

    InferenceError
    ├── PictureRefused       invalid: this picture never will decode; a dead letter
    ├── ModelUnavailable     retryable: the server is away or not ready; it will come back
    │   └── ModelBusy        retryable: a queue is full or a deadline passed; send less
    └── ModelMismatch        fatal: the server never will answer this program: a wrong key, other models
        ├── OtherModels        it was asked what it serves: another embedding version, other tensors
        └── EmbeddingMismatch  the same, seen in its codes
"""


class InferenceError(Exception):
    """The root of this room's errors."""


class PictureRefused(InferenceError):
    """The bytes are not a picture this system accepts; asking again changes nothing."""


class ModelUnavailable(InferenceError):
    """The model server did not answer; the same call may succeed later."""


class ModelBusy(ModelUnavailable):
    """The model server refuses or outlasts its deadline for now; the caller should send less."""


class ModelMismatch(InferenceError):
    """The model server refuses this program, or answers what it cannot read; stop."""


class OtherModels(ModelMismatch):
    """The model server was asked what it serves, and it is something else."""


class EmbeddingMismatch(ModelMismatch):
    """The model server's codes are not those of this program's embedding version; tells no address."""
