"""What importing the package and building a pipeline cost, and that neither asks the network."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run(code: str) -> str:
    """Run code in a fresh interpreter. RETURNS (str): what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_is_light():
    """Neither torch nor a Hub client comes with the package, or with its labels; it takes no time."""
    printed = run(
        """
        import sys, time
        start = time.process_time()
        import spacy_gliner_biomed
        import spacy_gliner_biomed.labels
        took = time.process_time() - start
        heavy = {"torch", "transformers", "tokenizers", "huggingface_hub", "spacy", "requests", "gliner"} & set(sys.modules)
        print(sorted(heavy), took < 1.0)
        """
    )
    assert printed.strip() == "[] True"


def test_a_pipeline_is_built_without_network_weights_or_transformers():
    """`add_pipe` opens no socket and no weights, and our own modules never import `transformers` or `gliner`."""
    printed = run(
        """
        import socket, sys

        def refuse(*args, **kwargs):
            raise AssertionError(f"a socket was asked for: {args}")

        socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
        import spacy_gliner_biomed.component
        print(sorted({"transformers", "huggingface_hub", "gliner", "scispacy"} & set(sys.modules)))

        import builtins, spacy
        opened = []
        original = builtins.open
        builtins.open = lambda file, *rest, **options: (opened.append(str(file)), original(file, *rest, **options))[1]
        nlp = spacy.blank("en")
        pipe = nlp.add_pipe("gliner_biomed")
        nlp.add_pipe("gliner_biomed", name="other", config={
            "model": {"@architectures": "spacy_gliner_biomed.Checkpoint.v1", "name": "Ihor/gliner-biomed-base-v1.0"}})
        nlp.config.to_str()
        from spacy_gliner_biomed.thinc_model import shim_of
        print([shim_of(nlp.get_pipe(name).model).is_loaded for name in nlp.pipe_names])
        print([name for name in opened if name.endswith((".safetensors", ".bin"))])
        """
    )
    assert printed.splitlines() == ["[]", "[False, False]", "[]"]
