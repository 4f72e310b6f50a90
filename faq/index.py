"""Keep the arrays the retriever maps into memory in step with the library and the training texts."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

from knowledge.library import Library

FORMAT = "37"  # raise when the arrays or the learning change
HERE = Path(__file__).parent
TRAINING = HERE / "training"
_READ = ("userdict.txt", "stopwords.txt", "dialect.tsv", "concepts.tsv")


def build(library: Library, folder: Path, today: date, training: Path | None = None) -> bool:
    """Write the index to `folder` when what it is made of changed; True when written. The old one stays until then.

    `today` decides which articles are in force and may be cited.
    """
    training = training or TRAINING
    digest = _digest(library, today, training)
    meta = folder / "meta.json"
    if meta.exists() and json.loads(meta.read_text(encoding="utf-8"))["digest"] == digest:
        return False
    from faq import bake  # scikit-learn comes with it: not needed, and not loaded, to answer

    draft = folder.with_name(folder.name + ".building")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    bake.write(library, library.articles(today), training, draft)
    (draft / "meta.json").write_text(json.dumps({"digest": digest, "format": FORMAT, "library": library.digest}), encoding="utf-8")
    swap(draft, folder)
    return True


def _digest(library: Library, today: date, training: Path) -> str:
    """A SHA-256 over the library, the articles in force, the training texts and the tokenizer's lists."""
    h = hashlib.sha256(f"{FORMAT} {library.digest}".encode())
    h.update("\n".join(library.laws(today)).encode())
    for path in [*sorted(training.glob("*.tsv")), *(HERE / name for name in _READ)]:
        h.update(path.name.encode())
        h.update(path.read_bytes())
    return h.hexdigest()


def swap(draft: Path, folder: Path) -> None:
    """Put the new folder in the place of the old one."""
    old = folder.with_name(folder.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    draft.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
