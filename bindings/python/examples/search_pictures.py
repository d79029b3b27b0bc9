"""search_pictures.py MODEL FOLDER QUERY [N] - the N pictures of a folder that look most like one

The cells (# %%) run one by one in an editor that knows them, such as VS Code, Spyder or Jupyter.
"""
# %% What to search: change these lines, or give them on the command line.
import os
import sys

import numpy as np

import libvit

MODEL, FOLDER, QUERY = sys.argv[1:4] if len(sys.argv) > 3 else (
    "models/digits", "models/digits/test", "models/digits/test/3/0060.png")
RESULTS = int(sys.argv[4]) if len(sys.argv) > 4 else 5

# %% Open the model, and find the pictures.
model = libvit.VisionTransformer.from_folder(MODEL)
kinds = (".jpg", ".jpeg", ".png", ".webp")
paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(FOLDER)
               for name in names if name.lower().endswith(kinds))

# %% A vector of length 1 for each picture. One that cannot be read is named and left out.
vectors, found = [], []
for path in paths:
    try:
        vectors.append(model.encode_image(path, normalize=True)[0])
        found.append(path)
    except libvit.Error as why:
        print(f"left out: {why}", file=sys.stderr)
if not found:
    sys.exit(f"{FOLDER}: expected pictures, found none that can be read")
index = np.stack(vectors)  # keep it with np.save for the next search

# %% The cosine of the angle between vectors of length 1 is their product.
query = model.encode_image(QUERY, normalize=True)[0]
similarity = index @ query
for i in np.argsort(-similarity, kind="stable")[:RESULTS]:
    print(f"{similarity[i]:.4f}  {found[i]}")
