"""How the two models are made; nothing here runs when serving.

::

    data/       photos and their masks, the views and scenes made from them, batches
    model/      the backbone, the two networks, the graphs that are served, weights, ONNX
    train/      losses, the two training loops, runs on disk, cached features
    evaluate/   figures of runs and of the served files
    report/     docs/models.md: tables, chart, sheets of pictures
    commands/   the command line; docs/models.md says in which order

``workspace`` is one folder of photos with what was made from it, ``prepare`` fills its cache, ``export`` writes the
served files.
"""
