"""What docs/models.md says in words; the figures beside them come from docs/models.json."""

from collections.abc import Mapping
from typing import Final

LOOKED_AT: Final[Mapping[str, str]] = {"embed": "c7610cdb", "detect": "ea51eced"}
"""The files whose pictures the two paragraphs below describe, by the beginning of their SHA-256."""

PREFACE: Final = """# The models and how good they are

Written by `python -m inference.training report` from `models.json`, the evaluation's figures; do not edit.
Everything here is measured on {photos} photos by {photographers} photographers who took part in no training and no
choice but those that [the limits](#what-this-data-cannot-show) name, unless a line says otherwise. Intervals are 95 %,
from a bootstrap over whole photographers. Among equal Hamming distances the share with the right answer counts."""

NEIGHBOURS_SEEN: Final = """\
The shape of a garment leads and its colour follows: the purple vest finds pink ones (70 and 71 bits) before itself on a
carpet (78), the green polo itself on a plain ground first (77) and a brown one on parquet next. Whole flat lays find
others that share a garment, or the garment alone (the last row), now and then only by the layout (the fifth): such pins
are found by their objects' codes first. Behind the boot, and then at 91 bits and more, comes what is of no use: a dress
in the sixth row. Pots find pots, chairs find chairs. A first neighbour beyond some 100 bits means that nothing alike is
there."""

DETECTIONS_SEEN: Final = """\
Boxes sit well, every garment is found once and with its label, but these pins come from the generator that drew a part
of the training pictures. One thing is wrong: half of a pair of sunglasses is called shoes (0.39). Chairs, plants, pears
and cameras, which earlier files called hats and shoes, are left alone now; the figures for another domain above say how
often something else still is not."""

COST_SAYS: Final = """\
Drawing some of the proxies for a step saves similarities and the gradients through them, not the state: a proxy that
was not drawn has a gradient too, of zeros, and AdamW moves it all the same. With the few thousand photos of this
project that is a third of a short step; with 100,000 it is a third of the peak and four fifths of the step. To draw
fewer than 1,024 saves little or nothing more: what is left is the state and AdamW's, and to save that too, gradients
and moments would have to be sparse."""

LIMITS: Final = """## What this data cannot show

- Instance pairs are two views of one photo (its cut-out on a light ground, or pasted into a scene): an upper bound
  on matching a shop's picture with somebody's photo of the same product.
- Nobody wears the garments; people, shop windows and street photos are not in the data, nor real rooms. What is no
  garment is walls and floors, landscapes, animals, monuments, tools, drawings and cut pieces; the other domain that
  the detector is judged on, stamps on white, is nearer to those than a street is.
- Labels are noisy and their tail is long: Body, Blouse and Top have a few test photos each.
- Outlines come from GrabCut; a box is as true as its outline, so IoU has a ceiling below 1.
- Four photographers sent two fifths of all photos and always train: those judged on are many people with few photos
  each.
- Tuned backbones: two seeds of the unified one, one of each specialist; three seeds only of heads on the mean
  backbone, of specialists, without LayerNorm, with other numbers of proxies and of bits (heads on it that were tried
  once: two tasks, kept neighbours).
- Some choices were made after seeing these test figures, so they are mildly optimistic: to average the three
  backbones with these weights, that category weighs three in the head, the weight of a detector's score by how
  surely a box can be named, and how often the detector was trained on.
- Labels held out were held out of what is asked for, not of every pixel: see there.
- Composed scenes hold things that look like garments and are none (pieces of cloth, shapes), which cost several
  points of AP: the table has the same scenes without them beside it."""

TRIED: Final = """## What was tried and what it gave

- Learning from stage 4 on, full broad task, 600 steps on a GPU: instance recall up (float 0.89 camera, 0.95 web),
  category down to 0.68-0.70: it learns its own photographers. Category alone reaches 0.77 in floats and 0.70 in
  bits there.
- The mean of the backbones of two unified runs and of a category run keeps both: a head trained on it has category
  0.71 at equal weights and 0.74 where category weighs three.
- Browsing as a task: with it P@1 elsewhere is 1 to 3 points higher, instance recall lower by as much.
- Keeping the frozen backbone's neighbours (`neighbours`), a distillation of its floats into the code: nothing beyond
  noise at home. Pushing embeddings to their signs by tanh (`sharpness`) neither, in a run that was not kept.
- The ITQ rotation costs or gains a point at home and instance recall falls by 1 to 3 points where the head is
  trained long. Which rotation is fitted (garments, broad pictures, both, none) mattered less than its seed, in runs
  that were not kept.
- int8, per channel: 4.3 % of the bits flip, category P@1 falls by 1.4 points, 2.1 times faster, 5.3 MB: not
  shipped, and neither is the code that quantised.
- Not tried: learning from pixels on, distillation from the head's own floats, more than nine views of a photo.
- The detector: a 3x3 peak alone finds large garments twice. One matrix of overlaps in the graph (Fast NMS at IoU 0.6)
  gave 1 to 2 points of AP50 on composed scenes, 3 on mosaics and 7 on drawn pins for 0.3 ms; any threshold from 0.4 to
  0.7 gave the same on validation scenes. A fifth round of 1,600 steps: 5 points of AP75 on composed scenes, 8 of mAP50
  on mosaics; its AP50 stayed. In bf16 a step on the CPU takes about half as long.
- What is no garment: on 230 pictures of another domain that detector found 0.64 boxes of a score over 0.5 a picture and
  1.06 over 0.3, which nobody had measured. A sixth round of 2,400 steps with pictures of anything (as empty pictures,
  as grounds, and as things beside garments) and a third of the garments dyed left 0.17 and 0.49; a seventh of 1,300
  steps, in which stages 4 and 5 learned too, 0.12 and 0.38. Together they gave 1.6 points of AP50 and 3.3 of AP75 on
  composed scenes, 2.3 of mAP50 on mosaics and 0.7 of label top-1. Weights halfway between the sixth and the seventh
  name more labels right (0.848) and find more of what is not there (0.19, 0.52): not shipped.
- A box's score weighs how surely it can be named by the root; the name's probability itself or its square move mAP50 by
  two points at most, without it 4 to 7 are lost: labels are what is missing, not their order."""

