"""Pictures to train and evaluate on: photos, masks of their garments, and what is made from them."""
