"""What can go wrong between a picture and its codes.

::

    InferenceError
    ├── PictureRefused       invalid: this picture will never decode; a dead letter
    ├── ModelUnavailable     retryable: the server is away or not ready; it will come back
    │   └── ModelBusy        retryable: a queue is full or a deadline passed; send less
    └── ModelMismatch        fatal: the server will never answer this program: a wrong key, other models
        ├── OtherModels        its metadata says so: another embedding version, other tensors
        └── EmbeddingMismatch  its codes say so
"""


class InferenceError(Exception):
    """The root of this room's errors."""


class PictureRefused(InferenceError):
    """The bytes are not a picture that this system accepts."""


class ModelUnavailable(InferenceError):
    """The model server did not answer; the same call may succeed later."""


class ModelBusy(ModelUnavailable):
    """The model server's queue is full or it missed a deadline; the caller should send less."""


class ModelMismatch(InferenceError):
    """The model server refuses this program, or its answer has other tensors than expected."""


class OtherModels(ModelMismatch):
    """The model server serves other models than this program was made for."""


class EmbeddingMismatch(ModelMismatch):
    """The model server's codes are not those of this program's embedding version; the message has no address."""