REPEAT: Final = """## How to repeat it

With `make .venv-train/.synced` once, and `.venv-train/bin/python` for `python`; `../shared/data/clothing` or, with
`--photos`, any folder in its layout. On two cores throughout, in some three hours:

    python -m samples --out runs/drawn --first 4000 --pins 500 --size 400
    python -m samples --out runs/drawn-test --first 100000 --pins 120
    python -m inference.training broad --packages PACKAGES
    python -m inference.training prepare --broad runs/broad --elsewhere runs/elsewhere
    python -m inference.training train embed --preset unified-cpu --name served-0 --threads 2
    python -m inference.training train detect --preset detect-cpu --drawn runs/drawn --others runs/broad --threads 2
    python -m inference.training export --embed served-0 --detect detect-cpu-0
    python -m inference.training evaluate --elsewhere runs/elsewhere --drawn runs/drawn-test
    python -m inference.training cost
    python -m inference.training pictures --images runs/drawn-test --out docs --figures docs/models.json
    python -m inference.training report

The shipped files had a GPU for their backbones and the detector's first round, instead of lines four to seven:

    # One H100 with 16 cores, two and a half minutes.
    python -m inference.training prepare --cut s8 --views 9 --broad runs/broad --elsewhere runs/elsewhere --workers 14
    python -m inference.training train embed --preset unified
    python -m inference.training train embed --preset unified --seed 1
    python -m inference.training train embed --preset category
    python -m inference.training train detect --preset detect --workers 10
    # Two cores: their mean, a head on it, and the detector's further rounds.
    python -m inference.training average --run unified-0=3 --run unified-1=3 --run category-0=4 \\
        --out runs/soup/mean.pth
    python -m inference.training prepare --runs runs/soup --weights runs/soup/mean.pth --views 4 \\
        --broad runs/broad --elsewhere runs/elsewhere
    python -m inference.training train embed --runs runs/soup --weights runs/soup/mean.pth --preset served
    python -m inference.training export --runs runs/soup --weights runs/soup/mean.pth --embed served-0 --detect ""
    python -m inference.training train detect --preset detect-second --drawn runs/drawn
    python -m inference.training train detect --preset detect-third --seed 1 --drawn runs/drawn
    python -m inference.training train detect --preset detect-fourth --seed 2 --drawn runs/drawn
    python -m inference.training train detect --preset detect-fifth --seed 3 --drawn runs/drawn
    python -m inference.training train detect --preset detect-sixth --drawn runs/drawn --others runs/broad
    python -m inference.training train detect --preset detect-seventh --drawn runs/drawn --others runs/broad
    python -m inference.training export --embed "" --detect detect-seventh-0

and `--also runs/soup` for `evaluate`. Every other row of the tables is a run of the same names: `head-...` as `served`,
with its preset and `--seed`, on the mean backbone; `instance-0` as `category-0`; `unseen-cpu-0` as `unified-cpu`; and
`imagenet-head-0` with the preset `head-unified` on ImageNet's backbone. `evaluate --add` keeps rows whose runs are
gone.

`inference/training/data/debian_pictures.py` names the Debian packages that PACKAGES holds, and their licences. The
shipped files differ from what these commands give in this: on the GPU the photos were
copies of at most 224 px (WebP), a fifth of them had four views instead of nine, the detector's first round was cut
off after step 400 of 800 without averaging, and of the broad pictures two fifths were used for the served head; its
fifth round began with the file that was shipped then (`start` takes a path too), planned 2,200 steps and was cut to
1,600 at step 600, and so did its sixth, with 1,600 drawn pins (`--pins 1600`, from the first on); a tenth of the broad
pictures, wallpapers whose files have one name, were one over the other then.
Judging used the original photos."""
